"""The seccomp policy of a cell: what untrusted code may not ask the kernel for. Knows nothing of how it is installed.

A list of what is denied, not of what is allowed: the programs are any Python at all, on any libc, and the walls are the
namespaces, the missing capabilities and the limits. The filter takes away what could reach past these (other processes,
namespaces, mounts, keyrings, rarely used kernel interfaces), what would outlive a cell (System V IPC, POSIX queues) or
be seen by others (`flock` works on files that all cells read), and files in memory that no limit counts.
"""

import errno
import struct

from .kernel import MACHINE

# name: (x86_64, aarch64)
_DENIED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "syslog": (103, 116),
    "acct": (163, 89),
    "reboot": (169, 142),
    "lookup_dcookie": (212, 18),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "memfd_secret": (447, 447),
    "memfd_create": (319, 279),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "statmount": (457, 457),
    "listmount": (458, 458),
    "open_tree_attr": (467, 467),
    "personality": (135, 92),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "flock": (73, 32),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "mq_timedsend": (242, 182),
    "mq_timedreceive": (243, 183),
    "mq_notify": (244, 184),
    "mq_getsetattr": (245, 185),
}
_CLONE = (56, 220)
_CLONE3 = (435, 435)
_SOCKET = (41, 198)
_SOCKETPAIR = (53, 199)
_PRLIMIT64 = (302, 261)
_SCHED_SETAFFINITY = (203, 122)
_MKNOD, _MKNODAT = (133, None), (259, 33)

_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[MACHINE]
_X32_BIT = 0x40000000
_NEW_NAMESPACES = 0x7E020000 | 0x80  # every CLONE_NEW* flag, CLONE_NEWTIME included
_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6; the jail's network has no interface, not even its loopback

_LOAD, _JUMP_EQUAL, _JUMP_NOT_LESS, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCH, _ARGUMENT_0 = 0, 4, 16  # offsets in struct seccomp_data
_ARGUMENT_BYTES = 8
_DEVICE = 0x2000  # of a file's mode: set in those of devices, not in those of pipes, sockets and files


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _unless(code: int, value: int, verdict: int) -> list[bytes]:
    """Return `verdict` when the comparison holds, else go on."""
    return [_instruction(code, value, 0, 1), _instruction(_RETURN, verdict)]


def _argument(index: int, number: int, then: list[bytes]) -> list[bytes]:
    """For one system call: load an argument of it, run `then`, which must end by returning."""
    load = _instruction(_LOAD, _ARGUMENT_0 + index * _ARGUMENT_BYTES)
    return [_instruction(_JUMP_EQUAL, number, 0, len(then) + 1), load, *then]


def build_program() -> bytes:
    """The policy as an array of `struct sock_filter`, for this machine's architecture."""
    column = ("x86_64", "aarch64").index(MACHINE)
    denied, allowed = _ERROR | errno.EPERM, _instruction(_RETURN, _ALLOW)
    lines = [_instruction(_LOAD, _ARCH), _instruction(_JUMP_EQUAL, _AUDIT_ARCH, 1, 0), _instruction(_RETURN, _KILL)]
    lines += [_instruction(_LOAD, _NUMBER), *_unless(_JUMP_NOT_LESS, _X32_BIT, denied)]
    for numbers in _DENIED.values():
        number = numbers[column]
        if number is not None:
            lines += _unless(_JUMP_EQUAL, number, denied)
    # clone3 hides its flags behind a pointer; told that it does not exist, libc falls back to clone.
    lines += _unless(_JUMP_EQUAL, _CLONE3[column], _ERROR | errno.ENOSYS)
    lines += _argument(0, _CLONE[column], [*_unless(_JUMP_ANY_BIT, _NEW_NAMESPACES, denied), allowed])
    for number in (_PRLIMIT64[column], _SCHED_SETAFFINITY[column]):  # on oneself, not on others
        lines += _argument(0, number, [*_unless(_JUMP_EQUAL, 0, _ALLOW), _instruction(_RETURN, denied)])
    families = [line for family in _FAMILIES for line in _unless(_JUMP_EQUAL, family, _ALLOW)]
    refused = _instruction(_RETURN, _ERROR | errno.EAFNOSUPPORT)
    for number in (_SOCKET[column], _SOCKETPAIR[column]):
        lines += _argument(0, number, [*families, refused])
    for index, number in ((1, _MKNOD[column]), (2, _MKNODAT[column])):  # gVisor asks for no capability
        if number is not None:
            lines += _argument(index, number, [*_unless(_JUMP_ANY_BIT, _DEVICE, denied), allowed])
    return b"".join([*lines, allowed])

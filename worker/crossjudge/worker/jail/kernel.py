"""The system calls that Python does not wrap: namespaces, mounts, capabilities, seccomp. Knows nothing of cells."""

import ctypes
import os
import platform
import threading

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_PARENT = 0x00008000
_SIGCHLD = 17

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
_MNT_DETACH = 2

_PR_SET_DUMPABLE = 4
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522

MACHINE = platform.machine()
_NR_CLONE = {"x86_64": 56, "aarch64": 220}[MACHINE]
_NR_CAPSET = {"x86_64": 126, "aarch64": 91}[MACHINE]

# PyDLL, not CDLL: the interpreter's lock stays held, so that a raw clone leaves the child with a sane interpreter.
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_bare_fork = getattr(_libc, "_Fork", None)  # of glibc since 2.34


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def clone(flags: int) -> int:
    """Fork with the given `CLONE_*` flags; 0 in the child. Python's own fork cannot be told to make namespaces."""
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = _libc.syscall(ctypes.c_long(_NR_CLONE), ctypes.c_ulong(flags | _SIGCHLD), None, None, None, None)
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    number = ctypes.get_errno()
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(number, f"clone: {os.strerror(number)}")
    return int(pid)


def fork() -> int:
    """Fork a process that has no other thread; 0 in the child.

    What Python and its library do after a fork (new locks for threads that are not there, new chance for `random`)
    touches a megabyte in pieces, each of which is then copied: more than half of what a small cell takes.
    """
    if _bare_fork is None:
        return os.fork()
    pid = _check(_bare_fork(), "fork")
    if pid == 0:
        threading.main_thread()._set_native_id()  # type: ignore[attr-defined]  # as `threading` itself does after a fork
    return pid


def group_cpu_ns(descriptor: int) -> int:
    """What a control group's file says of CPU time, in version 1 (`cpuacct.usage`) as in version 2 (`cpu.stat`)."""
    said = os.pread(descriptor, 256, 0)
    return int(said.split(None, 2)[1]) * 1000 if said.startswith(b"usage_usec") else int(said)


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """mount(2)."""
    encoded = [text.encode() if text is not None else None for text in (source, target, kind, options)]
    result = _libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3])
    _check(result, f"mount {target}")


def unmount(target: str) -> None:
    """Detach the topmost mount at `target`, in use or not."""
    _check(_libc.umount2(target.encode(), _MNT_DETACH), f"umount {target}")


def forbid_new_privileges() -> None:
    """Nothing that this process or its children execute can gain rights; needed to install a filter without any."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl no_new_privs")


def forbid_core_dumps() -> None:
    """No core of this process: where cores go to a program of the host's, a limit of zero would not stop them."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl dumpable")


def adopt_orphans() -> None:
    """What descends from this process becomes its child when its parent ends."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl child_subreaper")


def drop_bounding_set() -> None:
    """No capability can come back through an execve."""
    capability = 0
    while _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1


# Made here, once: making a ctypes type in a fresh fork costs more than the call.
_CAPSET = ctypes.c_long(_NR_CAPSET)
_CAPABILITY_HEADER = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
_NO_CAPABILITIES = (ctypes.c_uint32 * 6)()


def drop_capabilities() -> None:
    """Give up every capability, for good."""
    _check(_libc.syscall(_CAPSET, _CAPABILITY_HEADER, _NO_CAPABILITIES), "capset")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def install_filter(program: bytes) -> None:
    """Install a seccomp program (an array of `struct sock_filter`) for this process and all it will start."""
    packed = _Program(len(program) // 8, program)
    _check(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(packed), 0, 0), "prctl seccomp")

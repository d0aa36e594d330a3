"""What a row stands on behind each kind of wall: its files, the list of its processes, and how these are ended.

Knows nothing of cells, limits or verdicts. The supervisor is told which wall it is behind and picks the ground; each
keeper enters it before its first cell.
"""

import contextlib
import os
import signal
import stat
from collections.abc import Callable

from . import kernel, loopback

_QUIET = kernel.MS_NOSUID | kernel.MS_NODEV
_OUR_CODE = "/crossjudge/jail"
_CLOCK = "/crossjudge/clock"  # see walls/gvisor.py
_MEMORY_DEVICES = 1
_DEVICES = {"/dev/null": 3, "/dev/zero": 5, "/dev/random": 8, "/dev/urandom": 9}
_INODES = 4096
_ENDING = {signal.SIGTERM, signal.SIGCHLD}
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Namespaces:
    """Behind nsjail: a row has pid, mount and IPC namespaces of its own, which take with them all that is in them."""

    flags = kernel.CLONE_NEWPID | kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC
    base = ""
    """The folder that stands for the jail's root."""
    files = "/tmp"
    sees_the_machine = True
    """Whether what /proc says of load is said of the machine."""
    drift = 1
    """How many times faster than it should a process's own CPU clock may run."""
    processes: int
    """A descriptor of a /proc of the row's processes, which no cell can see."""
    _last_pid: int | None = None

    def begin(self) -> None:
        """Called in the jail's first process before anything else."""

    def enter(self) -> None:
        """Make the new mounts ours alone, and hide what is none of a cell's business."""
        kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
        self._open_processes()
        for path in ("/proc", "/proc", _OUR_CODE):  # the row's, then the jail's
            kernel.unmount(path)

    def _open_processes(self) -> None:
        quiet = _QUIET | kernel.MS_NOEXEC
        try:
            kernel.mount("proc", "/proc", "proc", quiet)
        except OSError:  # a machine that shows its own read-only, as some containers do
            kernel.mount("proc", "/proc", "proc", quiet | kernel.MS_RDONLY)
        self.processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        with contextlib.suppress(OSError):
            self._last_pid = os.open("sys/kernel/ns_last_pid", os.O_WRONLY, dir_fd=self.processes)

    def begin_cell(self) -> None:
        """Called before each cell."""

    def without_waiting(self, cpu_ns: int) -> int:
        """The CPU time of the cell under way, given what the clocks of its processes say."""
        return cpu_ns

    def waited_more(self, cpu_ns: int) -> int:
        """By how much these clocks have run ahead since this was last asked, that is, waited for a core."""
        return 0

    def number_alike(self) -> None:
        """Have the next process numbered as if none had been there before, where the kernel lets us say so."""
        if self._last_pid is not None:
            try:
                os.pwrite(self._last_pid, b"1", 0)
            except OSError:
                self._last_pid = None

    def make_files(self, size_mb: int) -> None:
        """The only files a cell may write: a file system in memory, empty."""
        size = size_mb << 20 if size_mb else _PAGE  # zero would mean no limit
        kernel.mount("none", self.files, "tmpfs", _QUIET, f"size={size},nr_inodes={_INODES},mode=1777")
        kernel.mount(self.files, "/dev/shm", None, kernel.MS_BIND)

    def pids(self) -> list[str]:
        """All processes of the row but its keeper."""
        return [name for name in os.listdir(self.processes) if name.isdigit() and name != "1"]

    def tasks(self, pid: str) -> list[str]:
        """The threads of a process. Raises `OSError` where it is gone."""
        folder = os.open(f"{pid}/task", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.processes)
        try:
            return os.listdir(folder)
        finally:
            os.close(folder)

    def read(self, name: str) -> bytes:
        """A file of `processes`. Raises `OSError` where the process is gone."""
        with open(os.open(name, os.O_RDONLY, dir_fd=self.processes), "rb") as file:
            return file.read()

    def shared_once(self) -> int:
        """Bytes of memory of `pids`, where what several of them share is counted once; slow to find out."""
        held = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):  # gone by now
                lines = self.read(f"{pid}/smaps_rollup").splitlines()
                held += sum(int(line.split()[1]) << 10 for line in lines if line.startswith(b"Pss:"))
        return held

    def strangers(self) -> int:
        """How many threads of the cells' user there are apart from the jail's own."""
        return 0

    def kill_all(self) -> None:
        """Kill all of the row's processes but this one."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)


class OneMountTable(Namespaces):
    """Behind gVisor: pid and IPC namespaces of the row's own, but one table of mounts for all that is in the sandbox.

    Since a supervisor judges one row at a time, each keeper first takes off what the row before has left. Its file
    systems in memory take no limit on the number of files. Its CPU clocks run on while a process waits for a core; what
    the machine's own kernel has counted for the whole sandbox is in a file where the worker could make a control group.
    """

    sees_the_machine = False
    drift = 50  # on a machine that has as many times more to do than it can
    _clock: int | None = None

    def begin(self) -> None:
        loopback.remove_addresses()
        kernel.mount("none", "/dev", "tmpfs", kernel.MS_NOSUID, "size=4096,mode=0755")  # over more than programs need
        os.mkdir("/dev/shm")
        for path, minor in _DEVICES.items():
            os.mknod(path, stat.S_IFCHR, os.makedev(_MEMORY_DEVICES, minor))
            os.chmod(path, 0o666)

    def enter(self) -> None:
        for path in ("/proc", "/dev/shm", self.files):
            _unmount_all(path)
        self._open_processes()
        kernel.unmount("/proc")
        with contextlib.suppress(FileNotFoundError):
            self._clock = os.open(_CLOCK, os.O_RDONLY)
        if os.listdir(_OUR_CODE):  # it cannot be taken off, since it is in the file system below as well
            kernel.mount("none", _OUR_CODE, "tmpfs", _QUIET | kernel.MS_RDONLY, "mode=0755")
        self._before = self._anonymous()

    def make_files(self, size_mb: int) -> None:
        size = size_mb << 20 if size_mb else _PAGE
        kernel.mount("none", self.files, "tmpfs", _QUIET, f"size={size},mode=1777")
        kernel.mount(self.files, "/dev/shm", None, kernel.MS_BIND)

    def begin_cell(self) -> None:
        self._clock_before = self._clock_ns()
        self._ahead_ns = 0
        for device in _DEVICES:  # they are not read-only, so anybody may touch them
            os.utime(device, (0, 0))

    def without_waiting(self, cpu_ns: int) -> int:
        return cpu_ns if self._clock is None else min(cpu_ns, self._clock_ns() - self._clock_before)

    def waited_more(self, cpu_ns: int) -> int:
        before, self._ahead_ns = self._ahead_ns, max(self._ahead_ns, cpu_ns - self.without_waiting(cpu_ns))
        return self._ahead_ns - before

    def _clock_ns(self) -> int:
        if self._clock is None:
            return 0
        said = os.pread(self._clock, 256, 0)
        return int(said.split(None, 2)[1]) * 1000 if said.startswith(b"usage_usec") else int(said)

    def shared_once(self) -> int:
        """What the whole sandbox has taken since the row began: it runs nothing else meanwhile."""
        return self._anonymous() - self._before

    def _anonymous(self) -> int:
        lines = self.read("meminfo").splitlines()
        kilobytes = {line.split()[0]: int(line.split()[1]) for line in lines if line}
        return kilobytes[b"AnonPages:"] - kilobytes[b"Shmem:"] << 10


def _unmount_all(path: str) -> None:
    with contextlib.suppress(OSError):  # nothing left to take off
        while True:
            kernel.unmount(path)


class Bare(Namespaces):
    """Behind no wall at all, for debugging: no namespaces, one folder of the machine's for files, all processes seen.

    What the row has started is found by who started whom; it is told apart from the machine's other processes by
    nothing else, so nothing here may signal -1 or mount anything.
    """

    flags = 0

    def __init__(self, base: str) -> None:
        self.base = base
        self.files = base + "/files"

    def begin(self) -> None:
        """Go on in a child. The first process stays behind: what the jail has started ends with it, whatever comes."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        child = os.fork()
        if child == 0:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            return
        self.enter()
        nothing = os.open("/dev/null", os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        while signal.sigwait(_ENDING) == signal.SIGCHLD and os.waitpid(child, os.WNOHANG) == (0, 0):
            continue
        self.kill_all()
        remove_tree(self.base)
        os._exit(0)

    def enter(self) -> None:
        kernel.adopt_orphans()
        self.processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)

    def make_files(self, size_mb: int) -> None:
        remove_tree(self.files)
        os.mkdir(self.files, 0o700)

    def pids(self) -> list[str]:
        children: dict[str, list[str]] = {}
        for name in os.listdir(self.processes):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    parent = self.read(f"{name}/stat").rpartition(b")")[2].split()[1].decode()
                    children.setdefault(parent, []).append(name)
        found, waiting = [], [str(os.getpid())]
        while waiting:
            below = children.get(waiting.pop(), [])
            found += below
            waiting += below
        return found

    def strangers(self) -> int:
        found, user = 0, os.getuid()
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError):
                if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                    found += len(os.listdir(f"/proc/{name}/task"))
        return found

    def kill_all(self) -> None:
        """Until two looks in a row find none: one that forks and ends in the middle of a look is not seen."""
        clean_looks = 0
        while clean_looks < 2:
            pids = [pid for pid in self.pids() if not self._is_over(pid)]
            clean_looks = 0 if pids else clean_looks + 1
            for pid in pids:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(int(pid), signal.SIGKILL)

    def _is_over(self, pid: str) -> bool:
        try:
            return self.read(f"{pid}/stat").rpartition(b")")[2].split()[0] in (b"Z", b"X")
        except OSError:
            return True


def remove_tree(folder: str) -> None:
    """Remove a folder and all in it, whatever rights a program has taken away; symbolic links are not followed."""
    with contextlib.suppress(FileNotFoundError):
        os.chmod(folder, 0o700)
        for entry in os.scandir(folder):
            if stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode):
                remove_tree(entry.path)
            else:
                os.unlink(entry.path)
        os.rmdir(folder)


GROUNDS: dict[str, Callable[[str], Namespaces]] = {
    "nsjail": lambda base: Namespaces(),
    "gvisor": lambda base: OneMountTable(),
    "none": Bare,
}
"""By the name of the wall; each is given the folder that stands for the jail's root."""

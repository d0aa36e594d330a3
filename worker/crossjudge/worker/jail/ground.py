"""What a row stands on behind each kind of wall: its files, the list of its processes, and how these are ended.

Knows nothing of cells, limits or verdicts. The supervisor is told which wall it is behind and picks the ground (see
`grounds`); each keeper enters it before its first cell.
"""

import contextlib
import os
import signal

from . import kernel

QUIET = kernel.MS_NOSUID | kernel.MS_NODEV
OUR_CODE = "/crossjudge/jail"
_INODES = 4096
PAGE = os.sysconf("SC_PAGE_SIZE")


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
        for path in ("/proc", "/proc", OUR_CODE):  # the row's, then the jail's
            kernel.unmount(path)

    def _open_processes(self) -> None:
        quiet = QUIET | kernel.MS_NOEXEC
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
        size = size_mb << 20 if size_mb else PAGE  # zero would mean no limit
        kernel.mount("none", self.files, "tmpfs", QUIET, f"size={size},nr_inodes={_INODES},mode=1777")
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

"""What a row stands on in gVisor: much as behind nsjail, but for what that kernel has not, or has too much of."""

import contextlib
import os
import stat

from . import kernel, loopback
from .ground import OUR_CODE, PAGE, QUIET, Namespaces

_CLOCK = "/sys/clock"  # see walls/gvisor.py
_MEMORY_DEVICES = 1
_DEVICES = {"/dev/null": 3, "/dev/zero": 5, "/dev/random": 8, "/dev/urandom": 9}


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
        if os.listdir(OUR_CODE):  # it cannot be taken off, since it is in the file system below as well
            kernel.mount("none", OUR_CODE, "tmpfs", QUIET | kernel.MS_RDONLY, "mode=0755")
        self._before = self._anonymous()

    def make_files(self, size_mb: int) -> None:
        size = size_mb << 20 if size_mb else PAGE
        kernel.mount("none", self.files, "tmpfs", QUIET, f"size={size},mode=1777")
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
        return 0 if self._clock is None else kernel.group_cpu_ns(self._clock)

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

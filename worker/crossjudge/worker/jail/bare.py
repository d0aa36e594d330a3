"""What a row stands on where there is no wall at all."""

import contextlib
import os
import signal
import stat

from . import kernel
from .ground import Namespaces

_ENDING = {signal.SIGTERM, signal.SIGCHLD}


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

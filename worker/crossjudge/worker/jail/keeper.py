"""The first process of a row's own namespaces: forks the cells, watches their clocks, leaves nothing behind.

It never runs a line of what a model wrote, and cannot be signalled (the first process of a pid namespace is immune to
its own) or traced (it holds capabilities that a cell lacks) by what it starts.

Protocol, on a SOCK_SEQPACKET socket to the supervisor: first the limits, a marshalled dict. Then requests: the number
of a cell's processes as decimal text, with `cell.DESCRIPTORS` descriptors for each; the answer is a marshalled dict:

- `statuses`: the wait status of each member, None where it had to be killed after the cell's end
- `stopped`: why the cell was ended from outside: `cpu`, `wall`, `memory` or None
- `cpu_ns`, `wall_ns`: CPU time of all the cell's processes, and wall time of the cell
- `left_files`: whether the cell has written files that the next one would see; it then needs a new keeper

The cell ends when its first member does, or when it is over a limit; whatever still runs then is killed.
"""

import contextlib
import marshal
import os
import signal
import socket
import time
from typing import Any, NoReturn

from . import cell, kernel, syscalls
from .ground import Namespaces

_FIRST_FREE_DESCRIPTOR = 16  # those below are a cell's own, in the order of `cell.DESCRIPTORS`
_SCAN_NS = 50_000_000
_SHORTEST_WAIT_NS = 2_000_000
_FORK_TRIES = 50
_FORK_PAUSE_SECONDS = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def serve(channel: int, ground: Namespaces) -> NoReturn:
    """Set the row's namespaces up, then run cells until the supervisor closes the channel."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # SIGCHLD is waited for, no other is of use
    ground.enter()
    link = _out_of_the_way(channel)
    baseline = Baseline(ground)
    limits = marshal.loads(link.recv(65536))
    ground.make_files(limits["disk_mb"])
    os.chdir(ground.files)
    untouched = _trace(ground.files)
    # Here and not in each cell: nothing below this line needs what it denies, and it takes a tenth of a fork's time.
    kernel.install_filter(syscalls.build_program())
    while True:
        message, descriptors, _, _ = socket.recv_fds(link, 65536, 64)
        if not message:
            os._exit(0)
        outcome = _run(int(message), descriptors, limits, baseline)
        link.send(marshal.dumps(outcome | {"left_files": _trace(ground.files) != untouched}))


def _out_of_the_way(channel: int) -> socket.socket:
    """Free the low descriptors, so that a cell's can be put there one by one."""
    link = socket.socket(fileno=os.dup2(channel, 100, inheritable=False))
    nothing = os.open("/dev/null", os.O_RDWR)
    for descriptor in range(3, _FIRST_FREE_DESCRIPTOR):
        with contextlib.suppress(OSError):
            if descriptor != nothing and not _is_open(descriptor):
                os.dup2(nothing, descriptor, inheritable=False)
    return link


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _trace(files: str) -> tuple[int, ...]:
    """What changes when anything is done to the files, files that came and went included."""
    left, folder = os.statvfs(files), os.stat(files)
    return left.f_ffree, left.f_bfree, folder.st_mode, folder.st_uid, folder.st_mtime_ns, folder.st_ctime_ns


class Baseline:
    """What a process forked from this one holds before it has done anything."""

    def __init__(self, ground: Namespaces) -> None:
        self.ground = ground
        pages = ground.read(f"{os.getpid()}/statm").split()
        self.virtual_bytes = int(pages[0]) * _PAGE
        self.resident_bytes = int(pages[1]) * _PAGE

    def scan(self) -> tuple[int, int]:
        """CPU nanoseconds (to a clock tick) and bytes of memory of all processes of the cell that are alive."""
        ticks = held = 0
        for pid in self.ground.pids():
            with contextlib.suppress(OSError):  # gone by now
                fields = self.ground.read(f"{pid}/stat").rpartition(b")")[2].split()
                ticks += sum(map(int, fields[11:15]))
                held += max(0, int(fields[21]) * _PAGE - self.resident_bytes)
        return ticks * _TICK_NS, held


def _run(members: int, descriptors: list[int], limits: dict[str, Any], baseline: Baseline) -> dict[str, Any]:
    limits = limits | {"address_space": baseline.virtual_bytes + (limits["memory_mb"] << 20)}
    started = time.monotonic_ns()
    pids = []
    for member in range(members):
        own = descriptors[member * cell.DESCRIPTORS : (member + 1) * cell.DESCRIPTORS]
        pid = _fork()
        if pid == 0:
            cell.main(own, limits)
        pids.append(pid)
    for descriptor in descriptors:
        os.close(descriptor)
    watch = Watch(pids, limits, started, baseline)
    stopped = watch.until_end()
    watch.kill_all()
    return {
        "statuses": [watch.statuses.get(pid) for pid in pids],
        "stopped": stopped,
        "cpu_ns": watch.reaped_ns,
        "wall_ns": time.monotonic_ns() - started,
    }


def _fork() -> int:
    """Fork; where the machine has no process to spare at this moment, wait a little for one."""
    for _ in range(_FORK_TRIES):
        with contextlib.suppress(BlockingIOError):
            return os.fork()
        time.sleep(_FORK_PAUSE_SECONDS)
    return os.fork()


class Watch:
    """The clocks of one cell's processes, read from outside."""

    def __init__(self, pids: list[int], limits: dict[str, Any], started_ns: int, baseline: Baseline) -> None:
        self.pids = pids
        self.statuses: dict[int, int] = {}
        self.reaped_ns = 0
        self._cpu_limit_ns = int(limits["cpu_seconds"] * 1e9)
        self._memory_limit = limits["memory_mb"] << 20
        self._wall_end_ns = started_ns + int(limits["wall_seconds"] * 1e9)
        self._next_scan_ns = started_ns + _SCAN_NS
        self._baseline = baseline
        self._cores = len(os.sched_getaffinity(0))

    def until_end(self) -> str | None:
        """Wait until the first member has ended; or say which limit the cell is over."""
        wait_ns = 0
        while True:
            signal.sigtimedwait({signal.SIGCHLD}, wait_ns / 1e9)
            self._reap(os.WNOHANG)
            if self.pids[0] in self.statuses:
                return None
            now = time.monotonic_ns()
            if now >= self._wall_end_ns:
                return "wall"
            cpu_ns = self.reaped_ns + sum(_clock_ns(pid) for pid in self.pids if pid not in self.statuses)
            if now >= self._next_scan_ns:
                alive_ns, held = self._baseline.scan()
                cpu_ns = max(cpu_ns, self.reaped_ns + alive_ns)
                if held > self._memory_limit and self._baseline.ground.shared_once() > self._memory_limit:
                    return "memory"
                self._next_scan_ns = now + _SCAN_NS
            left_ns = self._cpu_limit_ns - cpu_ns
            if left_ns <= 0:
                return "cpu"
            wait_ns = min(self._wall_end_ns - now, max(left_ns // self._cores, _SHORTEST_WAIT_NS))
            if wait_ns > _SCAN_NS:
                wait_ns = max(self._next_scan_ns - now, _SHORTEST_WAIT_NS)

    def kill_all(self) -> None:
        """Kill and reap everything in the namespace but ourselves."""
        self._baseline.ground.kill_all()
        self._reap(0)

    def _reap(self, options: int) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status, usage = os.wait4(-1, options)
                if pid == 0:
                    return
                self.reaped_ns += int((usage.ru_utime + usage.ru_stime) * 1e9)
                if pid in self.pids:
                    self.statuses[pid] = status


def _clock_ns(pid: int) -> int:
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:  # ended, and about to be reaped
        return 0

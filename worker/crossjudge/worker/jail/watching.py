"""The limits of one cell, watched from outside: when it is over, and which limit it is over. Leaves nothing alive.

CPU time is all its processes' together. Wall time is the time in which none of them was waiting for a core: on a busy
machine a cell takes longer, and it is not the cell that is slow.

With a `band` above 1 in the limits, a cell that is over a time limit may go on to `band` times that limit while the
machine has other things to do: if it ends by itself in there, `over` says which limit that was, and the worker judges
it again with the machine to itself. A cell that does not end in there is stopped.
"""

import contextlib
import os
import signal
import socket
import time
from typing import Any

from .meters import Meters
from .observing import BEAT

_BEAT_NS = 1_000_000_000
_SCAN_NS = 50_000_000
_SHORTEST_WAIT_NS = 2_000_000
_ENDING_SECONDS = 5.0
_LAST_MOMENTS_SECONDS = 0.2
_BUSY_SHARE = 50  # a cell that waited for more than this part of its time is on a busy machine


class Watch:
    """One cell's processes from their start to their end."""

    def __init__(self, pids: list[int], limits: dict[str, Any], meters: Meters, started_ns: int) -> None:
        self.pids = pids
        self.statuses: dict[int, int] = {}
        self.over: str | None = None
        self.has_survivors = False
        self._meters = meters
        self._is_childless = False
        self._reaped_ns = 0
        self._waited_ns = 0
        self._able = 0
        self._alive_ns = 0
        self._started_ns = self._beat_ns = self._scanned_ns = started_ns
        self._cpu_limit_ns = int(limits["cpu_seconds"] * 1e9)
        self._wall_limit_ns = int(limits["wall_seconds"] * 1e9)
        self._band = float(limits.get("band", 1.0))
        self._cores = len(os.sched_getaffinity(0))

    def until_end(self, supervisor: socket.socket) -> str | None:
        """Wait until the first member has ended; or say which limit the cell is over."""
        wait_ns = self._until_next_look_ns(self._started_ns, 0)
        while True:
            signal.sigtimedwait({signal.SIGCHLD}, wait_ns / 1e9)
            self._reap(os.WNOHANG)
            if self.pids[0] in self.statuses:
                return None
            now = time.monotonic_ns()
            self._beat(supervisor, now)
            if now >= self._scanned_ns + _SCAN_NS or now >= self._wall_end_ns():
                self._scan(now)
                if (why := self._meters.out_of_memory()) is not None:
                    return why
            cpu_ns = self._cpu_ns()
            if self._is_stopped_at("cpu", cpu_ns, self._cpu_limit_ns, now):
                return "cpu"
            wall_ns = now - self._started_ns - self._waited_ns
            if self._is_stopped_at("wall", wall_ns, self._wall_limit_ns, now):
                return "wall"
            wait_ns = self._until_next_look_ns(now, cpu_ns)

    def _is_stopped_at(self, what: str, used_ns: int, limit_ns: int, now: int) -> bool:
        if used_ns < limit_ns:
            return False
        if self._band > 1 and used_ns < limit_ns * self._band and (self.over == what or self._is_busy(now)):
            self.over = what
            return False
        return True

    def _is_busy(self, now: int) -> bool:
        waited_much = self._waited_ns * _BUSY_SHARE > now - self._started_ns
        return waited_much or self._meters.others_running(self._able)

    def _until_next_look_ns(self, now: int, cpu_ns: int) -> int:
        left_ns = self._cpu_limit_ns - cpu_ns
        if left_ns <= 0:
            left_ns = int(self._cpu_limit_ns * self._band) - cpu_ns
        wait_ns = max(left_ns // self._cores, _SHORTEST_WAIT_NS)
        if now < self._wall_end_ns():
            wait_ns = min(wait_ns, self._wall_end_ns() - now)
        return min(wait_ns, max(self._scanned_ns + _SCAN_NS - now, _SHORTEST_WAIT_NS))

    def _wall_end_ns(self) -> int:
        return self._started_ns + self._wall_limit_ns + self._waited_ns

    def _scan(self, now: int) -> None:
        """What can be seen only by looking at each process."""
        self._alive_ns, waited_ns, self._able = self._meters.look(self._reaped_ns)
        self._waited_ns += min(waited_ns, now - self._scanned_ns)
        self._scanned_ns = now

    def _beat(self, supervisor: socket.socket, now: int) -> None:
        if now >= self._beat_ns + _BEAT_NS:
            self._beat_ns = now
            with contextlib.suppress(BlockingIOError):  # it has some from us that it has not read yet
                supervisor.send(BEAT, socket.MSG_DONTWAIT)

    def _cpu_ns(self) -> int:
        running_ns = sum(_clock_ns(pid) for pid in self.pids if pid not in self.statuses)
        seen_ns = max(self._meters.cpu_ns(self._reaped_ns + running_ns), self._alive_ns)
        return self._meters.ground.without_waiting(seen_ns)

    def end(self) -> int:
        """Kill and reap all that is left; the CPU time of the cell."""
        if not self._is_childless:  # what has lost its parent is our child: there is nobody else then
            self._reap(os.WNOHANG)
            self._await_the_ending()
            ended = set(self.statuses)
            self.has_survivors = not self._end_all()
            for pid in self.statuses.keys() - ended:
                if self.statuses[pid] == signal.SIGKILL:  # it was we who killed it
                    del self.statuses[pid]
        cpu_ns = self._cpu_ns()
        if cpu_ns > self._cpu_limit_ns:
            self.over = self.over or "cpu"
        return cpu_ns

    def _await_the_ending(self) -> None:
        """A member that has begun to end has ended by itself: its files are closed before it can be reaped."""
        deadline = time.monotonic() + _LAST_MOMENTS_SECONDS  # one whose first thread alone has ended may go on for long
        for pid in self.pids:
            while pid not in self.statuses and self._meters.is_ending(pid) and time.monotonic() < deadline:
                signal.sigtimedwait({signal.SIGCHLD}, _SHORTEST_WAIT_NS / 1e9)
                self._reap(os.WNOHANG)

    def _end_all(self) -> bool:
        """Kill until nobody is left; whether that worked. gVisor may miss one that is being forked at that moment."""
        deadline = time.monotonic() + _ENDING_SECONDS
        while True:
            self._meters.ground.kill_all()
            self._reap(os.WNOHANG)
            if self._is_childless or time.monotonic() > deadline:
                return self._is_childless
            signal.sigtimedwait({signal.SIGCHLD}, _SHORTEST_WAIT_NS / 1e9)

    def _reap(self, options: int) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, options)
            except ChildProcessError:
                self._is_childless = True
                return
            if pid == 0:
                return
            self._reaped_ns += int((usage.ru_utime + usage.ru_stime) * 1e9)
            if pid in self.pids:
                self.statuses[pid] = status


def _clock_ns(pid: int) -> int:
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:  # ended, and about to be reaped
        return 0

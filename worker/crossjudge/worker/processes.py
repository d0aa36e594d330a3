"""Several worker processes under one: starts them, starts again what dies, asks all to end, leaves none behind.

Knows neither Redis nor jails. It has no threads and no signal handlers: it waits for signals one at a time, so that
nothing happens in the middle of anything else, and forking is safe. The children share what it has imported.
"""

import contextlib
import ctypes
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

CANNOT_START = 3
"""Exit status of a child whose sandbox cannot start: starting it again would not help."""

SETTLED_AFTER_S = 30.0
"""A child that lived this long died by chance: it is started again at once."""

LONGEST_PAUSE_S = 30.0
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_AWAITED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}

Body = Callable[[int, Callable[[], None]], None]
"""What a child runs: called with its number, and with what it calls once it is ready for work."""


@dataclass
class _Seat:
    """One worker's place: who sits there, and how it went so far."""

    number: int
    pid: int | None = None
    started_at: float = 0.0
    start_at: float = math.inf
    failures: int = 0


@dataclass
class Supervisor:
    """Runs `body` in `count` processes until asked to end, or until all have ended by themselves (exit status 0)."""

    count: int
    body: Body
    _seats: list[_Seat] = field(init=False)
    _requests: int = 0
    _status: int = 0

    def __post_init__(self) -> None:
        self._seats = [_Seat(number) for number in range(self.count)]

    def run(self) -> int:
        """Answers the exit status: 0, or `CANNOT_START`."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what a killed worker leaves behind becomes our child
        try:
            if self._start_first():
                for seat in self._seats[1:]:
                    self._start(seat)
            while self._seats and self._is_somebody_there():
                self._attend()
            return self._status
        finally:
            self._kill_all()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _start_first(self) -> bool:
        """Start one alone and wait until it is ready: what is broken here is then said once, not once a worker."""
        reader, writer = os.pipe()
        self._start(self._seats[0], writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            os.set_blocking(reader, False)
            while self._seats and self._seats[0].pid and not self._requests:
                if pipe.read(1):
                    return True
                self._attend(0.05)
        return bool(self._seats) and not self._requests

    def _attend(self, at_most_s: float = 1.0) -> None:
        """Wait for the next thing to happen, and see to it."""
        info = signal.sigtimedwait(_AWAITED, at_most_s)
        if info and info.si_signo != signal.SIGCHLD:
            self._ask_to_end()
        self._reap()
        now = time.monotonic()
        for seat in self._seats:
            if seat.pid is None and not self._requests and now >= seat.start_at:
                self._start(seat)

    def _start(self, seat: _Seat, ready: int | None = None) -> None:
        parent = os.getpid()
        seat.pid, seat.started_at = os.fork(), time.monotonic()
        if seat.pid == 0:
            _be_child(parent, self.body, seat.number, ready)

    def _reap(self) -> None:
        for seat in list(self._seats):
            if seat.pid is None:
                continue
            pid, wait_status = os.waitpid(seat.pid, os.WNOHANG)
            if pid:
                seat.pid = None
                self._consider(seat, os.waitstatus_to_exitcode(wait_status))
        self._end_orphans()

    def _end_orphans(self) -> None:
        """End the jails of a worker that was killed: they are ours now. Those of another go on."""
        seated = {seat.pid for seat in self._seats}
        for pid in _children():
            if pid not in seated:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)

    def _consider(self, seat: _Seat, exit_code: int) -> None:
        """Somebody has left `seat`: is it over, or is it to be taken again?"""
        if exit_code == 0 or self._requests:
            self._seats.remove(seat)
            return
        if exit_code == CANNOT_START and len(self._seats) == self.count and seat.failures == 0:
            self._status = CANNOT_START
            self._seats.remove(seat)
            self._ask_to_end()
            return
        lived_s = time.monotonic() - seat.started_at
        seat.failures = 1 if lived_s > SETTLED_AFTER_S else seat.failures + 1
        pause_s = min(0.25 * 2 ** (seat.failures - 1), LONGEST_PAUSE_S)
        seat.start_at = time.monotonic() + pause_s
        log.error("a worker process died, it is started again", worker=seat.number, status=exit_code, pause_s=pause_s)

    def _is_somebody_there(self) -> bool:
        return not self._requests or any(seat.pid for seat in self._seats)

    def _ask_to_end(self) -> None:
        """First to finish what they do, then to let go of it, then not asking any more."""
        self._requests += 1
        number = signal.SIGTERM if self._requests < 3 else signal.SIGKILL
        for seat in self._seats:
            if seat.pid:
                os.kill(seat.pid, number)
        how = {1: "each worker finishes its chunk", 2: "each worker lets go of its chunk"}
        log.info("workers are to end", how=how.get(self._requests, "now"))

    def _kill_all(self) -> None:
        """Until nobody is left: a process that is killed may leave us its own children."""
        seated = [seat.pid for seat in self._seats if seat.pid]
        while left := seated or _children():
            for pid in left:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            seated = []


def _children() -> list[int]:
    """Processes that we are to wait for, zombies among them."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except FileNotFoundError:  # a kernel without CONFIG_PROC_CHILDREN; the jails then end when their pipes do
        return []


def _be_child(parent: int, body: Body, number: int, ready: int | None) -> None:
    """Never returns. In a group of its own, so that a terminal's Ctrl-C reaches the supervisor alone."""
    status = 1
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == parent:  # else it died before the line above
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
            body(number, lambda: _say_ready(ready))
            status = 0
    except SystemExit as request:
        status = request.code if isinstance(request.code, int) else 1
    except BaseException:
        log.exception("worker process failed", worker=number)
    finally:
        with contextlib.suppress(OSError):  # nobody may be reading any more
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _say_ready(ready: int | None) -> None:
    if ready is not None:
        os.write(ready, b"1")
        os.close(ready)

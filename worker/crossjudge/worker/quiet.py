"""Having the machine to oneself: cells are judged among others, what came close to a time limit is judged again alone.

Jails go in and out by themselves, cell by cell, where their walls let them have the locks (see `jail.turns`).

The locks are on the kernel's own files for this process's namespaces: seen by every worker of this machine, or of this
container, whichever user or command it belongs to, and there is nothing to make or to clean up. One is the room; the
other is the turnstile before it, which whoever wants the room alone keeps shut, or those who come and go would never
let him in.
"""

import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator

from .errors import Stopped

_ROOM, _TURNSTILE = "/proc/self/ns/pid", "/proc/self/ns/mnt"
# Past these it is better to go on in company. While one waits for the room, all others stand still.
_TURNSTILE_PATIENCE_SECONDS = 120.0
_ROOM_PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.005


@contextlib.contextmanager
def alone(stop: threading.Event) -> Iterator[None]:
    """Be in the room with nobody else. Raises `Stopped` when `stop` is set before that."""
    room, turnstile = open_locks()
    try:
        _wait(turnstile, _TURNSTILE_PATIENCE_SECONDS, stop)
        _wait(room, _ROOM_PATIENCE_SECONDS, stop)
        yield
    finally:
        os.close(room)
        os.close(turnstile)


def open_locks() -> tuple[int, int]:
    """Room and turnstile, not taken yet."""
    return os.open(_ROOM, os.O_RDONLY | os.O_CLOEXEC), os.open(_TURNSTILE, os.O_RDONLY | os.O_CLOEXEC)


def _wait(lock: int, patience_seconds: float, stop: threading.Event) -> None:
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stop.wait(_LOOK_SECONDS):
            raise Stopped("given up while waiting for the machine")
    return None

"""Having the machine to oneself: cells are judged among others, what came close to a time limit is judged again alone.

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
_PATIENCE_SECONDS = 120.0  # then somebody is stuck in there, and going on in company is better than never
_LOOK_SECONDS = 0.005


@contextlib.contextmanager
def among_others(stop: threading.Event) -> Iterator[None]:
    """Be in the room, with anybody else. Raises `Stopped` when `stop` is set before that."""
    with _lock(_ROOM) as room:
        with _lock(_TURNSTILE) as turnstile:
            _wait(turnstile, fcntl.LOCK_SH, stop)
            _wait(room, fcntl.LOCK_SH, stop)
        yield


@contextlib.contextmanager
def alone(stop: threading.Event) -> Iterator[None]:
    """Be in the room with nobody else. Raises `Stopped` when `stop` is set before that."""
    with _lock(_TURNSTILE) as turnstile, _lock(_ROOM) as room:
        _wait(turnstile, fcntl.LOCK_EX, stop)
        _wait(room, fcntl.LOCK_EX, stop)
        yield


def open_locks() -> tuple[int, int]:
    """Room and turnstile, not taken yet: for one that takes turns by himself."""
    return os.open(_ROOM, os.O_RDONLY | os.O_CLOEXEC), os.open(_TURNSTILE, os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def _lock(path: str) -> Iterator[int]:
    """A lock that is not taken yet, and is let go of at the end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _wait(lock: int, how: int, stop: threading.Event) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(BlockingIOError):
            return fcntl.flock(lock, how | fcntl.LOCK_NB)
        if stop.wait(_LOOK_SECONDS):
            raise Stopped("given up while waiting for the machine")
    return None

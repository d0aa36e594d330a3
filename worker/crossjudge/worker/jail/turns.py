"""Cells run among those of the machine's other jails, unless a worker wants the machine for one cell alone.

The two locks are handed in by the worker, and `quiet` there says what they are. Where the walls let nothing be handed
in, cells run whenever they like.
"""

import fcntl
import time
from collections.abc import Callable

from . import handed

_PATIENCE_SECONDS = 120.0  # then somebody is stuck in there, and going on in company is better than never
_LOOK_SECONDS = 0.005
_BEAT_SECONDS = 1.0


def enter(say_alive: Callable[[], None]) -> None:
    """Wait until nobody wants to be alone; from here on whoever does waits for us. Says meanwhile that we are alive."""
    if handed.is_there(handed.ROOM):
        _wait(handed.TURNSTILE, say_alive)
        _wait(handed.ROOM, say_alive)
        fcntl.flock(handed.TURNSTILE, fcntl.LOCK_UN)


def leave() -> None:
    """The cell is over."""
    if handed.is_there(handed.ROOM):
        fcntl.flock(handed.ROOM, fcntl.LOCK_UN)


def _wait(lock: int, say_alive: Callable[[], None]) -> None:
    began = beat = time.monotonic()
    while (now := time.monotonic()) < began + _PATIENCE_SECONDS:
        try:
            return fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_SECONDS)
        if now > beat + _BEAT_SECONDS:
            beat = now
            say_alive()
    return None

"""How a worker process is asked to end: first to finish what it has begun, then to let go of it. Knows no Redis."""

import threading
import time

DRAIN_WITHOUT_REDIS_S = 10.0
"""How long a draining worker tries to hand in its result to a Redis that is away. The chunk's lease ends then, and
another worker judges it: it costs time, and loses nothing."""

SAME_REQUEST_S = 0.5
"""Two signals this close are one request: a terminal, a supervisor and a shell may each pass on the same Ctrl-C."""


class Shutdown:
    """`draining` is set by the first request: take no new chunk. `abandoned` by the second: let go of this one."""

    def __init__(self) -> None:
        self.draining = threading.Event()
        self.abandoned = threading.Event()
        self._first_at = 0.0

    def request(self) -> None:
        now = time.monotonic()
        if not self.draining.is_set():
            self._first_at = now
            self.draining.set()
        elif now - self._first_at > SAME_REQUEST_S:
            self.abandoned.set()

    @property
    def is_out_of_patience(self) -> bool:
        """True once nothing may be waited for any more."""
        waited_s = time.monotonic() - self._first_at
        return self.abandoned.is_set() or (self.draining.is_set() and waited_s > DRAIN_WITHOUT_REDIS_S)

"""When a request is sent again, and after how long. Pure: time and chance come from outside.

All requests of the client are safe to send twice: a POST carries an idempotency key, and the others change nothing
that a second one would change again.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BUSY = frozenset({429, 503})
"""The service says: later."""
GATEWAY = frozenset({502, 504})
"""A proxy says that the service does not answer; to us that is the same as no connection."""


@dataclass(frozen=True)
class Patience:
    """How long the client puts up with what usually passes, in seconds.

    `busy`: with an overloaded service (429, 503). `unreachable`: with one that does not answer at all, as while it is
    restarted. Pauses double from `first_pause` to `longest_pause`; a longer `Retry-After` is honoured.
    """

    busy: float = 600.0
    unreachable: float = 30.0
    first_pause: float = 0.2
    longest_pause: float = 20.0

    def within(self, seconds: float | None) -> "Patience":
        """No longer than that, where a caller gave a time."""
        if seconds is None:
            return self
        return replace(self, busy=min(self.busy, seconds), unreachable=min(self.unreachable, seconds))


NO_PATIENCE = Patience(busy=0, unreachable=0)


@dataclass
class Streak:
    """Failures of one request in a row: how many, and since when each kind of failure has lasted."""

    patience: Patience
    chance: Callable[[], float] = random.random
    failures: int = 0
    _first: float | None = None
    _since: tuple[str, float] = ("", 0.0)

    def pause_after(self, status: int | None, retry_after: float | None, now: float) -> float | None:
        """Seconds to pause before the next attempt, or None when patience would be over by then.

        `status` is None where no answer came.
        """
        kind, patience = ("busy", self.patience.busy) if status in BUSY else ("gone", self.patience.unreachable)
        self.failures += 1
        self._first = now if self._first is None else self._first
        if kind != self._since[0]:  # another kind of failure starts its own count; the whole stays bounded
            self._since = (kind, now)
        longest = min(self.patience.longest_pause, self.patience.first_pause * 2.0 ** min(self.failures - 1, 60))
        # Never earlier than asked, and spread, so that clients refused together do not come back together.
        pause = (retry_after or 0.0) + longest * (0.5 + 0.5 * self.chance())
        over = now + pause - self._since[1] > patience
        over_in_all = now + pause - self._first > max(self.patience.busy, self.patience.unreachable)
        return None if over or over_in_all else pause


def is_retried(status: int | None) -> bool:
    """True where a request with this answer (None: no answer) is worth sending again."""
    return status is None or status in BUSY or status in GATEWAY


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """The header `Retry-After`, which holds seconds or an HTTP date; None where it says nothing readable."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())

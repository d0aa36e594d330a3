"""Whether this worker and the service mean the same by what they write to Redis. If not, the worker takes nothing.

After an upgrade a service and workers of two versions may meet at one Redis. As long as `PROTOCOL` is the same they
understand each other, whatever their versions. A worker that misread a chunk would judge it wrongly, or call it
unreadable and end its batch; one that waits costs nothing, and goes on where the service is of its own kind again.
"""

import threading

import structlog
from redis import Redis

from crossjudge.contracts.queue import PROTOCOL, PROTOCOL_KEY

log = structlog.get_logger(__name__)


class Compatibility:
    """What the last look at Redis said. The pulse and the loop look, each over its own connection."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held_back: str | None = None

    @property
    def held_back(self) -> str | None:
        """Why this worker takes no work; none where it may."""
        return self._held_back

    def holds(self, redis: Redis) -> bool:
        """Look at what the service says now. Raises `RedisError`."""
        said = redis.get(PROTOCOL_KEY)
        reason = None if said is None else _difference(said)  # no service has started here yet: nothing to misread
        with self._lock:
            before, self._held_back = self._held_back, reason
        if reason is not None and reason != before:
            log.error("takes no work", reason=reason)
        elif reason is None and before is not None:
            log.info("takes work again: the service speaks this worker's protocol")
        return reason is None


def _difference(said: object) -> str | None:
    text = said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
    if text == str(PROTOCOL):
        return None
    return (
        f"the service speaks protocol {text[:20]!r} and this worker {str(PROTOCOL)!r}: "
        "run the same version of crossjudge on both"
    )

"""How much of each run waits and is held, as the batches that are not final yet say it. Knows nothing of the queue.

What waits is what was never judged and nobody holds, wherever it stands. At most so many open batches are looked at,
the oldest first: with more, what is said of the youngest is too little.
"""

from dataclasses import dataclass

from redis.asyncio import Redis

from crossjudge.contracts.queue import LEASES, BatchField, batch_key, scope_of

from .accept import OPEN

_MOST_BATCHES = 1000
_REMEMBERED_SECONDS = 1.0  # however many pages and scrapers look on
_FIELDS = (BatchField.RUN, BatchField.TENANT, BatchField.STATUS, BatchField.CHUNKS_TOTAL, BatchField.CHUNKS_DONE)


@dataclass(slots=True)
class RunQueue:
    """Chunks of one run."""

    waiting: int = 0
    held: int = 0
    oldest_seconds: float | None = None
    """Age of the oldest batch of which chunks wait."""


class QueueView:
    """The queue of each run, by scope."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._latest: dict[str, RunQueue] = {}
        self._read_at = float("-inf")

    async def read(self, now: float) -> dict[str, RunQueue]:
        """As it is now, by Redis' clock, or was a second ago."""
        if not 0 <= now - self._read_at < _REMEMBERED_SECONDS:
            self._latest, self._read_at = await self._read(now), now
        return self._latest

    async def _read(self, now: float) -> dict[str, RunQueue]:
        async with self._connection.pipeline(transaction=False) as pipe:
            pipe.zrange(OPEN, 0, _MOST_BATCHES - 1, withscores=True)
            pipe.zrange(LEASES, 0, -1)
            opened, leases = await pipe.execute()
        async with self._connection.pipeline(transaction=False) as pipe:
            for batch, _ in opened:
                pipe.hmget(batch_key(batch), _FIELDS)
            rows = await pipe.execute() if opened else []
        held_of: dict[str, int] = {}
        for member in leases:
            batch = str(member).rpartition("/")[0]
            held_of[batch] = held_of.get(batch, 0) + 1
        found: dict[str, RunQueue] = {}
        for (batch, created_at), (run, tenant, status, total, done) in zip(opened, rows, strict=True):
            if status not in ("queued", "running"):
                continue
            queue = found.setdefault(scope_of(tenant or "", run), RunQueue())
            left = int(total) - int(done)
            held = min(left, held_of.get(batch, 0))
            queue.held += held
            queue.waiting += left - held
            if left > held:
                queue.oldest_seconds = max(queue.oldest_seconds or 0.0, now - created_at)
        return found

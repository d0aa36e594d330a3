"""Makes room: strikes batches that have expired from the lists, and drops the oldest where Redis holds too much.

A batch that is final expires by itself after its retention; this is for what Redis cannot do by itself.
"""

from typing import Any

import structlog
from redis.asyncio import Redis

from crossjudge.contracts.queue import BATCHES, RUNS, BatchField, batch_key, batch_keys, batches_key, run_batches_key

from .settings import ServiceSettings

log = structlog.get_logger(__name__)

_AT_ONCE = 500
_DROPPED_AT_ONCE = 20
_FINAL = ("done", "cancelled", "failed")


class Expiry:
    """Looks from time to time."""

    def __init__(self, connection: Redis, settings: ServiceSettings) -> None:
        self._connection = connection
        self._most_bytes = settings.stored_mb << 20

    async def sweep(self) -> None:
        """Strike and drop. Raises Redis's errors."""
        await self._strike()
        while self._most_bytes and await self._held() > self._most_bytes:
            if not await self._drop():
                return

    async def _strike(self) -> None:
        oldest = [str(name) for name in await self._connection.zrange(BATCHES, 0, _AT_ONCE - 1)]
        states = await self._states(oldest)
        if gone := [batch for batch in oldest if states[batch] is None]:
            await self._connection.zrem(BATCHES, *gone)
            await self._strike_from_the_others()

    async def _strike_from_the_others(self) -> None:
        """The lists of tenants and runs have nothing left of what is older than all that there is."""
        first: Any = await self._connection.zrange(BATCHES, 0, 0, withscores=True)
        if not first:
            return
        older = f"({float(first[0][1])!r}"
        scopes = [str(scope) for scope in await self._connection.zrange(RUNS, 0, -1)]
        tenants = {scope.partition(":")[0] for scope in scopes}
        async with self._connection.pipeline(transaction=False) as pipe:
            for index in (*map(batches_key, sorted(tenants)), *map(run_batches_key, scopes)):
                pipe.zremrangebyscore(index, "-inf", older)
            await pipe.execute()

    async def _held(self) -> int:
        return int((await self._connection.info("memory"))["used_memory"])

    async def _drop(self) -> int:
        """Drop some of the oldest batches that are final; how many there were."""
        oldest = [str(name) for name in await self._connection.zrange(BATCHES, 0, _AT_ONCE - 1)]
        states = await self._states(oldest)
        final = [batch for batch in oldest if states[batch] in _FINAL][:_DROPPED_AT_ONCE]
        if final:
            await self._connection.unlink(*[key for batch in final for key in batch_keys(batch)])
            await self._connection.zrem(BATCHES, *final)
            log.warning("dropped the oldest results, since Redis holds too much", batches=len(final), first=final[0])
        return len(final)

    async def _states(self, batches: list[str]) -> dict[str, str | None]:
        async with self._connection.pipeline(transaction=False) as pipe:
            for batch in batches:
                pipe.hget(batch_key(batch), BatchField.STATUS)
            return dict(zip(batches, await pipe.execute() if batches else [], strict=True))

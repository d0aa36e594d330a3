"""Gives chunks to another worker when theirs has gone. A background task of the service; several may run at once.

Two watches. A lease that ended is taken out of `LEASES` by whoever gets there first, and its chunk is enqueued anew.
And now and then a sweep looks for chunks of open batches that are neither queued, nor leased, nor judged: lost with a
worker between queue and lease, or with a service between lease and queue. Being wrong costs work and no more, since a
chunk's result counts once. Giving up after too many attempts is the worker's part, who counts them.
"""

import asyncio
from collections.abc import Iterable
from typing import cast

import structlog
from anyio import to_thread
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from crossjudge.contracts.queue import LEASES, PRIORITIES, BatchField, batch_key, lease_member, results_key

from .accept import OPEN
from .expiry import Expiry
from .lanes import Lane, chunk_job, job_chunk, put, waiting
from .settings import ServiceSettings

_MOST_AT_ONCE = 500
_MOST_QUEUED = 5000

# Only one service wins a lease that ended, and only where the chunk still needs somebody. Redis' own clock decides.
_TAKE = """
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not score or tonumber(score) > tonumber(redis.call('TIME')[1]) then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
local status = redis.call('HGET', KEYS[2], 'status')
if status ~= 'queued' and status ~= 'running' then return 0 end
if redis.call('HEXISTS', KEYS[3], ARGV[2]) == 1 then return 0 end
return 1
"""

Lost = tuple[str, int]
"""A batch and a chunk of it that nobody works on."""

log = structlog.get_logger(__name__)


class Reaper:
    """The task that looks after chunks nobody works on."""

    def __init__(self, connection: Redis, sync_connection: SyncRedis, settings: ServiceSettings) -> None:
        self._connection = connection
        self._sync_connection = sync_connection
        self._settings = settings
        self._take = connection.register_script(_TAKE)
        self._suspects: set[Lost] = set()
        self._expiry = Expiry(connection, settings)

    async def run(self) -> None:
        """Run until cancelled. Where Redis is away, the next round tries again."""
        rounds_per_sweep = max(1, round(self._settings.sweep_seconds / self._settings.reap_seconds))
        count = 0
        while True:
            await asyncio.sleep(self._settings.reap_seconds)
            count += 1
            try:
                await self.reap()
                if count % rounds_per_sweep == 0:
                    await self.sweep()
                    await self._expiry.sweep()
            except (RedisError, OSError) as error:
                log.warning("could not look for lost chunks", error=str(error))

    async def reap(self) -> int:
        """Enqueue anew what was leased and not finished in time; how many chunks that were."""
        seconds, _ = await self._connection.time()
        ended = await self._connection.zrangebyscore(LEASES, "-inf", seconds, start=0, num=_MOST_AT_ONCE)
        lost: list[Lost] = []
        for member in ended:
            batch, _, chunk = str(member).rpartition("/")
            if await self._take(keys=[LEASES, batch_key(batch), results_key(batch)], args=[str(member), chunk]):
                lost.append((batch, int(chunk)))
        await self._enqueue(lost, "its lease ended")
        return len(lost)

    async def sweep(self) -> int:
        """Enqueue anew what nobody has held for two sweeps; how many chunks that were."""
        queued = await self._queued()
        if queued is None:  # so much waits that a lost chunk is not what anybody waits for
            return 0
        unheld: set[Lost] = set()
        for batch in await self._open():
            unheld.update((batch, chunk) for chunk in await self._unheld(batch, queued))
        lost, self._suspects = unheld & self._suspects, unheld - self._suspects
        mine = [suspect for suspect in sorted(lost) if await self._claim(*suspect)]
        await self._enqueue(mine, "nobody held it")
        return len(mine)

    async def _queued(self) -> set[Lost] | None:
        queues = await waiting(self._connection)
        if sum(each.chunks for each in queues) > _MOST_QUEUED:
            return None
        async with self._connection.pipeline(transaction=True) as pipe:
            for each in queues:
                pipe.lrange(each.key, 0, -1)
            lists = await pipe.execute() if queues else []
        return {lost for jobs in lists for job in jobs if (lost := job_chunk(str(job))) is not None}

    async def _open(self) -> list[str]:
        """Batches that are not final; those that are leave the set."""
        batches = [str(name) for name in await self._connection.zrange(OPEN, 0, _MOST_AT_ONCE - 1)]
        async with self._connection.pipeline(transaction=False) as pipe:
            for batch in batches:
                pipe.hget(batch_key(batch), BatchField.STATUS)
            states = await pipe.execute() if batches else []
        is_open = [state in ("queued", "running") for state in states]
        final = [batch for batch, stays in zip(batches, is_open, strict=True) if not stays]
        if final:
            await self._connection.zrem(OPEN, *final)
        return [batch for batch, stays in zip(batches, is_open, strict=True) if stays]

    async def _unheld(self, batch: str, queued: set[Lost]) -> list[int]:
        """Chunks of a batch that have neither a result, nor a lease, nor a place in the queue."""
        async with self._connection.pipeline(transaction=True) as pipe:
            pipe.hget(batch_key(batch), BatchField.CHUNKS_TOTAL)
            pipe.hkeys(results_key(batch))
            total, judged = await pipe.execute()
        done = {int(chunk) for chunk in judged}
        missing = [c for c in range(int(total or 0)) if c not in done and (batch, c) not in queued]
        if not missing:
            return []
        leases = await self._connection.zmscore(LEASES, [lease_member(batch, chunk) for chunk in missing])
        return [chunk for chunk, lease in zip(missing, leases, strict=True) if lease is None]

    async def _claim(self, batch: str, chunk: int) -> bool:
        """True for one of several services that found the same chunk."""
        key = f"crossjudge:requeued:{lease_member(batch, chunk)}"
        return bool(await self._connection.set(key, 1, nx=True, px=int(self._settings.sweep_seconds * 1000)))

    async def _enqueue(self, lost: Iterable[Lost], why: str) -> None:
        by_batch: dict[str, list[int]] = {}
        for batch, chunk in lost:
            by_batch.setdefault(batch, []).append(chunk)
        for batch, chunks in by_batch.items():
            log.warning("chunks enqueued anew", why=why, batch=batch, chunks=chunks)
            await to_thread.run_sync(self._enqueue_of, batch, chunks)

    def _enqueue_of(self, batch: str, chunks: list[int]) -> None:
        names = [BatchField.TENANT, BatchField.RUN, BatchField.PRIORITY]
        raw = cast(list[bytes | None], self._sync_connection.hmget(batch_key(batch), names))
        tenant, run, priority = ((each or b"").decode() for each in raw)
        lane = Lane(tenant, run, next((each for each in PRIORITIES if each == priority), "normal"))
        with self._sync_connection.pipeline() as pipe:
            put(pipe, self._sync_connection, lane, [chunk_job(batch, chunk, again=True) for chunk in chunks])
            pipe.execute()

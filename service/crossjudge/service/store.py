"""Reads batches, runs and workers from Redis, and cancels. Asynchronous; knows the keys, nothing of HTTP."""

from collections.abc import Sequence
from datetime import UTC, datetime

from redis.asyncio import Redis

from crossjudge.contracts import (
    BatchPage,
    BatchState,
    BatchStatus,
    CellCounts,
    RunList,
    RunUsage,
)
from crossjudge.contracts.queue import (
    EVENTS,
    LEASES,
    RUNS,
    WORKER_INFO,
    WORKER_SILENT_SECONDS,
    WORKERS,
    BatchField,
    WorkerInfo,
    batch_key,
    batch_keys,
    batches_key,
    known_batches_key,
    run_batches_key,
    run_usage_key,
    scope_of,
)

from .accept import OPEN
from .errors import BatchGone, UnknownBatch
from .ids import created_at, is_batch_id
from .lanes import waiting

_STATUS_FIELDS = (
    BatchField.RUN, BatchField.STATUS, BatchField.CREATED_AT, BatchField.STARTED_AT, BatchField.FINISHED_AT,
    BatchField.CELLS_TOTAL, BatchField.CELLS_DONE, BatchField.EXECUTED, BatchField.CACHED, BatchField.ERROR,
)  # fmt: skip
_MOST_SCANNED = 2000
_RUNS_AT_ONCE = 1000

# Cancelling must not race with the worker that commits the last chunk: one of the two comes first, and it counts.
_CANCEL = """
local status = redis.call('HGET', KEYS[1], 'status')
if not status then return false end
if status == 'done' or status == 'failed' or status == 'cancelled' then return 0 end
redis.call('HSET', KEYS[1], 'status', 'cancelled', 'finished_at', ARGV[2])
local retention = tonumber(redis.call('HGET', KEYS[1], 'retention'))
for i = 1, #KEYS - 1 do redis.call('EXPIRE', KEYS[i], retention) end
redis.call('ZREM', KEYS[#KEYS], ARGV[1])
redis.call('PUBLISH', ARGV[3], cjson.encode({
    batch = ARGV[1], status = 'cancelled',
    total = tonumber(redis.call('HGET', KEYS[1], 'cells_total')),
    done = tonumber(redis.call('HGET', KEYS[1], 'cells_done')),
}))
return 1
"""


class Store:
    """What there is to know of batches."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._cancel = connection.register_script(_CANCEL)

    async def status(self, batch: str) -> BatchStatus:
        """Where the batch stands, without its problems; whose it is, `check_owner` knows. Raises `BatchGone`."""
        found = _status(batch, await self._connection.hmget(batch_key(batch), _STATUS_FIELDS))
        if found is None:
            raise BatchGone(batch)
        return found

    async def check_owner(self, batch: str, tenant: str) -> None:
        """Raises `UnknownBatch` for a batch of another tenant as for one that never was, and `BatchGone`."""
        async with self._connection.pipeline(transaction=True) as pipe:
            pipe.hmget(batch_key(batch), [BatchField.CREATED_AT, BatchField.TENANT])
            pipe.zscore(known_batches_key(tenant), batch)
            (created, owner), known_at = await pipe.execute()
        if created is not None and (owner or "") == tenant:
            return
        raise UnknownBatch(batch) if known_at is None else BatchGone(batch)

    async def cancel(self, batch: str) -> BatchStatus:
        """Cancel what has not run; a batch that is final stays as it is. Raises `BatchGone`."""
        now = datetime.now(UTC).timestamp()
        done = await self._cancel(keys=[*batch_keys(batch), OPEN], args=[batch, f"{now:.3f}", EVENTS])
        if done is None:
            raise BatchGone(batch)
        return await self.status(batch)

    async def page(
        self, tenant: str, run: str | None, state: BatchState | None, cursor: str | None, limit: int
    ) -> BatchPage:
        """A tenant's batches, newest first, from behind the cursor.

        With few that match, a page may be short and still go on.
        """
        index = batches_key(tenant) if run is None else run_batches_key(scope_of(tenant, run))
        found: list[BatchStatus] = []
        scanned = 0
        while scanned < _MOST_SCANNED:
            window = await self._ids_behind(index, cursor, limit)
            for status in await self._statuses(index, window):
                cursor = status.id
                if state is None or status.status is state:
                    found.append(status)
                if len(found) == limit:
                    return BatchPage(batches=found, next=cursor)
            if len(window) < limit:
                return BatchPage(batches=found, next=None)
            cursor = window[-1]
            scanned += len(window)
        return BatchPage(batches=found, next=cursor)

    async def runs(self, tenant: str, limit: int) -> RunList:
        """The usage of each of a tenant's runs, the latest first."""
        latest = await self._latest_runs(tenant, limit)
        async with self._connection.pipeline(transaction=False) as pipe:
            for run, _ in latest:
                pipe.hgetall(run_usage_key(scope_of(tenant, run)))
            usages = await pipe.execute()
        return RunList(runs=[_usage(run, at, use) for (run, at), use in zip(latest, usages, strict=True)])

    async def _latest_runs(self, tenant: str, count: int) -> list[tuple[str, float]]:
        """Runs of a tenant with the times of their latest batches, the latest first."""
        prefix, found, start = scope_of(tenant, ""), list[tuple[str, float]](), 0
        while len(found) < count:
            window = await self._connection.zrange(RUNS, start, start + _RUNS_AT_ONCE - 1, desc=True, withscores=True)
            for scope, score in window:  # type: ignore[str-unpack]  # withscores gives pairs
                if str(scope).startswith(prefix):
                    found.append((str(scope).removeprefix(prefix), float(score)))
            if len(window) < _RUNS_AT_ONCE:
                break
            start += _RUNS_AT_ONCE
        return found[:count]

    async def workers(self) -> list[WorkerInfo]:
        """The workers that were alive a moment ago."""
        seconds, _ = await self._connection.time()
        names = await self._connection.zrangebyscore(WORKERS, seconds - WORKER_SILENT_SECONDS, "+inf")
        if not names:
            return []
        infos = await self._connection.hmget(WORKER_INFO, [str(name) for name in names])
        return [WorkerInfo.model_validate_json(info) for info in infos if info]

    async def worker_count(self) -> int:
        """How many workers were alive a moment ago."""
        seconds, _ = await self._connection.time()
        return int(await self._connection.zcount(WORKERS, seconds - WORKER_SILENT_SECONDS, "+inf"))

    async def queue_depth(self) -> tuple[int, int]:
        """Chunks that wait, and chunks that a worker holds."""
        queues = await waiting(self._connection)
        return sum(each.chunks for each in queues), int(await self._connection.zcard(LEASES))

    async def _ids_behind(self, index: str, cursor: str | None, count: int) -> list[str]:
        """Ids older than the cursor. Equal scores stand in the order of their ids, so the cursor needs no more."""
        newest: float | str = created_at(cursor) if cursor and is_batch_id(cursor) else "+inf"
        found: list[str] = []
        offset = 0
        while len(found) < count:
            members = await self._connection.zrange(
                index, newest, "-inf", desc=True, byscore=True, offset=offset, num=count
            )
            names = [str(member) for member in members]
            found += [name for name in names if cursor is None or name < cursor]
            if len(members) < count:
                break
            offset += count
        return found[:count]

    async def _statuses(self, index: str, batches: Sequence[str]) -> list[BatchStatus]:
        """Their states; those that have expired are left out, and struck from the index."""
        async with self._connection.pipeline(transaction=False) as pipe:
            for batch in batches:
                pipe.hmget(batch_key(batch), _STATUS_FIELDS)
            rows = await pipe.execute() if batches else []
        found = [_status(batch, row) for batch, row in zip(batches, rows, strict=True)]
        gone = [batch for batch, status in zip(batches, found, strict=True) if status is None]
        if gone:
            await self._connection.zrem(index, *gone)
        return [status for status in found if status is not None]


def _status(batch: str, row: Sequence[object]) -> BatchStatus | None:
    values = {name: str(value or "") for name, value in zip(_STATUS_FIELDS, row, strict=True)}
    status, run, created = values[BatchField.STATUS], values[BatchField.RUN], values[BatchField.CREATED_AT]
    if not (status and run and created):
        return None
    return BatchStatus(
        id=batch,
        run=run,
        status=BatchState(status),
        cells=CellCounts(
            total=int(values[BatchField.CELLS_TOTAL] or 0),
            done=int(values[BatchField.CELLS_DONE] or 0),
            executed=int(values[BatchField.EXECUTED] or 0),
            cached=int(values[BatchField.CACHED] or 0),
        ),
        created_at=datetime.fromtimestamp(float(created), UTC),
        started_at=_time(values[BatchField.STARTED_AT]),
        finished_at=_time(values[BatchField.FINISHED_AT]),
        problems=None,
        error=values[BatchField.ERROR] or None,
    )


def _time(text: str) -> datetime | None:
    return datetime.fromtimestamp(float(text), UTC) if text else None


def _usage(run: str, latest: float, use: dict[str, str]) -> RunUsage:
    def number(name: str) -> float:
        return float(use.get(name, 0))

    started = number("started")
    return RunUsage(
        run=run,
        batches=int(number("batches")),
        cells=int(number("cells")),
        executed=int(number("executed")),
        cached=int(number("cached")),
        cpu_seconds=round(number("cpu_ms") / 1000, 3),
        queue_wait_seconds=round(number("wait_ms") / started / 1000, 3) if started else 0.0,
        last_batch_at=datetime.fromtimestamp(latest, UTC),
    )

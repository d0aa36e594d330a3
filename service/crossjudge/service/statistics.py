"""Reads what workers have counted: time series for the dashboard, running totals for Prometheus.

Two hours of many runs are some hundred thousand numbers, so buckets are read and added up in a thread, one read at a
time. Those that have ended are read from Redis once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from anyio import CapacityLimiter, to_thread
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from crossjudge.contracts import RunUsage
from crossjudge.contracts.queue import scope_of
from crossjudge.contracts.stats import (
    BUCKET_SECONDS,
    COUNTED_RUNS,
    OTHER_RUNS,
    TOTALS,
    Activity,
    Bucket,
    QueueState,
    RunActivity,
    Stats,
    StatsField,
    bucket_key,
    run_stats_key,
    split_bucket_field,
    split_cells_field,
    tenant_of,
)

from .queue_view import QueueView, RunQueue
from .store import Store

MOST_MINUTES = 120

_FINE_MINUTES = 20
"""Up to this long a window is answered bucket by bucket; a longer one in minutes."""

_MOST_RUNS = 50
_MOST_REMEMBERED = 1500  # buckets; two hours are 720
_LATELY_SECONDS = 60

Counts = Counter[str]
"""By `cells_field` and `StatsField`."""

ByRun = dict[str, Counts]
"""By scope, or `OTHER_RUNS`."""


@dataclass(frozen=True)
class Totals:
    """What was counted since counting began: by scope, and for all runs together by `TotalsField`."""

    runs: ByRun
    together: Counts


@dataclass(frozen=True)
class _Series:
    """The steps of a window, and the last minute."""

    starts: range
    steps: list[ByRun]
    lately: ByRun
    lately_seconds: float


class Statistics:
    """What there is to know of how judging goes."""

    def __init__(self, connection: Redis, blocking: SyncRedis, store: Store) -> None:
        self._connection = connection
        self._buckets = _Buckets(blocking)
        self._one = CapacityLimiter(1)
        self._store = store
        self._queue = QueueView(connection)

    async def read(self, tenant: str, minutes: int, *, run: str | None, by_run: bool) -> Stats:
        """The window that ends now, of one tenant's runs. `runs` of the answer are the latest, or the one asked for."""
        now = await self._now()
        queues = {scope: each for scope, each in (await self._queue.read(now)).items() if tenant_of(scope) == tenant}
        runs = [usage for usage in (await self._store.runs(tenant, _MOST_RUNS)).runs if run in (None, usage.run)]
        workers = await self._store.workers()

        def put_together() -> Stats:
            series = self._buckets.series(tenant, minutes, now)
            window = _added(series.steps)
            together, lately = _together(window), _together(series.lately)
            cpu_of_all = lately[StatsField.CPU_MS]
            return Stats(
                now=_time(now), minutes=minutes, step_seconds=series.starts.step,
                cells_per_second=round(_cells(lately) / series.lately_seconds, 2),
                window=Activity(**_activity(together)), kinds=_kinds(together),
                buckets=[_bucket(*each) for each in zip(series.starts, map(_together, series.steps), strict=True)],
                runs=[_run(tenant, usage, series, window, queues, cpu_of_all, by_run=by_run) for usage in runs],
                queue=_queue_state(queues.values()), workers=workers,
            )  # fmt: skip

        return await to_thread.run_sync(put_together, limiter=self._one)

    async def queues(self) -> dict[str, RunQueue]:
        """The queue of each run of all tenants, by scope."""
        return await self._queue.read(await self._now())

    async def totals(self) -> Totals:
        """The running totals of all tenants."""
        scopes = [str(scope) for scope in await self._connection.zrange(COUNTED_RUNS, 0, -1)]
        async with self._connection.pipeline(transaction=False) as pipe:
            for scope in [*scopes, OTHER_RUNS]:
                pipe.hgetall(run_stats_key(scope))
            pipe.hgetall(TOTALS)
            *runs, together = await pipe.execute()
        counted = {scope: _counts(each) for scope, each in zip([*scopes, OTHER_RUNS], runs, strict=True) if each}
        return Totals(counted, _counts(together))

    async def memory_bytes(self) -> int:
        """What Redis takes."""
        return int((await self._connection.info("memory"))["used_memory"])

    async def _now(self) -> float:
        """Redis' own clock, which names the buckets."""
        seconds, micros = await self._connection.time()
        return float(seconds + micros / 1e6)


class _Buckets:
    """What was counted, bucket by bucket. Not for several threads at once."""

    def __init__(self, connection: SyncRedis) -> None:
        self._connection = connection
        self._ended: dict[tuple[str, int], ByRun] = {}
        """Those that no worker adds to any more."""

    def series(self, tenant: str, minutes: int, now: float) -> _Series:
        """The steps of the window that ends now."""
        step = BUCKET_SECONDS if minutes <= _FINE_MINUTES else 60
        end = (int(now // step) + 1) * step
        starts = range(end - minutes * 60, end, step)
        lately = int(now // BUCKET_SECONDS) * BUCKET_SECONDS - _LATELY_SECONDS
        buckets = self._read(tenant, range(min(starts[0], lately), end, BUCKET_SECONDS), now)
        steps = [_added(buckets.get(s, {}) for s in range(start, start + step, BUCKET_SECONDS)) for start in starts]
        recent = _added(buckets.get(start, {}) for start in range(lately, end, BUCKET_SECONDS))
        return _Series(starts, steps, recent, now - lately)

    def _read(self, tenant: str, starts: range, now: float) -> dict[int, ByRun]:
        known = {start: self._ended[tenant, start] for start in starts if (tenant, start) in self._ended}
        missing = [start for start in starts if start not in known and start <= now]
        with self._connection.pipeline(transaction=False) as pipe:
            for start in missing:
                pipe.hgetall(bucket_key(tenant, start))
            found = pipe.execute()
        for start, counted in zip(missing, found, strict=True):
            known[start] = _by_run(counted)
            if start + BUCKET_SECONDS < now:
                self._ended[tenant, start] = known[start]
        for oldest in sorted(self._ended, key=lambda each: each[1])[: max(0, len(self._ended) - _MOST_REMEMBERED)]:
            del self._ended[oldest]
        return known


def _counts(fields: Mapping[str, str]) -> Counts:
    return Counter({field: int(count) for field, count in fields.items()})


def _by_run(fields: Mapping[bytes, bytes]) -> ByRun:
    found: ByRun = {}
    for name, count in fields.items():
        scope, field = split_bucket_field(name.decode())
        found.setdefault(scope, Counter())[field] += int(count)
    return found


def _added(many: Iterable[ByRun]) -> ByRun:
    added: ByRun = {}
    for each in many:
        for scope, counts in each.items():
            added.setdefault(scope, Counter()).update(counts)
    return added


def _together(by_run: ByRun) -> Counts:
    counts: Counts = Counter()
    for each in by_run.values():
        counts.update(each)
    return counts


def _cells(counts: Counts) -> int:
    return sum(count for field, count in counts.items() if split_cells_field(field))


def _activity(counts: Counts) -> dict[str, Any]:
    verdicts: Counter[str] = Counter()
    for field, count in counts.items():
        if (names := split_cells_field(field)) is not None:
            verdicts[names[1]] += count
    return {
        "cells": verdicts.total(),
        "executed": counts[StatsField.EXECUTED],
        "cached": counts[StatsField.CACHED],
        "cpu_seconds": counts[StatsField.CPU_MS] / 1000,
        "wall_seconds": counts[StatsField.WALL_MS] / 1000,
        "verdicts": dict(sorted(verdicts.items())),
    }


def _kinds(counts: Counts) -> dict[str, int]:
    kinds: Counter[str] = Counter()
    for field, count in counts.items():
        if (names := split_cells_field(field)) is not None:
            kinds[names[0]] += count
    return dict(sorted(kinds.items()))


def _bucket(start: int, counts: Counts) -> Bucket:
    return Bucket(at=_time(start), **_activity(counts))


def _run(
    tenant: str,
    usage: RunUsage,
    series: _Series,
    window: ByRun,
    queues: Mapping[str, RunQueue],
    cpu_of_all: int,
    *,
    by_run: bool,
) -> RunActivity:
    scope = scope_of(tenant, usage.run)
    recent = series.lately.get(scope, Counter())
    queue = queues.get(scope, RunQueue())
    return RunActivity(
        **usage.model_dump(),
        window=Activity(**_activity(window.get(scope, Counter()))),
        cells_per_second=round(_cells(recent) / series.lately_seconds, 2),
        share=round(recent[StatsField.CPU_MS] / cpu_of_all, 4) if cpu_of_all else 0.0,
        waiting_chunks=queue.waiting, held_chunks=queue.held, oldest_wait_seconds=_rounded(queue.oldest_seconds),
        buckets=[
            _bucket(start, step.get(scope, Counter())) for start, step in zip(series.starts, series.steps, strict=True)
        ] if by_run else None,
    )  # fmt: skip


def _queue_state(queues: Iterable[RunQueue]) -> QueueState:
    queues = list(queues)
    ages = [each.oldest_seconds for each in queues if each.oldest_seconds is not None]
    return QueueState(
        waiting_chunks=sum(each.waiting for each in queues),
        held_chunks=sum(each.held for each in queues),
        oldest_wait_seconds=_rounded(max(ages, default=None)),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

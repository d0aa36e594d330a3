"""Reads what workers have counted: time series for the dashboard, running totals for Prometheus.

Two hours of many runs are some hundred thousand numbers, so buckets are read and added up in a thread, one read at a
time. Those that have ended are read from Redis once.
"""

from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from crossjudge.contracts.stats import (
    BUCKET_SECONDS,
    COUNTED_RUNS,
    OTHER_RUNS,
    TOTALS,
    Stats,
    StatsField,
    bucket_key,
    run_stats_key,
    tenant_of,
)

from .activity import (
    ByRun,
    Counts,
    Series,
    activity,
    added,
    bucket_of,
    by_run_of,
    cells_of,
    counts_of,
    kinds_of,
    moment,
    queue_state,
    run_activity,
    together_of,
)
from .queue_view import QueueView, RunQueue
from .store import Store

MOST_MINUTES = 120

_FINE_MINUTES = 20
"""Up to this long a window is answered bucket by bucket; a longer one in minutes."""

_MOST_RUNS = 50
_MOST_REMEMBERED = 1500  # buckets; two hours are 720
_LATELY_SECONDS = 60


@dataclass(frozen=True)
class Totals:
    """What was counted since counting began: by scope, and for all runs together by `TotalsField`."""

    runs: ByRun
    together: Counts


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
            window = added(series.steps)
            together, lately = together_of(window), together_of(series.lately)
            cpu_of_all = lately[StatsField.CPU_MS]
            return Stats(
                now=moment(now), minutes=minutes, step_seconds=series.starts.step,
                cells_per_second=round(cells_of(lately) / series.lately_seconds, 2),
                window=activity(together), kinds=kinds_of(together),
                buckets=[bucket_of(*each) for each in zip(series.starts, map(together_of, series.steps), strict=True)],
                runs=[run_activity(tenant, usage, series, window, queues, cpu_of_all, by_run=by_run) for usage in runs],
                queue=queue_state(queues.values()), workers=workers,
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
        counted = {scope: counts_of(each) for scope, each in zip([*scopes, OTHER_RUNS], runs, strict=True) if each}
        return Totals(counted, counts_of(together))

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

    def series(self, tenant: str, minutes: int, now: float) -> Series:
        """The steps of the window that ends now."""
        step = BUCKET_SECONDS if minutes <= _FINE_MINUTES else 60
        end = (int(now // step) + 1) * step
        starts = range(end - minutes * 60, end, step)
        lately = int(now // BUCKET_SECONDS) * BUCKET_SECONDS - _LATELY_SECONDS
        buckets = self._read(tenant, range(min(starts[0], lately), end, BUCKET_SECONDS), now)
        steps = [added(buckets.get(s, {}) for s in range(start, start + step, BUCKET_SECONDS)) for start in starts]
        recent = added(buckets.get(start, {}) for start in range(lately, end, BUCKET_SECONDS))
        return Series(starts, steps, recent, now - lately)

    def _read(self, tenant: str, starts: range, now: float) -> dict[int, ByRun]:
        known = {start: self._ended[tenant, start] for start in starts if (tenant, start) in self._ended}
        missing = [start for start in starts if start not in known and start <= now]
        with self._connection.pipeline(transaction=False) as pipe:
            for start in missing:
                pipe.hgetall(bucket_key(tenant, start))
            found = pipe.execute()
        for start, counted in zip(missing, found, strict=True):
            known[start] = by_run_of(counted)
            if start + BUCKET_SECONDS < now:
                self._ended[tenant, start] = known[start]
        for oldest in sorted(self._ended, key=lambda each: each[1])[: max(0, len(self._ended) - _MOST_REMEMBERED)]:
            del self._ended[oldest]
        return known

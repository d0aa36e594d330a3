"""The service's figures for Prometheus, in a registry of its own. Every label has a small closed set of values.

What workers count stands in Redis and is read when it is asked for, so that every service process says the same.
"""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from crossjudge.contracts.queue import WorkerInfo
from crossjudge.contracts.stats import (
    MOST_RUNS_COUNTED,
    OTHER_RUNS,
    StatsField,
    TotalsField,
    shown_scope,
    split_cells_field,
)

from .queue_view import RunQueue
from .statistics import Totals

_SECONDS = (0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True)
class SharedFigures:
    """What stands in Redis, as it was when it was asked for."""

    totals: Totals
    queues: Mapping[str, RunQueue]
    leased: int
    workers: Sequence[WorkerInfo]
    memory_bytes: int


class Metrics:
    """What one service process counts by itself."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.batches = Counter("crossjudge_batches_accepted", "Batches taken in", registry=self.registry)
        self.asked = Counter("crossjudge_cells_accepted", "Cells of the batches taken in", registry=self.registry)
        self.requests = Counter(
            "crossjudge_http_requests", "HTTP requests", ["method", "route", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "crossjudge_http_request_seconds", "Time to answer, `wait` included", ["method", "route"],
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.waiting = Gauge("crossjudge_waiters", "Requests that wait for a batch", registry=self.registry)
        self.redis_up = Gauge("crossjudge_redis_up", "1 where Redis answers", registry=self.registry)

    def note_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count and time a request, under its route's template and never under its path."""
        self.requests.labels(method, route, str(status)).inc()
        self.latency.labels(method, route).observe(seconds)

    def text(self, shared: SharedFigures | None) -> bytes:
        """All of it in Prometheus' text format; without what stands in Redis where that does not answer."""
        own = generate_latest(self.registry)
        if shared is None:
            return own
        registry = CollectorRegistry()
        registry.register(_Families(_families(shared)))
        return own + generate_latest(registry)


class _Families(Collector):
    """Families that are made already, as prometheus_client takes them."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _families(shared: SharedFigures) -> Iterator[Metric]:
    yield _judged(shared.totals)
    yield from _by_run(shared.totals)
    for name, said, field in _TOGETHER:
        yield CounterMetricFamily(name, said, value=shared.totals.together[field])
    yield from _queue_families(shared)
    yield GaugeMetricFamily("crossjudge_redis_memory_bytes", "What Redis takes", value=shared.memory_bytes)


_TOGETHER = (
    ("crossjudge_redelivered_chunks", "Chunks started again after a delivery came to nothing", TotalsField.REDELIVERED),
    ("crossjudge_failed_chunks", "Chunks that were given up: their cells became X", TotalsField.FAILED),
    ("crossjudge_jail_starts", "Jails that workers have started", TotalsField.JAIL_STARTS),
)

_BY_RUN = (  # with what one of the unit is counted as
    ("crossjudge_cells_executed", "Cells that were run", StatsField.EXECUTED, 1),
    ("crossjudge_cells_cached", "Cells that were answered from an equal one", StatsField.CACHED, 1),
    ("crossjudge_cells_cpu_seconds", "CPU time of the cells that were run", StatsField.CPU_MS, 1000),
    ("crossjudge_cells_wall_seconds", "Wall-clock time of the cells that were run", StatsField.WALL_MS, 1000),
)


def _judged(totals: Totals) -> Metric:
    cells: Tally[tuple[str, str, str]] = Tally()
    for scope, counts in totals.runs.items():
        for field, count in counts.items():
            if (names := split_cells_field(field)) is not None:
                cells[(shown_scope(scope), *names)] += count
    judged = CounterMetricFamily("crossjudge_cells", "Cells judged", labels=["run", "kind", "verdict"])
    for labels, count in sorted(cells.items()):
        judged.add_metric(labels, count)
    return judged


def _by_run(totals: Totals) -> Iterator[Metric]:
    for name, said, field, unit in _BY_RUN:
        sums: Tally[str] = Tally()
        for scope, counts in totals.runs.items():
            sums[shown_scope(scope)] += counts[field]
        counted = CounterMetricFamily(name, said, labels=["run"])
        for run, count in sorted(sums.items()):
            counted.add_metric([run], count / unit)
        yield counted


def _queue_families(shared: SharedFigures) -> Iterator[Metric]:
    waiting: Tally[str] = Tally()
    ages: dict[str, float] = {}
    for index, (scope, queue) in enumerate(sorted(shared.queues.items(), key=lambda each: -each[1].waiting)):
        run = shown_scope(scope) if index < MOST_RUNS_COUNTED else OTHER_RUNS
        waiting[run] += queue.waiting
        ages[run] = max(ages.get(run, 0.0), queue.oldest_seconds or 0.0)
    queued = GaugeMetricFamily("crossjudge_queued_chunks", "Chunks that wait for a worker", labels=["run"])
    age = GaugeMetricFamily("crossjudge_queue_age_seconds", "Age of the oldest chunk that waits", labels=["run"])
    for run, count in sorted(waiting.items()):
        queued.add_metric([run], count)
        age.add_metric([run], ages[run])
    yield queued
    yield age
    yield GaugeMetricFamily("crossjudge_leased_chunks", "Chunks that a worker holds", value=shared.leased)
    workers = GaugeMetricFamily(
        "crossjudge_workers", "Workers that were there a moment ago", labels=["sandbox", "version"]
    )
    for labels, count in sorted(Tally((each.sandbox, each.version) for each in shared.workers).items()):
        workers.add_metric(labels, count)
    yield workers

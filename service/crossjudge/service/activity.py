"""Adds up what workers have counted, and says it in the words of the answer. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from crossjudge.contracts import RunUsage
from crossjudge.contracts.queue import scope_of
from crossjudge.contracts.stats import (
    Activity,
    Bucket,
    QueueState,
    RunActivity,
    StatsField,
    split_bucket_field,
    split_cells_field,
)

from .queue_view import RunQueue

Counts = Counter[str]
"""By `cells_field` and `StatsField`."""

ByRun = dict[str, Counts]
"""By scope, or `OTHER_RUNS`."""


@dataclass(frozen=True)
class Series:
    """The steps of a window, and the last minute."""

    starts: range
    steps: list[ByRun]
    lately: ByRun
    lately_seconds: float


def counts_of(fields: Mapping[str, str]) -> Counts:
    """Counts as they stand in Redis."""
    return Counter({field: int(count) for field, count in fields.items()})


def by_run_of(fields: Mapping[bytes, bytes]) -> ByRun:
    """A bucket as it stands in Redis."""
    found: ByRun = {}
    for name, count in fields.items():
        scope, field = split_bucket_field(name.decode())
        found.setdefault(scope, Counter())[field] += int(count)
    return found


def added(many: Iterable[ByRun]) -> ByRun:
    """The sum of buckets, run by run."""
    added: ByRun = {}
    for each in many:
        for scope, counts in each.items():
            added.setdefault(scope, Counter()).update(counts)
    return added


def together_of(by_run: ByRun) -> Counts:
    """The sum of all runs."""
    counts: Counts = Counter()
    for each in by_run.values():
        counts.update(each)
    return counts


def cells_of(counts: Counts) -> int:
    """How many cells were judged."""
    return sum(count for field, count in counts.items() if split_cells_field(field))


def activity(counts: Counts) -> Activity:
    """What was judged, as it is told."""
    verdicts: Counter[str] = Counter()
    for field, count in counts.items():
        if (names := split_cells_field(field)) is not None:
            verdicts[names[1]] += count
    return Activity(
        cells=verdicts.total(),
        executed=counts[StatsField.EXECUTED],
        cached=counts[StatsField.CACHED],
        cpu_seconds=counts[StatsField.CPU_MS] / 1000,
        wall_seconds=counts[StatsField.WALL_MS] / 1000,
        verdicts=dict(sorted(verdicts.items())),
    )


def kinds_of(counts: Counts) -> dict[str, int]:
    """Cells by kind of test."""
    kinds: Counter[str] = Counter()
    for field, count in counts.items():
        if (names := split_cells_field(field)) is not None:
            kinds[names[0]] += count
    return dict(sorted(kinds.items()))


def bucket_of(start: int, counts: Counts) -> Bucket:
    """One step of a time series."""
    return Bucket(at=moment(start), **activity(counts).model_dump())


def run_activity(
    tenant: str,
    usage: RunUsage,
    series: Series,
    window: ByRun,
    queues: Mapping[str, RunQueue],
    cpu_of_all: int,
    *,
    by_run: bool,
) -> RunActivity:
    """What one run did in the window, and what of it waits."""
    scope = scope_of(tenant, usage.run)
    recent = series.lately.get(scope, Counter())
    queue = queues.get(scope, RunQueue())
    steps = zip(series.starts, series.steps, strict=True)
    return RunActivity(
        **usage.model_dump(),
        window=activity(window.get(scope, Counter())),
        cells_per_second=round(cells_of(recent) / series.lately_seconds, 2),
        share=round(recent[StatsField.CPU_MS] / cpu_of_all, 4) if cpu_of_all else 0.0,
        waiting_chunks=queue.waiting,
        held_chunks=queue.held,
        oldest_wait_seconds=_rounded(queue.oldest_seconds),
        buckets=[bucket_of(start, step.get(scope, Counter())) for start, step in steps] if by_run else None,
    )


def queue_state(queues: Iterable[RunQueue]) -> QueueState:
    """The queues of several runs as one."""
    queues = list(queues)
    ages = [each.oldest_seconds for each in queues if each.oldest_seconds is not None]
    return QueueState(
        waiting_chunks=sum(each.waiting for each in queues),
        held_chunks=sum(each.held for each in queues),
        oldest_wait_seconds=_rounded(max(ages, default=None)),
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def moment(seconds: float) -> datetime:
    """A Unix time."""
    return datetime.fromtimestamp(seconds, UTC)

"""What workers count of the cells that they judge, where it stands in Redis, and how the service answers it.

Counting is part of the step that hands a chunk's result in, so a chunk that is delivered twice counts once. Everything
is counted twice over: in running totals for each run, which only grow, and in buckets of a few seconds, which expire.
"""

from datetime import datetime

from pydantic import Field

from .batch import Answer, BatchStatus, RunUsage
from .queue import WorkerInfo
from .text import SourceText
from .verdict import BatchState

BUCKET_SECONDS = 10
"""How long one bucket is; it is named by the Unix time of its beginning, of Redis' own clock."""

BUCKETS_KEPT_SECONDS = 7500
"""How long a bucket is kept: two hours, and somewhat more, so that none is missing at the end of the longest window."""

MOST_RUNS_COUNTED = 200
"""How many runs are counted under their own names at a time; what further ones do is counted as `OTHER_RUNS`."""

RUN_COUNTED_SECONDS = 7 * 86_400
"""After so long without a result a run's totals are forgotten, and its place is another's."""

OTHER_RUNS = "other"
"""Stands in place of a scope for runs without a place of their own; scopes have a colon, so none is called that."""

COUNTED_RUNS = "crossjudge:stats:runs"
"""Sorted set of the scopes that are counted by name, scored with the Unix time in seconds of their latest result."""

TOTALS = "crossjudge:stats:totals"
"""Hash of what is counted for all runs together: the fields of `TotalsField`."""


class TotalsField:
    """Fields of the hash at `TOTALS`."""

    REDELIVERED = "redelivered"
    """Chunks that were started again, because an earlier delivery came to nothing."""
    FAILED = "failed"
    """Chunks of which cells were given up: they became `X`."""
    JAIL_STARTS = "jail_starts"


class StatsField:
    """Fields of a run's totals beside those of `cells_field`; whole numbers all."""

    EXECUTED = "executed"
    CACHED = "cached"
    CPU_MS = "cpu_ms"
    WALL_MS = "wall_ms"


_BETWEEN = "\t"  # neither a tenant's nor a run's name has one


def tenant_of(scope: str) -> str:
    """The tenant of a scope."""
    return scope.partition(":")[0]


def shown_scope(scope: str) -> str:
    """A scope as a person reads it: without the colon where there is no tenant."""
    return scope.removeprefix(":")


def run_stats_key(scope: str) -> str:
    """Hash of a run's running totals: `cells_field`s and `StatsField`s."""
    return f"crossjudge:stats:run:{scope}"


def bucket_key(tenant: str, start: int) -> str:
    """Hash of what a tenant's runs had counted in one bucket, by `bucket_field`."""
    return f"crossjudge:stats:bucket:{tenant}:{start}"


def cells_field(kind: str, verdict: str) -> str:
    """The field of cells with that verdict, of tests of that kind."""
    return f"{kind}{_BETWEEN}{verdict}"


def bucket_field(scope: str, field: str) -> str:
    """The field of a run's count in a bucket."""
    return f"{scope}{_BETWEEN}{field}"


def split_cells_field(field: str) -> tuple[str, str] | None:
    """Kind and verdict of a `cells_field`; none where the field is another."""
    kind, between, verdict = field.partition(_BETWEEN)
    return (kind, verdict) if between else None


def split_bucket_field(field: str) -> tuple[str, str]:
    """The scope and the run's own field of a `bucket_field`."""
    scope, _, rest = field.partition(_BETWEEN)
    return scope, rest


class Activity(Answer):
    """What was judged in some span of time. `verdicts` counts cells by letter; letters that did not occur are absent.

    Of the cells, `executed` were run and `cached` answered from an equal one. Equal cells count each.
    """

    cells: int = 0
    executed: int = 0
    cached: int = 0
    cpu_seconds: float = Field(0.0, description="CPU time of the cells that were run")
    wall_seconds: float = Field(0.0, description="wall-clock time of the cells that were run, added up")
    verdicts: dict[str, int] = Field({})


class Bucket(Activity):
    """One step of a time series, from `at` on."""

    at: datetime


class RunActivity(RunUsage):
    """A run: what it has used so far, what it did in the window, and what of it waits.

    `share` is its part of the CPU time that all runs took in the last minute.
    """

    window: Activity
    cells_per_second: float = Field(0.0, description="of the last minute")
    share: float = Field(0.0, ge=0, le=1)
    waiting_chunks: int = 0
    held_chunks: int = 0
    oldest_wait_seconds: float | None = Field(None, description="age of the oldest batch of which chunks wait")
    buckets: list[Bucket] | None = Field(None, description="only where asked for, by `by_run`")


class QueueState(Answer):
    """What waits for a worker, and what workers hold."""

    waiting_chunks: int = 0
    held_chunks: int = 0
    oldest_wait_seconds: float | None = None


class Stats(Answer):
    """The answer of `GET /v1/stats`: how things stand and how they went, in one piece.

    `buckets` are `step_seconds` each, oldest first, without a gap; the last is still filling.
    """

    now: datetime
    minutes: int
    step_seconds: int
    cells_per_second: float = Field(description="of the last minute")
    window: Activity
    kinds: dict[str, int] = Field(description="cells of the window by kind of test")
    buckets: list[Bucket]
    runs: list[RunActivity]
    queue: QueueState
    workers: list[WorkerInfo]


class ProblemSummary(Answer):
    """One problem of a batch, without its matrix. `verdicts` counts its cells by letter once the batch is final."""

    index: int
    id: str
    solutions: int
    tests: int
    verdicts: dict[str, int] | None = None


class ProblemPage(Answer):
    """The answer of `GET /v1/batches/{id}/problems`; `next` is the index at which the next page begins."""

    batch: BatchStatus
    total: int
    problems: list[ProblemSummary]
    next: int | None = None


class TestText(Answer):  # type: ignore[no-redef]  # the `kwargs` that pydantic's plugin gives its `__init__`
    """A test as texts: `code`, or what its kind has instead; values of a `call` test are JSON."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    kind: str
    code: SourceText | None = None
    stdin: SourceText | None = None
    stdout: SourceText | None = None
    compare: str | None = None
    args: SourceText | None = None
    kwargs: SourceText | None = None
    expected: SourceText | None = None
    tolerance: str | None = None


class CellView(Answer):
    """The answer of `GET /v1/batches/{id}/problems/{p}/cells/{i}/{j}`: all that is known of one cell.

    `verdict` is null where the cell is not judged yet. `solution` and `test` are null where they were too large to be
    kept. `message`, the times, `stdout` and `output` are null where the batch's `detail` did not ask for them.
    """

    batch: str
    run: str
    status: BatchState
    problem: int
    problem_id: str
    solution_index: int
    test_index: int
    verdict: str | None
    message: SourceText | None = None
    cpu_ms: float | None = None
    wall_ms: float | None = None
    stdout: SourceText | None = None
    output: SourceText | None = None
    solution_status: str | None = None
    solution_message: SourceText | None = None
    test_status: str | None = None
    test_message: SourceText | None = None
    entry_point: str | None = None
    prelude: SourceText = ""
    solution: SourceText | None = None
    test: TestText | None = None
    detail: list[str] = Field([], description="what the batch asked to be told of each cell")

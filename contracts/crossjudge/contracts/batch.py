"""What a batch is when it is posted, and what comes back for it."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from .problem import Limits, Problem, Request
from .verdict import BatchState, Detail, Isolation, SourceStatus

Priority = Literal["low", "normal", "high"]


def _details(value: Any) -> Any:
    return list(Detail) if value == "full" else value


Details = Annotated[
    list[Detail],
    BeforeValidator(_details, json_schema_input_type=list[Detail] | Literal["full"]),
]


class Batch(Request):
    """The body of `POST /v1/batches`: problems with limits, judged for one run."""

    run: str = Field("default", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    problems: list[Problem] = Field(min_length=1)
    limits: Limits = Limits()
    isolation: Isolation = Isolation.SPLIT
    detail: Details = Field([], description='what the answer carries for each cell; "full" for all of it')
    fork_per_cell: bool = Field(
        False,
        strict=True,
        description="a process of its own for each cell, even where solutions keep nothing between calls",
    )
    cache: bool = Field(
        True,
        strict=True,
        description="whether cells may be answered from equal ones of earlier batches, and kept for later ones",
    )
    priority: Priority = Field("normal", description="which of the run's own batches are judged first")
    weight: float = Field(
        1.0,
        ge=0.01,
        le=100,
        strict=True,
        description="the run's share of the workers beside that of the tenant's other runs, from this batch on",
    )


class Answer(BaseModel):
    """Base of what we send: frozen, and an older reader leaves aside what a newer sender added."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SolutionReport(Answer):
    """What can be said of one solution by itself. `copy_of`: the first one with the same source, where there is one."""

    status: SourceStatus
    message: str | None = None
    copy_of: int | None = None


class TestReport(Answer):
    """What can be said of one test by itself. `vacuous`: it never used the solution. `copy_of`: as of a solution.

    Where the batch leaves the isolation to us (`auto`), `isolation` says how the test was run, `isolation_reason` why.
    """

    __test__ = False  # not a test class, whatever pytest makes of its name

    status: SourceStatus
    message: str | None = None
    vacuous: bool = False
    isolation: Isolation | None = None
    isolation_reason: str | None = None
    copy_of: int | None = None


class CellReport(Answer):
    """The details of one cell, those of them that were asked for."""

    message: str | None = None
    cpu_ms: float | None = None
    wall_ms: float | None = None
    stdout: str | None = None


class ProblemResult(Answer):
    """The passing matrix of one problem: `matrix[i]` is the row of solution i, one letter a test."""

    id: str
    matrix: list[Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[PFETMCSX]*$"})]]
    solutions: list[SolutionReport]
    tests: list[TestReport]
    outputs: list[list[str | None]] | None = None
    cells: list[list[CellReport]] | None = None


class CellCounts(Answer):
    """Cells of a batch: all, those judged, and of these the ones run and the ones answered from an equal cell.

    An equal cell is one of the same batch or, unless `cache` is false, one that was judged before.
    """

    total: int
    done: int = 0
    executed: int = 0
    cached: int = 0


class BatchStatus(Answer):
    """The answer of `POST /v1/batches` and `GET /v1/batches/{id}`; `problems` is null until the batch is final."""

    id: str
    run: str
    status: BatchState
    cells: CellCounts
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    problems: list[ProblemResult] | None = None
    error: str | None = None


class BatchPage(Answer):
    """The answer of `GET /v1/batches`: newest first, without their problems; `next` is the cursor of the next page."""

    batches: list[BatchStatus]
    next: str | None = None


class RunUsage(Answer):
    """What one run has used so far."""

    run: str
    batches: int = 0
    cells: int = 0
    executed: int = 0
    cached: int = 0
    cpu_seconds: float = 0.0
    queue_wait_seconds: float = Field(0.0, description="mean wait of the run's batches before their first cell ran")
    last_batch_at: datetime | None = None


class RunList(Answer):
    """The answer of `GET /v1/runs`."""

    runs: list[RunUsage]


class Health(Answer):
    """The answer of `GET /healthz` and `GET /readyz`."""

    status: Literal["ok"] = "ok"
    version: str
    workers: int | None = None

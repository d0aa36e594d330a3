"""What the service and the workers exchange through Redis: a chunk of rows to judge, and what came of it.

Equal solutions of a problem form one row and equal tests one column: each such cell runs once and counts for all.
"""

from pydantic import NonNegativeInt

from .batch import Answer
from .problem import Limits, Request, Test
from .text import SourceText
from .verdict import Detail, Isolation, SourceStatus


class Order(Request):
    """What all chunks of a batch have in common."""

    run: str
    limits: Limits
    isolation: Isolation
    detail: list[Detail]
    fork_per_cell: bool = False
    cache: bool = True


class Columns(Request):
    """The tests of one problem, each once, and what its solutions run with."""

    entry_point: str | None
    prelude: SourceText
    tests: list[Test]


class Row(Request):
    """One solution to judge. `columns` are indices into `Columns.tests`; null is all of them.

    `counts` says for how many cells asked for each of these counts, since equal ones are judged once; null is one each.
    """

    solution: SourceText
    columns: list[NonNegativeInt] | None = None
    counts: list[NonNegativeInt] | None = None


class Part(Request):
    """Some rows of one problem; `problem` is its index in the batch."""

    problem: NonNegativeInt
    rows: list[Row]


class Chunk(Request):
    """A fraction of a second of work: rows of one problem, or of several small ones.

    `cells` counts the cells asked for that this chunk answers, equal ones counted each.
    """

    parts: list[Part]
    cells: NonNegativeInt


class SourceReport(Answer):
    """What can be said of one solution by itself."""

    status: SourceStatus
    message: str | None = None


class CellDetail(Answer):
    """What a worker says of one cell, as far as the order asked."""

    message: str | None = None
    cpu_ms: float | None = None
    wall_ms: float | None = None
    stdout: str | None = None
    output: str | None = None


class RowResult(Answer):
    """The verdict letters of one row, one a test, `S` where a column was not asked for."""

    verdicts: str
    solution: SourceReport
    cells: list[CellDetail] | None = None


class ColumnReport(Answer):
    """What a chunk learnt of one test. `used` is true, false, or null where no cell got far enough to tell.

    `needs` says why the test has to share an interpreter with the solution, where it has to.
    """

    status: SourceStatus
    message: str | None = None
    used: bool | None = None
    needs: str | None = None


class PartResult(Answer):
    """What came of one part of a chunk: its rows, and what they taught of the problem's tests."""

    rows: list[RowResult]
    tests: list[ColumnReport]


class ChunkResult(Answer):
    """What came of one chunk, part by part."""

    parts: list[PartResult]
    executed: int
    cpu_seconds: float
    wall_seconds: float = 0.0
    worker: str

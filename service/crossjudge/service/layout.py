"""The service's note of how a batch was split, from which its answer is put together again. Kept beside the batch.

Equal solutions share a row and equal tests share a column; what is too large to be run has neither, and is judged
here: its cells are `E`.
"""

from pydantic import Field

from crossjudge.contracts import Request


class ProblemLayout(Request):
    """Where the solutions and tests of one problem went."""

    id: str
    rows: list[int | None]
    """The row of each solution; null where the solution is too large."""
    columns: list[int | None]
    """The column of each test, an index into `Columns.tests`; null where the test is too large."""
    asked: list[str] | None = None
    """One string a solution, one letter a test: `1` where the cell was asked for. Null is all of them."""
    parts: list[tuple[int, int, list[int]]] = Field([])
    """Where its rows went: the chunk, the part of that chunk, and the rows that are there, in its order."""
    large_solutions: dict[int, str] = Field({})
    """What is said of each solution that is too large."""
    large_tests: dict[int, str] = Field({})


class Layout(Request):
    """The whole batch."""

    problems: list[ProblemLayout]

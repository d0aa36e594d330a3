"""One passing matrix as numpy arrays. Knows nothing of HTTP."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crossjudge.contracts import CellReport, ProblemResult, SolutionReport, TestReport, Verdict

from .errors import ProtocolError

_UNSCORED = [verdict.value for verdict in Verdict if not verdict.is_scored]


class Grid:
    """The verdicts of one problem: solutions × tests.

    `index` is the problem's position in what was given to `stream` or `submit`; 0 for `matrix`.
    Cells that are not `scored` (S: skipped, X: not judged) say nothing about a program: mask them before you count.
    """

    def __init__(self, result: ProblemResult, *, index: int = 0, batch: str | None = None) -> None:
        self.result = result
        self.index = index
        self.batch = batch
        if [len(row) for row in result.matrix] != [len(result.tests)] * len(result.solutions):
            raise ProtocolError(f"the matrix of problem {result.id!r} has not the shape {self.shape}", batch=batch)

    @property
    def id(self) -> str:
        return self.result.id

    @property
    def shape(self) -> tuple[int, int]:
        """(solutions, tests)"""
        return len(self.result.solutions), len(self.result.tests)

    @property
    def verdicts(self) -> list[str]:
        """One string a solution, one letter a test."""
        return self.result.matrix

    @property
    def solutions(self) -> list[SolutionReport]:
        return self.result.solutions

    @property
    def tests(self) -> list[TestReport]:
        return self.result.tests

    @property
    def outputs(self) -> list[list[str | None]] | None:
        """A digest a cell of what the solution gave back, where `detail` asked for it."""
        return self.result.outputs

    @property
    def cells(self) -> list[list[CellReport]] | None:
        """A report a cell, where `detail` asked for messages, timings or stdout."""
        return self.result.cells

    @cached_property
    def letters(self) -> NDArray[np.str_]:
        """Verdict letters, dtype `U1`, shape (solutions, tests)."""
        return np.array(list("".join(self.result.matrix)), dtype="U1").reshape(self.shape)

    @cached_property
    def passed(self) -> NDArray[np.bool_]:
        """True where the test passed, shape (solutions, tests)."""
        return np.asarray(self.letters == Verdict.PASSED.value, dtype=np.bool_)

    @cached_property
    def scored(self) -> NDArray[np.bool_]:
        """False where there is no verdict on the program (S and X), shape (solutions, tests)."""
        return np.asarray(~np.isin(self.letters, _UNSCORED), dtype=np.bool_)

    def __repr__(self) -> str:
        return f"<Grid {self.id!r}: {self.shape[0]} solutions × {self.shape[1]} tests, {int(self.passed.sum())} passed>"

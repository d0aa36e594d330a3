"""What a selector answers."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .matrix import Bools, Floats, PassingMatrix


@dataclass(frozen=True, eq=False)
class Selection:
    """The consensus pair of one problem.

    `solutions` and `tests` hold the best guess there is, even where `abstain` says why it is not to be trusted: what
    trains on a selection leaves such a problem out, what must answer something takes the guess.
    """

    solutions: Bools
    """(N,), the solutions chosen; at a tie all that are tied."""
    tests: Bools
    """(M,), the tests that are consistent with them."""
    solution_scores: Floats
    """(N,), in [0, 1], more is better; NaN where a solution could not be scored (too few of its cells were judged)."""
    test_scores: Floats
    """(M,), the same of tests; 0 for a test that is not sound, NaN for one that too few solutions were judged on."""
    margin: float
    """How far the runner-up is behind: 1 - (its score) / (the best), in [0, 1]. 0 is a tie, 1 is no runner-up."""
    abstain: str | None = None
    """Why this choice should not be used; None where it may."""

    def unfold(self, solutions: NDArray[np.int64], tests: NDArray[np.int64]) -> "Selection":
        """The selection of a matrix of which this one's was folded: index of each original row and column."""
        return Selection(
            self.solutions[solutions], self.tests[tests], self.solution_scores[solutions], self.test_scores[tests],
            self.margin, self.abstain,
        )  # fmt: skip

    def because(self, abstain: str) -> "Selection":
        """The same with a reason not to use it."""
        return replace(self, abstain=abstain)

    def only(self, solutions: Bools) -> "Selection":
        """The same with fewer of its solutions."""
        return replace(self, solutions=solutions)


def unknown(matrix: PassingMatrix, why: str) -> Selection:
    """Nothing tells the solutions apart: all are chosen and none of the tests, and no use is advised."""
    height, width = matrix.shape
    return Selection(
        np.ones(height, np.bool_), np.zeros(width, np.bool_), np.zeros(height), np.zeros(width), 0.0, why
    )  # fmt: skip

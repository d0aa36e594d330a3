"""Leave-one-out: a test is as good as it agrees with the ranking that all the others make."""

from typing import ClassVar

import numpy as np

from .base import OneByOne
from .matrix import Floats, PassingMatrix
from .pointwise import chosen, weights_of
from .ranks import average_ranks
from .selection import Selection


class LeaveOneOut(OneByOne):
    """Score of solution i = Σ_j w_j·E_ij / Σ_j w_j, with tests weighed by their leave-one-out consistency.

    w_j = max(0, 2·AUC_j - 1), where AUC_j is the chance that, of a solution that passes j and one that does not, the
    first has the larger score among all other tests (ties count half). The idea is that of ACES (2604.03922), from its
    abstract; the rest is ours: start from w = 1, repeat `rounds` times. A test that all pass or none passes tells
    nothing and weighs 0; where all weights vanish they are all 1. A test's score is AUC_j, its choice AUC_j > 1/2; one
    that tells nothing has 1 where all pass it and 0 where none does.
    """

    name: ClassVar[str] = "leave_one_out"

    def __init__(self, copies: bool = False, rounds: int = 3) -> None:
        self.copies, self.rounds = copies, rounds

    def _select(self, matrix: PassingMatrix) -> Selection:
        _, copies = weights_of(matrix, self.copies)
        passed, judged = matrix.passed.astype(np.float64), matrix.judged.astype(np.float64)
        weights = copies
        for _ in range(self.rounds):
            areas = _areas(passed, judged, weights)
            found = copies * np.maximum(0.0, 2 * np.nan_to_num(areas, nan=0.5) - 1)
            weights = found if found.any() else copies
        total = judged @ weights
        scores = np.where(total > 0, (passed @ weights) / np.where(total > 0, total, 1.0), 0.0)
        all_pass = (matrix.passed | ~matrix.judged).all(axis=0) & matrix.judged.any(axis=0)
        test_scores = np.where(np.isnan(areas), all_pass, areas)
        return chosen(matrix, scores, scores, test_scores, test_scores > 0.5)


def _areas(passed: Floats, judged: Floats, weights: Floats) -> Floats:
    """(M,), AUC_j; NaN where j tells nothing."""
    others = (passed @ weights)[:, None] - passed * weights  # (N, M)
    due = (judged @ weights)[:, None] - judged * weights
    scores = np.where(due > 0, others / np.where(due > 0, due, 1.0), 0.0)
    ranks = average_ranks(np.where(judged > 0, scores, np.inf))  # what was not judged ranks behind, and counts nowhere
    yes = passed.sum(axis=0)
    no = judged.sum(axis=0) - yes
    with np.errstate(invalid="ignore", divide="ignore"):
        areas = ((ranks * passed).sum(axis=0) - yes * (yes + 1) / 2) / (yes * no)
    return np.where((yes > 0) & (no > 0), areas, np.nan)

"""MaxPass: the solutions that pass the most tests."""

from typing import ClassVar

import numpy as np

from .base import NOTHING_PASSES, OneByOne, is_best, margin_of
from .matrix import PassingMatrix
from .selection import Selection


class MaxPass(OneByOne):
    """Score of solution i = (tests that it passes) / (tests that it was judged on).

    A baseline of B4 (2409.08692 §5), which counts passes: where no cell is masked, the choice is the same. With
    `copies` each test counts as often as it was written. The chosen tests are those that all of the chosen solutions
    pass; a test's score is its mean pass over solutions, weighed by their scores.
    """

    name: ClassVar[str] = "maxpass"

    def __init__(self, copies: bool = False) -> None:
        self.copies = copies

    def _select(self, matrix: PassingMatrix) -> Selection:
        weights = matrix.sound_tests * (matrix.test_copies if self.copies else 1.0)
        judged = matrix.judged @ weights  # (N,)
        with np.errstate(invalid="ignore", divide="ignore"):
            scores = np.where(judged > 0, (matrix.passed @ weights) / judged, np.nan)
            known = ~np.isnan(scores)
            trust = np.where(known, scores, 0.0)[:, None] * matrix.judged  # (N, M)
            tests = np.where(trust.sum(axis=0) > 0, (trust * matrix.passed).sum(axis=0) / trust.sum(axis=0), 0.0)
            tests = np.where(matrix.judged.any(axis=0), tests * matrix.sound_tests, np.nan)
        chosen = np.zeros(matrix.shape[0], np.bool_)
        chosen[known] = is_best(scores[known])
        consistent = matrix.passed[chosen].any(axis=0) & (matrix.passed | ~matrix.judged)[chosen].all(axis=0)
        distinct = np.unique(scores[known])
        return Selection(
            chosen, consistent & matrix.sound_tests, scores, tests, margin_of(distinct),
            None if matrix.passed[:, matrix.sound_tests].any() else NOTHING_PASSES,
        )  # fmt: skip

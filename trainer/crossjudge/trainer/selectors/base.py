"""What a selector is, and what all that score consensus sets share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np

from .groups import Groups, row_groups
from .matrix import Bools, Floats, PassingMatrix
from .selection import Selection, unknown

NO_SOLUTION = "the problem has no solution"
NO_TEST = "the problem has no test that could be used: none, or each is broken by itself or never uses the solution"
NOT_JUDGED = "too few cells could be judged to compare any solutions"
NOTHING_PASSES = "no solution passes any test"


class Selector(Protocol):
    """Turns passing matrices into consensus pairs."""

    name: ClassVar[str]

    def select(self, matrices: Sequence[PassingMatrix]) -> list[Selection]:
        """One selection for each matrix, in their order."""
        ...


class OneByOne(ABC):
    """A selector that looks at each problem by itself."""

    name: ClassVar[str]

    def select(self, matrices: Sequence[PassingMatrix]) -> list[Selection]:
        return [self.select_one(matrix) for matrix in matrices]

    def select_one(self, matrix: PassingMatrix) -> Selection:
        """The selection of one matrix; `abstain` says so where there is nothing to look at."""
        if (why := nothing_in(matrix)) is not None:
            return unknown(matrix, why)
        return self._select(matrix)

    @abstractmethod
    def _select(self, matrix: PassingMatrix) -> Selection:
        """The selection of a matrix that has at least one solution and one sound test."""


def nothing_in(matrix: PassingMatrix) -> str | None:
    """Why a matrix says nothing at all; None where it may say something."""
    if not matrix.shape[0]:
        return NO_SOLUTION
    if not matrix.sound_tests.any():
        return NO_TEST
    if not matrix.judged[:, matrix.sound_tests].any():
        return NOT_JUDGED
    return None


class Consensus(OneByOne):
    """Scores consensus sets and chooses the best one: all of its solutions, and the tests that they pass.

    At a tie the members of all the best sets are chosen, and every test that any of them passes. A solution's score is
    that of its set; a test's score is the share of the sets that pass it, weighed by their `beliefs`.

    Degenerate cases: nothing to compare, or no solution that passes any test: abstains.
    """

    def __init__(self, copies: bool = False) -> None:
        self.copies = copies

    def groups(self, matrix: PassingMatrix) -> Groups:
        return row_groups(matrix, copies=self.copies)

    @abstractmethod
    def raw_scores(self, groups: Groups) -> Floats:
        """(G,), the score as the paper states it."""

    @abstractmethod
    def beliefs(self, groups: Groups, raw: Floats) -> tuple[Floats, float]:
        """Scores in [0, 1], and the margin of the best."""

    def _select(self, matrix: PassingMatrix) -> Selection:
        return self._of_groups(matrix, self.groups(matrix))

    def _of_groups(self, matrix: PassingMatrix, groups: Groups) -> Selection:
        if not groups.rows.size or not groups.columns.size:
            return unknown(matrix, NOT_JUDGED)
        raw = self.raw_scores(groups)
        scores, margin = self.beliefs(groups, raw)
        selection = _selection_of(matrix, groups, scores, is_best(raw), margin)
        return selection if groups.pattern.any() else selection.because(NOTHING_PASSES)


class ScaledConsensus(Consensus):
    """Of raw scores that are at least 0: a set's belief is its share of `most`."""

    def beliefs(self, groups: Groups, raw: Floats) -> tuple[Floats, float]:
        most = self.most(groups)
        return raw / most if most > 0 else np.zeros_like(raw), margin_of(raw)

    @abstractmethod
    def most(self, groups: Groups) -> float:
        """The largest raw score that a matrix of this size could have."""


def is_best(raw: Floats) -> Bools:
    """(G,), True for the best and for those that differ from it by rounding alone."""
    top = raw.max()
    return np.asarray(raw >= top - 1e-9 * max(1.0, abs(float(top))))


def margin_of(raw: Floats) -> float:
    """1 - runner-up / best of scores that are at least 0; 0 where the best is 0, 1 where it is alone."""
    if raw.size < 2:
        return 1.0
    second, best = np.partition(raw, -2)[-2:]
    return float(1 - second / best) if best > 0 else 0.0


def log_margin_of(raw: Floats) -> float:
    """The same of logarithms of scores: 1 - exp(runner-up - best)."""
    if raw.size < 2:
        return 1.0
    second, best = np.partition(raw, -2)[-2:]
    return float(-np.expm1(second - best))


def softmax(raw: Floats) -> Floats:
    """exp(raw) scaled to a sum of 1, without overflow."""
    scaled = np.exp(raw - raw.max())
    return np.asarray(scaled / scaled.sum())


def _selection_of(matrix: PassingMatrix, groups: Groups, scores: Floats, best: Bools, margin: float) -> Selection:
    height, width = matrix.shape
    solutions, tests = np.zeros(height, np.bool_), np.zeros(width, np.bool_)
    solution_scores, test_scores = np.full(height, np.nan), np.full(width, np.nan)
    solutions[groups.rows] = best[groups.of]
    solution_scores[groups.rows] = scores[groups.of]
    tests[groups.columns] = groups.pattern[best].any(axis=0)
    total = scores.sum()
    weights = scores / total if total > 0 else np.full_like(scores, 1 / scores.size)
    test_scores[groups.columns] = weights @ groups.pattern
    test_scores[~matrix.sound_tests] = 0.0
    return Selection(solutions, tests, solution_scores, np.minimum(test_scores, 1.0), margin)

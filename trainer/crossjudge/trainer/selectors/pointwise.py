"""What selectors share that score each solution and each test by itself instead of scoring sets."""

import numpy as np

from .base import NOTHING_PASSES, is_best, margin_of
from .matrix import Bools, Floats, PassingMatrix
from .selection import Selection


def weights_of(matrix: PassingMatrix, copies: bool) -> tuple[Floats, Floats]:
    """(N,) of the solutions and (M,) of the tests: copies, or 1 each; tests that are not sound weigh 0."""
    if not copies:
        return np.ones(matrix.shape[0]), matrix.sound_tests.astype(np.float64)
    return matrix.solution_copies.astype(np.float64), (matrix.test_copies * matrix.sound_tests).astype(np.float64)


def chosen(
    matrix: PassingMatrix, ranking: Floats, solution_scores: Floats, test_scores: Floats, tests: Bools
) -> Selection:
    """The solutions that rank first, with all that tie; the margin is that of distinct scores.

    `ranking` (N,) orders solutions where their scores are too close to 0 or 1 to do so. A solution that was judged on
    no sound test has no score, and neither has a test that no solution was judged on.
    """
    known = matrix.judged[:, matrix.sound_tests].any(axis=1)
    solutions = np.zeros(matrix.shape[0], np.bool_)
    solutions[known] = is_best(ranking[known])
    scores = np.where(known, solution_scores, np.nan)
    rest = scores[known & ~solutions]
    margin = margin_of(np.array([rest.max(initial=0.0), scores[solutions].max()])) if rest.size else 1.0
    passes = (matrix.passed & matrix.sound_tests).any()
    seen = matrix.judged.any(axis=0)
    test_scores = np.where(seen, test_scores * matrix.sound_tests, np.nan)
    return Selection(
        solutions, tests & seen & matrix.sound_tests, scores, test_scores, margin,
        None if passes else NOTHING_PASSES,
    )  # fmt: skip

"""Spectral selectors: what one direction explains of a matrix."""

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from .base import OneByOne
from .errors import BadOption
from .matrix import Floats, PassingMatrix
from .pointwise import chosen, weights_of
from .selection import Selection

Kind = Literal["rank_one", "agreement"]
Step = Callable[[Floats], Floats]


class Spectral(OneByOne):
    """Scores from the leading direction of a matrix, by power iteration from the all-ones vector.

    `rank_one`: the best non-negative rank-one factors of the passes, E ≈ σ·u·vᵀ. Solutions are good that pass good
    tests, tests are good that good solutions pass (Kleinberg's hubs and authorities).

    `agreement`: the leading eigenvector of the solutions' agreement A_ik = (share of tests in which i and k do the
    same), diagonal left out: solutions are good that agree with good ones. Failing alike counts as much as passing
    alike, so that the largest crowd leads. A test has the share of solutions that pass it, weighed by their scores.

    Both are scaled so that the best solution has 1. The tests chosen are those that score more than half of the best
    test (`rank_one`) or of 1 (`agreement`). A matrix with nothing passed: abstains. Masked cells count as failed in
    `rank_one` and as half agreeing in `agreement`.
    """

    name: ClassVar[str] = "spectral"

    def __init__(self, kind: Kind = "rank_one", copies: bool = False, iterations: int = 200) -> None:
        if kind not in ("rank_one", "agreement"):
            raise BadOption(f"kind is rank_one or agreement, not {kind!r}")
        self.kind, self.copies, self.iterations = kind, copies, iterations

    def _select(self, matrix: PassingMatrix) -> Selection:
        solutions, tests = weights_of(matrix, self.copies)
        if self.kind == "rank_one":
            scores, test_scores = self._rank_one(matrix, solutions, tests)
        else:
            scores, test_scores = self._agreement(matrix, solutions, tests)
        return chosen(matrix, scores, scores, test_scores, test_scores > 0.5)

    def _rank_one(self, matrix: PassingMatrix, solutions: Floats, tests: Floats) -> tuple[Floats, Floats]:
        passed = matrix.passed.astype(np.float64)

        def step(vector: Floats) -> Floats:
            return passed @ (tests * ((vector * solutions) @ passed))

        scores = self._leading(step, matrix.shape[0])
        return scores, _scaled((scores * solutions) @ passed * (tests > 0))

    def _agreement(self, matrix: PassingMatrix, solutions: Floats, tests: Floats) -> tuple[Floats, Floats]:
        signs = np.where(matrix.judged, np.where(matrix.passed, 1.0, -1.0), 0.0)
        alike = 0.5 + 0.5 * (signs * tests) @ signs.T / max(tests.sum(), 1.0)  # (N, N)
        np.fill_diagonal(alike, (solutions - 1) / solutions)  # copies of itself agree with it

        def step(vector: Floats) -> Floats:
            return np.asarray(alike @ (vector * solutions))

        scores = self._leading(step, matrix.shape[0])
        weight = (scores * solutions)[:, None] * matrix.judged
        return scores, np.asarray((weight * matrix.passed).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-12))

    def _leading(self, step: Step, size: int) -> Floats:
        """The leading eigenvector, its largest entry 1; zeros where there is none."""
        vector = np.ones(size)
        for _ in range(self.iterations):
            previous, vector = vector, _scaled(step(vector))
            if np.abs(vector - previous).max() < 1e-9:
                break
        return vector


def _scaled(vector: Floats) -> Floats:
    return np.asarray(vector / vector.max()) if vector.size and vector.max() > 0 else np.zeros_like(vector)

"""What is known to be true of a problem, where somebody knows it."""

from dataclasses import dataclass

import numpy as np

from .errors import BadMatrix
from .matrix import Bools, PassingMatrix


@dataclass(frozen=True, eq=False)
class Labels:
    """The truth about one problem, in the order of its matrix."""

    solutions: Bools
    """(N,), which solutions are correct."""
    tests: Bools | None = None
    """(M,), which tests are correct: a right solution passes them. None where no right solution is at hand to tell."""

    def of_tests(self, matrix: PassingMatrix) -> Bools | None:
        """(M,), `tests`, or what the correct solutions say of them: correct where all that were judged on it pass.

        None where neither is known.
        """
        if self.tests is not None:
            return self.tests
        if not self.solutions.any():
            return None
        passed, judged = matrix.passed[self.solutions], matrix.judged[self.solutions]
        return np.asarray((passed | ~judged).all(axis=0) & judged.any(axis=0))

    def check(self, matrix: PassingMatrix) -> None:
        """Raises `BadMatrix` where the labels are not of this matrix."""
        height, width = matrix.shape
        if self.solutions.shape != (height,) or (self.tests is not None and self.tests.shape != (width,)):
            raise BadMatrix(f"the labels are not those of {height} solutions × {width} tests", matrix.id)

"""Dawid-Skene: each test is a witness with two coins, whose bias EM finds out."""

from typing import ClassVar

import numpy as np
from scipy.special import expit, logit

from .base import OneByOne
from .matrix import Floats, PassingMatrix
from .pointwise import chosen, weights_of
from .selection import Selection


class DawidSkene(OneByOne):
    """Two-coin model of Dawid and Skene (1979), solutions as items and tests as annotators.

    A correct solution passes test j with probability a_j, a wrong one with b_j. EM from the share of passes as first
    guess q_i = P(i is correct):

      M: π = (Σ q_i + 1) / (N + 2);  a_j = (Σ q_i·E_ij + 2) / (Σ q_i + 3);  b_j = (Σ (1-q_i)·E_ij + 1) / (Σ (1-q_i) + 3)
      E: logit q_i = logit π + Σ_j [E_ij·ln(a_j / b_j) + (1 - E_ij)·ln((1 - a_j) / (1 - b_j))]

    with sums over judged cells. The pseudo-counts say that tests are rather right than wrong, which also keeps correct
    and wrong from changing places. A solution's score is q_i; a test's is a_j, since a correct test is one that correct
    solutions pass, and those with a_j > 1/2 are chosen.

    Its assumption, that tests err independently given a solution, does not hold where tests share inputs or solutions
    share bugs: q saturates near 0 and 1. `power` < 1 tempers the E step's sum for that.
    """

    name: ClassVar[str] = "dawid_skene"

    def __init__(
        self, copies: bool = False, power: float = 1.0, iterations: int = 100, tolerance: float = 1e-6
    ) -> None:
        self.copies, self.power, self.iterations, self.tolerance = copies, power, iterations, tolerance

    def _select(self, matrix: PassingMatrix) -> Selection:
        solutions, tests = weights_of(matrix, self.copies)
        passed, judged = matrix.passed.astype(np.float64), matrix.judged.astype(np.float64)
        failed = judged - passed
        guess = (passed @ tests + 1) / (judged @ tests + 2)
        for _ in range(self.iterations):
            share, right, wrong = _coins(guess, solutions, passed, judged)
            evidence = passed @ (tests * np.log(right / wrong)) + failed @ (tests * np.log((1 - right) / (1 - wrong)))
            ranking = logit(share) + self.power * evidence
            previous, guess = guess, expit(ranking)
            if np.abs(guess - previous).max() < 1e-6:
                break
        return chosen(matrix, ranking, guess, right, right > 0.5)


def _coins(guess: Floats, solutions: Floats, passed: Floats, judged: Floats) -> tuple[float, Floats, Floats]:
    """The M step: π, and a and b of each test, (M,)."""
    correct, wrong = guess * solutions, (1 - guess) * solutions
    share = float((correct.sum() + 1) / (solutions.sum() + 2))
    passes_correct = (correct @ passed + 2) / (correct @ judged + 3)
    passes_wrong = (wrong @ passed + 1) / (wrong @ judged + 3)
    return share, passes_correct, passes_wrong

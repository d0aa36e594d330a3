"""B4: the most likely consensus set under a Bayesian model with four Beta priors."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.special import betaln

from .base import Consensus, log_margin_of, softmax
from .errors import BadOption
from .groups import Groups, output_groups
from .matrix import Floats, PassingMatrix

Beta = tuple[float, float]


@dataclass(frozen=True)
class Priors:
    """Beta(a, b) before each of the four unknowns of the model (2409.08692 §4.3). All numbers are above 0."""

    correct_solution: Beta = (1.0, 1.0)
    """θ_x, the share of solutions that are correct."""
    correct_test: Beta = (1.0, 1.0)
    """θ_y, the share of tests that are correct."""
    wrong_passes_correct: Beta = (1.0, 1.0)
    """θ_1, how often a wrong solution passes a correct test."""
    wrong_passes_wrong: Beta = (1.0, 1.0)
    """θ_0, how often a wrong solution passes a wrong test."""

    def __post_init__(self) -> None:
        for name, (a, b) in vars(self).items():
            if not (np.isfinite([a, b]).all() and a > 0 and b > 0):
                raise BadOption(f"the prior {name} must be two numbers above 0, not ({a}, {b})")

    @classmethod
    def family(cls, alpha_xy: float, beta_0: float) -> Self:
        """The authors' two-number family: θ_x, θ_y ~ Beta(alpha_xy, 1), θ_1 ~ Beta(1, 1), θ_0 ~ Beta(1, beta_0)."""
        return cls((alpha_xy, 1.0), (alpha_xy, 1.0), (1.0, 1.0), (1.0, beta_0))


def log_evidence(groups: Groups, priors: Priors) -> Floats:
    """(G,), ln P(matrix | the set is all of the correct solutions, its tests the correct ones) up to a constant.

    2409.08692 §4, with x, y, 1, 0 for the four priors:
      lnB(n + a_x, N - n + b_x) + lnB(m + a_y, M - m + b_y)
      + lnB(s1 + a_1, (N - n)·m - s1 + b_1) + lnB(s0 + a_0, (N - n)·(M - m) - s0 + b_0)
    The priors' own lnB(a, b), the same for each set, are left out. An empty block leaves lnB(a, b) of its prior.
    """
    g, rest_n, rest_m = groups, groups.all_n - groups.n, groups.all_m - groups.m
    terms = (
        (g.n, rest_n, priors.correct_solution),
        (g.m, rest_m, priors.correct_test),
        (g.s1, rest_n * g.m - g.s1, priors.wrong_passes_correct),
        (g.s0, rest_n * rest_m - g.s0, priors.wrong_passes_wrong),
    )
    return np.asarray(sum(betaln(yes + a, no + b) for yes, no, (a, b) in terms))


class B4(Consensus):
    """Score of a set = `log_evidence`; solutions' and tests' scores are posterior probabilities, given that one of the
    sets is the right one.

    The defaults are the authors' for real data, `alpha_xy` 1e3 and `beta_0` 1e5 (they also use 1e4 and 1e6); for their
    simulation both are 10. `priors` states all eight numbers instead. Copies count once, as in the authors' runs.
    """

    name: ClassVar[str] = "b4"

    def __init__(
        self, alpha_xy: float = 1e3, beta_0: float = 1e5, copies: bool = False, priors: Priors | None = None
    ) -> None:
        super().__init__(copies)
        self.priors = priors or Priors.family(alpha_xy, beta_0)

    def raw_scores(self, groups: Groups) -> Floats:
        return log_evidence(groups, self.priors)

    def beliefs(self, groups: Groups, raw: Floats) -> tuple[Floats, float]:
        return softmax(raw), log_margin_of(raw)


class OutputB4(B4):
    """B4 whose sets are the solutions that gave back the same everywhere, where outputs are known.

    Ours: two solutions that no test tells apart may still differ, and then only one of them is right.
    """

    name: ClassVar[str] = "output_b4"

    def groups(self, matrix: PassingMatrix) -> Groups:
        return output_groups(matrix, copies=self.copies)

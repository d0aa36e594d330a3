"""CodeT: dual execution agreement."""

from typing import ClassVar

import numpy as np

from .base import ScaledConsensus
from .groups import Groups
from .matrix import Floats


class CodeT(ScaledConsensus):
    """Score of a set C = m · sqrt(|C|), as released (2207.10397 §2.2 writes m · |C|: `exponent` 1).

    With `copies` solutions and tests count as often as they were written, as in the authors' own runs; B4's comparison
    counts distinct ones. A set that passes nothing scores 0.
    """

    name: ClassVar[str] = "codet"

    def __init__(self, copies: bool = True, exponent: float = 0.5) -> None:
        super().__init__(copies)
        self.exponent = exponent

    def raw_scores(self, groups: Groups) -> Floats:
        return np.asarray(groups.m * groups.n**self.exponent)

    def most(self, groups: Groups) -> float:
        return float(groups.all_m * groups.all_n**self.exponent)


class SoftCodeT(ScaledConsensus):
    """Ours: CodeT with a soft size. Score of a set C = m · Σ_i J(C, i)², over all solutions i.

    J(C, i) is the Jaccard index of the tests that C passes and those that i passes: members count 1, solutions that
    agree in most tests count nearly as much. So a correct set that is small, because many solutions are nearly correct,
    is not lost. Without a root, since the sum grows slower than |C| does.
    """

    name: ClassVar[str] = "soft_codet"

    def raw_scores(self, groups: Groups) -> Floats:
        return soft_agreement(groups)

    def most(self, groups: Groups) -> float:
        return groups.all_m * groups.all_n


def soft_agreement(groups: Groups) -> Floats:
    """(G,), m · Σ_i J(C, i)². Sets that pass nothing have 0."""
    return np.asarray(groups.m * groups.all_n * groups.support)

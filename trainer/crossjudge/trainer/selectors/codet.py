"""CodeT: dual execution agreement."""

from typing import ClassVar

import numpy as np

from .base import Consensus
from .groups import Groups
from .matrix import Floats


class CodeT(Consensus):
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

"""Gates: reasons to abstain that can stand behind any selector."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from .base import Selector
from .errors import BadOption
from .gated_clusters import NOT_ENOUGH, TOO_CLOSE
from .matrix import PassingMatrix
from .selection import Selection


class Gated:
    """A selector that abstains where its choice has fewer than `min_members` solutions, copies counted, or a margin
    below `min_margin`. The guess stays what it was, and so does a reason to abstain that was there before.

    A group that trains on a choice of one solution learns its accidents; see `GatedClusters`, which has gates built in.
    """

    name: ClassVar[str] = "gated"

    def __init__(self, selector: Selector, min_members: int = 1, min_margin: float = 0.0) -> None:
        if not 0 <= min_margin <= 1:
            raise BadOption(f"min_margin is a share between 0 and 1, not {min_margin}")
        if min_members < 1:
            raise BadOption(f"min_members is a number of at least 1, not {min_members}")
        self.selector, self.min_members, self.min_margin = selector, min_members, min_margin

    def select(self, matrices: Sequence[PassingMatrix]) -> list[Selection]:
        chosen = self.selector.select(matrices)
        return [self._through(matrix, each) for matrix, each in zip(matrices, chosen, strict=True)]

    def _through(self, matrix: PassingMatrix, selection: Selection) -> Selection:
        if selection.abstain is not None:
            return selection
        if int(np.sum(matrix.solution_copies[selection.solutions])) < self.min_members:
            return selection.because(NOT_ENOUGH)
        return selection.because(TOO_CLOSE) if selection.margin < self.min_margin else selection

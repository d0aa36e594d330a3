"""What a reward answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .group import Floats


@dataclass(frozen=True, eq=False)
class Rewards:
    """One value for each solution or test of a group, and the numbers that it is made of.

    NaN is no reward, which is not a reward of 0: leave such a sample out of the baseline and of the loss.
    """

    values: Floats
    """(K,)"""
    parts: Mapping[str, Floats]
    """Each (K,), by name; NaN where a part is not known."""

    @property
    def listed(self) -> list[float | None]:
        """The values with None for NaN, as trainers take them that have a reward function return a list."""
        return [None if np.isnan(value) else float(value) for value in self.values]

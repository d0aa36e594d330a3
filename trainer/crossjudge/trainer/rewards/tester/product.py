"""A test is worth what it tells apart, if it is valid."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crossjudge.trainer.rewards.group import Group
from crossjudge.trainer.rewards.options import one_of
from crossjudge.trainer.rewards.rewarded import Rewards

from .discrimination import WAYS as DISCRIMINATION
from .discrimination import discrimination
from .validity import WAYS as VALIDITY
from .validity import validity


@dataclass(frozen=True)
class Product:
    """R_j = f_j · V_j · D_j / c_j: executes, is valid, what it tells apart, shared among its c_j identical copies.

    A trivial test is worth nothing, and one that all write is worth little to each. Centre advantages on the group's
    mean, without dividing by its deviation: that would undo the sharing.

    A test that does not execute or is not valid gets 0, whatever else is unknown. No reward: where V is unknown
    (nothing chosen, no cell judged), or V is 1 and D unknown (all solutions chosen; no live mutants).
    """

    name: ClassVar[str] = "product"
    validity: str = "solutions"
    discrimination: str = "solutions"
    share_copies: bool = True

    def __post_init__(self) -> None:
        one_of("validity", self.validity, VALIDITY)
        one_of("discrimination", self.discrimination, DISCRIMINATION)

    def of(self, group: Group, progress: float = 0.0) -> Rewards:
        v = validity(group, self.validity)  # (M,), as all that follows
        d = discrimination(group, self.discrimination)
        nothing = ~group.executes | (v == 0)
        values = np.where(nothing, 0.0, v * d / (group.copies if self.share_copies else 1))
        parts = {"executes": group.executes.astype(np.float64), "validity": v, "discrimination": d}
        return Rewards(values, parts)

"""A test is rewarded for being valid, and the later in the training the more for telling solutions apart."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crossjudge.trainer.rewards.group import Group
from crossjudge.trainer.rewards.options import between, one_of
from crossjudge.trainer.rewards.rewarded import Rewards

from .curriculum import weight
from .discrimination import WAYS as DISCRIMINATION
from .discrimination import discrimination
from .validity import WAYS as VALIDITY
from .validity import validity


@dataclass(frozen=True)
class Additive:
    """R_j = f_j · ((1 - w_t) · V_j + w_t · V_j · D_j), after ZeroCoder's summary (2604.07864; the formula is ours).

    f is whether the test executes at all, V its validity, D its discrimination, and w_t the curriculum's weight: it
    rises linearly from 0 to `w_max` over the first `ramp` of the training. With `share_copies` R is divided among
    identical copies.

    It is here to be compared with. A trivial test is worth 1 - w_t, and where no test of a group tells anything apart,
    dividing advantages by the group's deviation blows that crumb up: testers come to write one trivial test, even with
    true labels. `product` does not have that fault.

    A test that does not execute or is not valid gets 0, whatever else is unknown. No reward: where V is unknown, or V
    is 1, w_t above 0 and D unknown.
    """

    name: ClassVar[str] = "additive"
    w_max: float = 0.5
    ramp: float = 1.0
    validity: str = "solutions"
    discrimination: str = "solutions"
    share_copies: bool = False

    def __post_init__(self) -> None:
        between("w_max", self.w_max, 0, 1)
        between("ramp", self.ramp, 0, 1)
        one_of("validity", self.validity, VALIDITY)
        one_of("discrimination", self.discrimination, DISCRIMINATION)

    def of(self, group: Group, progress: float = 0.0) -> Rewards:
        w = weight(progress, self.w_max, self.ramp)
        v = validity(group, self.validity)  # (M,), as all that follows
        d = discrimination(group, self.discrimination)
        worth = (1 - w) + (w * d if w > 0 else np.zeros_like(d))
        nothing = ~group.executes | (v == 0)
        values = np.where(nothing, 0.0, v * worth / (group.copies if self.share_copies else 1))
        parts = {"executes": group.executes.astype(np.float64), "validity": v, "discrimination": d}
        return Rewards(values, {**parts, "weight": np.full_like(v, w)})

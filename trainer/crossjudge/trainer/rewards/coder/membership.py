"""The reward of a solution is whether the selector chose it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crossjudge.trainer.rewards.group import Group
from crossjudge.trainer.rewards.rewarded import Rewards


@dataclass(frozen=True)
class Membership:
    """R_i = 1 if solution i is in the consensus set, else 0 (ZeroCoder, 2604.07864).

    No reward: for all, where nothing was chosen; for a solution of which no cell was judged, or that the selector could
    not score (NaN), for want of judged cells.
    All in the set: all get 1, and a baseline over the group leaves nothing to learn.
    """

    name: ClassVar[str] = "membership"

    def of(self, group: Group) -> Rewards:
        chosen = group.chosen_solutions.astype(np.float64)
        known = group.judged.any(axis=1) & group.has_consensus
        if group.solution_scores is not None:
            known &= ~np.isnan(group.solution_scores)
        return Rewards(np.where(known, chosen, np.nan), {"chosen": chosen})

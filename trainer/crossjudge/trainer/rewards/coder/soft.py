"""The reward of a solution is what the selector thinks of it."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crossjudge.trainer.rewards.errors import BadGroup
from crossjudge.trainer.rewards.group import Group
from crossjudge.trainer.rewards.rewarded import Rewards


@dataclass(frozen=True)
class Soft:
    """R_i = the selector's score of solution i, in [0, 1]: the runner-up gets nearly as much where it is a near thing.

    No reward: where nothing was chosen, and for a solution that the selector could not score (NaN) or of which no cell
    was judged.
    Raises `BadGroup` for a group without scores, or with some outside of [0, 1]: a logarithm is no reward.
    """

    name: ClassVar[str] = "soft"

    def of(self, group: Group) -> Rewards:
        scores = group.solution_scores
        if scores is None:
            raise BadGroup("the reward `soft` needs solution_scores, and the group has none")
        if ((scores < 0) | (scores > 1)).any():
            raise BadGroup("solution_scores must lie in [0, 1], or be NaN")
        known = group.judged.any(axis=1) & group.has_consensus
        return Rewards(np.where(known, scores, np.nan), {"score": scores})

"""CURE: a good test is worth the wrong solutions that it fails, a bad one costs those that it lets pass."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crossjudge.trainer.rewards.group import Group
from crossjudge.trainer.rewards.rewarded import Rewards
from crossjudge.trainer.rewards.shares import share


@dataclass(frozen=True)
class Cure:
    """R_k = s_k · m_k (2506.03136, as released): s_k is +1 where every correct solution passes test k, else -1; m_k is
    the share of wrong solutions that fail it where s_k = +1, and the share of them that pass it where s_k = -1.

    With `strict` (CURE's later stage) shares become "all of them fail it" and "any of them passes it". Correct
    solutions are the chosen ones; CURE has true tests to tell.

    No wrong solution at all: m_k = 1. No reward: where nothing was chosen, no correct solution was judged on the test,
    or there are wrong ones but none was judged on it.
    """

    name: ClassVar[str] = "cure"
    strict: bool = False

    def of(self, group: Group, progress: float = 0.0) -> Rewards:
        correct = group.judged & group.chosen_solutions[:, None]  # (N, M)
        wrong = group.judged & ~group.chosen_solutions[:, None]
        good = (group.passed | ~correct).all(axis=0)  # (M,), as all that follows
        failing = share(~group.passed, wrong, axis=0)
        size = np.where(good, failing, 1 - failing)
        if self.strict:
            size = np.where(np.isnan(failing), np.nan, np.where(good, failing == 1, failing < 1))
        if group.chosen_solutions.all():
            size = np.ones_like(size)
        sign = np.where(correct.any(axis=0), np.where(good, 1.0, -1.0), np.nan)
        return Rewards(sign * size, {"sign": sign, "size": size})

"""The reward of a solution is the share of tests that it passes."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from crossjudge.trainer.rewards.group import Group
from crossjudge.trainer.rewards.options import one_of
from crossjudge.trainer.rewards.rewarded import Rewards
from crossjudge.trainer.rewards.shares import share


@dataclass(frozen=True)
class PassRate:
    """R_i = (tests that solution i passes) / (tests on which it was judged), over the `chosen` tests or `all` of them.

    Over the chosen ones it is CURE's reward of code (2506.03136, with the consensus in the place of the true tests).
    Tests that are broken by themselves never count.
    No reward: where no test is left, or the solution was judged on none of them.
    """

    name: ClassVar[str] = "pass_rate"
    tests: str = "chosen"

    def __post_init__(self) -> None:
        one_of("tests", self.tests, ("chosen", "all"))

    def of(self, group: Group) -> Rewards:
        columns = group.executes & (group.chosen_tests if self.tests == "chosen" else True)
        counted = group.judged & columns  # (N, M)
        rate = share(group.passed, counted, axis=1)
        return Rewards(rate, {"pass_rate": rate, "judged": counted.sum(axis=1).astype(np.float64)})

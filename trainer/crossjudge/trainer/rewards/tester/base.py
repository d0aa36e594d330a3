"""What a reward of tests is."""

from typing import ClassVar, Protocol

from crossjudge.trainer.rewards.group import Group
from crossjudge.trainer.rewards.rewarded import Rewards


class TesterReward(Protocol):
    """Rewards the tests of one problem."""

    name: ClassVar[str]

    def of(self, group: Group, progress: float = 0.0) -> Rewards:
        """One value for each test, (M,). `progress` is the share of the training that is done, in [0, 1]."""
        ...

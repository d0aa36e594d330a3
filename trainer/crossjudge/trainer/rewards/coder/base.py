"""What a reward of solutions is."""

from typing import ClassVar, Protocol

from crossjudge.trainer.rewards.group import Group
from crossjudge.trainer.rewards.rewarded import Rewards


class CoderReward(Protocol):
    """Rewards the solutions of one problem."""

    name: ClassVar[str]

    def of(self, group: Group) -> Rewards:
        """One value for each solution, (N,)."""
        ...

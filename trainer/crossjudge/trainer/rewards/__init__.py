"""Rewards of solutions and tests, from a passing matrix and what a selector made of it.

    group = Group.of(passed, judged, chosen_solutions=..., chosen_tests=..., kill_rates=kills.kill_rates)
    make_coder_reward("membership").of(group).values  # (N,), NaN is no reward
    make_tester_reward("product", discrimination="mutants").of(group).values  # (M,)

Arrays alone: nothing here knows HTTP, models or text, but for `copies_of`. numpy, never torch.
"""

from .code_a1 import CodeA1Coder, CodeA1Tester, Judged, Reply
from .coder import CoderReward, Membership, PassRate, Soft
from .copies import copies_of
from .errors import BadGroup, BadOption, RewardError, UnknownReward
from .group import Group
from .registry import CODER_REWARDS, TESTER_REWARDS, make_coder_reward, make_tester_reward
from .replies import of_replies
from .rewarded import Rewards
from .tester import Additive, Cure, Product, TesterReward

__all__ = [
    "CODER_REWARDS",
    "TESTER_REWARDS",
    "Additive",
    "BadGroup",
    "BadOption",
    "CodeA1Coder",
    "CodeA1Tester",
    "CoderReward",
    "Cure",
    "Group",
    "Judged",
    "Membership",
    "PassRate",
    "Product",
    "Reply",
    "RewardError",
    "Rewards",
    "Soft",
    "TesterReward",
    "UnknownReward",
    "copies_of",
    "make_coder_reward",
    "make_tester_reward",
    "of_replies",
]

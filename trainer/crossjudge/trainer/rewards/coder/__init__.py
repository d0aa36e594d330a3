"""Rewards of solutions, one a file."""

from .base import CoderReward
from .membership import Membership
from .pass_rate import PassRate
from .soft import Soft

__all__ = ["CoderReward", "Membership", "PassRate", "Soft"]

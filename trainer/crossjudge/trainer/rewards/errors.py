"""What can be wrong with what a reward is given.

RewardError (ValueError)
├── BadGroup            arrays that do not fit together, or lack what the reward needs
├── BadOption           an option that a reward does not have, or a value that it cannot take
└── UnknownReward       no reward of that name
"""


class RewardError(ValueError):
    """Root of what this package raises for bad input; its text says what to change."""


class BadGroup(RewardError):
    """What was given of a problem's solutions and tests does not fit together, or lacks something."""


class BadOption(RewardError):
    """An option of a reward is unknown, or its value lies outside of what it can be."""


class UnknownReward(RewardError):
    """There is no reward of that name."""

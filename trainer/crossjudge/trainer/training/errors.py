"""What stops a run before or while it trains; each says what to change.

CrossjudgeError
└── TrainingError
    ├── BadConfig          a key or a value of the configuration
    ├── BadPart            a user's own function that does not do what it is for
    └── BadRunFolder       a run folder that holds another run, or a checkpoint that cannot be used
"""

from crossjudge.client import CrossjudgeError


class TrainingError(CrossjudgeError):
    """Root of what a training run raises."""


class BadConfig(TrainingError):
    """A key or a value of the configuration, by its dotted path."""


class BadPart(TrainingError):
    """A user's own function raised, or gave back what it is not for."""


class BadRunFolder(TrainingError):
    """A run folder that holds another run, or a checkpoint that cannot be used."""

"""What ends a run of UCoder.

TrainingError
└── NothingLeft        a stage left no problem to go on with
"""

from crossjudge.trainer.training.errors import TrainingError


class NothingLeft(TrainingError):
    """A stage left no problem; says which, and why most of them went."""

"""What a recipe of reinforcement learning is to a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crossjudge.trainer.data import TrainingProblem

from .evaluation import Evaluation


@dataclass(frozen=True)
class StepResult:
    """What came of a step."""

    metrics: dict[str, float]
    samples: Sequence[dict[str, Any]] = ()
    """Lines for `samples.jsonl`."""
    alarms: Sequence[tuple[str, str]] = ()
    """A short reason and a sentence each, for `alarms.jsonl`."""


class Recipe(Protocol):
    """One step after another, on a cast that the recipe was made with. All that is random is drawn from the
    configuration's seed and the step's number; what is learnt besides the weights is in `state_dict`."""

    def chosen(self, problems: Sequence[TrainingProblem], folder: Path) -> Sequence[TrainingProblem]:
        """Those to train on. Called at the start and at each resume; `folder` keeps what took time to find out."""
        ...

    def step(self, number: int, problems: Sequence[TrainingProblem]) -> StepResult:
        """`number` counts from 1."""
        ...

    def evaluated(self, evaluation: Evaluation, seed: int) -> dict[str, float]:
        """Metrics under `eval/`."""
        ...

    def state_dict(self) -> Any:
        """JSON values and tensors."""
        ...

    def load_state_dict(self, state: Any) -> None: ...

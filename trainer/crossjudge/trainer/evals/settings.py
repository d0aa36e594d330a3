"""What an evaluation is asked for. Imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from crossjudge.trainer.data import TrainingProblem, load_template
from crossjudge.trainer.training.config import RoleConfig, RunConfig


@dataclass(frozen=True)
class EvalSettings:
    """Which figures, and of how many replies to which problems."""

    problems: Path
    limit: int | None
    samples: int
    """Replies of each role to a problem; one at temperature 0, where all would be the same."""
    ks: tuple[int, ...]
    mutants: int
    seed: int
    temperature: float | None
    """Of both roles; None leaves each its own."""

    def as_json(self, config: RunConfig, problems: Sequence[TrainingProblem]) -> dict[str, Any]:
        """All that shapes a figure, but for the models: equal settings need not be evaluated twice."""
        return {
            "problems": _digest("\n".join(problem.model_dump_json() for problem in problems)),
            "samples": self.samples,
            "k": list(self.ks),
            "mutants": self.mutants,
            "seed": self.seed,
            "coder": self._role(config.coder),
            "tester": {**self._role(config.tester), "tests_per_reply": config.tester.tests_per_reply},
            "limits": config.verifier.limits.model_dump(mode="json"),
            "isolation": config.verifier.isolation,
        }

    def _role(self, role: RoleConfig) -> dict[str, Any]:
        return {
            "prompt": _digest(load_template(role.prompt).text),
            "temperature": role.temperature if self.temperature is None else self.temperature,
            **role.model_dump(mode="json", include={"top_p", "top_k", "stop", "max_completion_length"}),
        }


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]

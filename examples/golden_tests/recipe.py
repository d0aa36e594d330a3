"""The coder alone, rewarded by the reference tests of each problem: what label-free recipes are held against."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.training.cast import Cast
from crossjudge.trainer.training.clock import Clock
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.evaluation import Evaluation
from crossjudge.trainer.training.judging import Judge, JudgedRollout
from crossjudge.trainer.training.lessons import lesson_of, no_rewards
from crossjudge.trainer.training.recipe import StepResult
from crossjudge.trainer.training.rollout import Replies, Rollout, rollout_of
from crossjudge.trainer.training.run import Run, parts_of

from .config import Config

Floats = NDArray[np.float64]


def train(config: Config, client: Client, console: Console, resume: str = "auto") -> dict[str, float]:
    """A run from its configuration to its end. Returns the last metrics."""
    return Run(config, client, console, resume, GoldenTests).train()


@dataclass
class GoldenTests:
    """Sample solutions, judge them against the reference tests, learn."""

    config: Config
    cast: Cast
    judge: Judge

    def chosen(self, problems: Sequence[TrainingProblem], folder: Path) -> Sequence[TrainingProblem]:
        """Those that have reference tests."""
        tested = [problem for problem in problems if problem.reference_tests]
        if not tested:
            raise BadConfig(f"{self.config.problems}: no problem has reference tests, which this recipe rewards by")
        return tested

    def step(self, number: int, problems: Sequence[TrainingProblem]) -> StepResult:
        """One step; `number` counts from 1."""
        clock = Clock()
        judged = self.judge.judged_meanwhile(self.sample(number, problems), with_references=True, clock=clock)
        rewards = [self.reward(each) for each in judged]
        with clock.part("update"):
            lesson = lesson_of([each.rollout.coder for each in judged], rewards, self.config.coder.scale_rewards)
            learned = self.cast.learn(lesson, lesson_of([], [], "none"))
        return StepResult({**learned, **clock.metrics()})

    def sample(self, number: int, problems: Sequence[TrainingProblem]) -> Iterator[list[Rollout]]:
        """Solutions, and no tests."""
        for at, part in enumerate(parts_of(problems, self.config.parts_per_step)):
            seed = int(np.random.SeedSequence([self.config.seed, number, at]).generate_state(1)[0])
            replies = self.cast.coder.replies(part, seed)
            yield [rollout_of(p, one, Replies((), ()), 0) for p, one in zip(part, replies, strict=True)]

    def reward(self, each: JudgedRollout) -> Floats:
        """(N,), NaN where the verifier could not say."""
        if each.truth is None:
            return no_rewards(len(each.rollout.solutions))
        has_code = np.array([bool(solution) for solution in each.rollout.solutions])
        return np.where(has_code, each.truth.astype(np.float64), self.config.no_code)

    def evaluated(self, evaluation: Evaluation, seed: int) -> dict[str, float]:
        """Both roles on held-out problems; the tester stays what it was."""
        return evaluation.measure(self.cast.coder, self.cast.tester, self.judge, seed)

    def state_dict(self) -> dict[str, Any]:
        """All that is learnt is in the weights."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """There is nothing to go on from."""

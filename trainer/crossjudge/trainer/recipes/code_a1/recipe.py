"""Code-A1 (2603.15611): a coder, and a tester that sees its code and is rewarded for breaking it.

A step reads top to bottom in `CodeA1.step`: sample solutions, sample tests against each of them, correct and run them,
reward, write mistakes down, update. docs/code-a1.md says what is the paper's and what is ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.rewards import CodeA1Coder, CodeA1Tester
from crossjudge.trainer.selectors import Selector
from crossjudge.trainer.training.cast import Cast
from crossjudge.trainer.training.clock import Clock
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.evaluation import Evaluation
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.lessons import Lesson, lesson_of, no_rewards
from crossjudge.trainer.training.recipe import StepResult
from crossjudge.trainer.training.replay import Replay
from crossjudge.trainer.training.rollout import Replies, solutions_of
from crossjudge.trainer.training.run import Run, parts_of

from .config import CodeA1Config
from .consensus import Consensus, chooser_of
from .duels import Duel, duel_of
from .figures import duel_metrics, shown
from .judging import JudgedDuel, judge_duels

Floats = NDArray[np.float64]
READ_PER_TEST_ASKED = 2
"""How many calls are read of a reply for each that it was asked for: what comes later is no test."""


def train(config: CodeA1Config, client: Client, console: Console, resume: str = "auto") -> dict[str, float]:
    """A run of Code-A1 from its configuration to its end. Returns the last metrics."""
    if config.tester.extract:
        raise BadConfig("tester.extract: Code-A1 corrects what tests state, so it reads them itself; leave it out")
    chooser = chooser_of(config)  # before models are loaded, which takes long
    return Run(config, client, console, resume, partial(make, chooser)).train()


def make(chooser: Selector | None, config: CodeA1Config, cast: Cast, judge: Judge) -> "CodeA1":
    """The recipe for these roles. `chooser`: what chooses references, where the problems' own are not used."""
    return CodeA1(
        config, cast, judge, CodeA1Coder(),
        CodeA1Tester(alpha=config.alpha, tests=config.tester.tests_per_reply, unfailed=config.unfailed),
        Replay(config.mistakes),
        None if chooser is None else Consensus(chooser, judge, config.diagnose),
    )  # fmt: skip


@dataclass
class CodeA1:
    """The two roles, what judges and rewards them, and the book."""

    config: CodeA1Config
    cast: Cast
    judge: Judge
    coder_reward: CodeA1Coder
    tester_reward: CodeA1Tester
    replay: Replay
    consensus: Consensus | None
    """What chooses references; None where the problems have their own."""
    folder: Path = field(init=False)

    def chosen(self, problems: Sequence[TrainingProblem], folder: Path) -> Sequence[TrainingProblem]:
        """All of them. Raises `BadConfig` where one lacks what Code-A1 needs."""
        self.folder = folder
        for problem in problems:
            if problem.entry_point is None:
                raise BadConfig(f"problem {problem.id} has no entry_point, so there is nothing for tests to call")
            if problem.reference_solution is None and self.consensus is None:
                raise BadConfig(f"problem {problem.id} has no reference_solution; reference=consensus needs none")
        return problems

    def step(self, number: int, problems: Sequence[TrainingProblem]) -> StepResult:
        """One step on these problems. `number` counts from 1."""
        clock = Clock()
        judged = self.judge.meanwhile(self.sample(number, problems), self.judged, clock)
        with clock.part("reward"):
            coder, tester = self.rewards(judged)
            cells = sum(int(book.judged.sum()) for each in judged for book in each.book)
            book = self.replay.update(number, [each.outcome for each in judged], cells, self.folder)
        with clock.part("update"):
            learned = self.cast.learn(
                lesson_of([each.duel.coder for each in judged], coder, self.config.coder.scale_rewards),
                self.tester_lesson(judged, tester),
            )
        metrics = {**learned, **duel_metrics(judged), **book, **clock.metrics()}
        return StepResult(metrics, [shown(*each) for each in zip(judged, coder, tester, strict=True)])

    def sample(self, number: int, problems: Sequence[TrainingProblem]) -> Iterator[list[Duel]]:
        """What both roles write for the problems, in parts: the tester for each solution of its own."""
        config = self.config
        for at, part in enumerate(parts_of(problems, config.parts_per_step)):
            # Hashed, so that runs with seeds that are neighbours do not draw the same numbers a step apart.
            seeds = np.random.SeedSequence([config.seed, number, at]).generate_state(2).tolist()
            coded = self.cast.coder.replies(part, seeds[0])
            solutions = [solutions_of(problem, replies) for problem, replies in zip(part, coded, strict=True)]
            asked = [problem for problem, texts in zip(part, solutions, strict=True) for _ in texts]
            codes = [text for texts in solutions for text in texts]
            attacks = iter(self.cast.tester.replies(asked, seeds[1], codes=codes))
            yield [
                duel_of(
                    problem, replies, texts, [next(attacks) for _ in texts],
                    self.replay.tests(problem.id), limit=config.tester.tests_per_reply * READ_PER_TEST_ASKED,
                )
                for problem, replies, texts in zip(part, coded, solutions, strict=True)
            ]  # fmt: skip

    def judged(self, duels: Sequence[Duel]) -> list[JudgedDuel]:
        """The duels with their verdicts, by their problems' references or by those that agreement chooses."""
        if self.consensus is None:
            return judge_duels(self.judge, duels, [duel.problem.reference_solution for duel in duels])
        return self.consensus.judged(duels)

    def rewards(self, judged: Sequence[JudgedDuel]) -> tuple[list[Floats], list[list[Floats]]]:
        """Of each problem the rewards of the solutions, and of the replies against each of them; NaN is none."""
        coder, tester = [], []
        for each in judged:
            replies = [[reply.reply for reply in of_one] for of_one in each.replies]
            if each.reference is None:
                coder.append(no_rewards(len(replies)))
                tester.append([no_rewards(len(of_one)) for of_one in replies])
                continue
            coder.append(np.array([self.coder_reward.of(*both)[0] for both in zip(replies, each.book, strict=True)]))
            tester.append([
                self.tester_reward.of(of_one, book, runs=runs).values
                for of_one, book, runs in zip(replies, each.book, each.runs, strict=True)
            ])  # fmt: skip
        return coder, tester

    def tester_lesson(self, judged: Sequence[JudgedDuel], rewards: Sequence[Sequence[Floats]]) -> Lesson:
        """From the most informative groups of each problem; the metrics are those of all groups."""
        scale = self.config.tester.scale_rewards
        everything: list[tuple[Replies, Floats]] = []
        chosen: list[tuple[Replies, Floats]] = []
        for each, values in zip(judged, rewards, strict=True):
            groups = list(zip(each.duel.attacks, values, strict=True))
            everything += groups
            chosen += [groups[at] for at in most_spread(values, self.config.groups_per_problem)]
        taught, of_all = (lesson_of([g[0] for g in gs], [g[1] for g in gs], scale) for gs in (chosen, everything))
        return Lesson(taught.samples, of_all.metrics)

    def evaluated(self, evaluation: Evaluation, seed: int) -> dict[str, float]:
        """Both roles on held-out problems."""
        return evaluation.measure(self.cast.coder, self.cast.tester, self.judge, seed)

    def state_dict(self) -> dict[str, Any]:
        """What was learnt besides the weights."""
        return {"book": self.replay.book.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.replay.book.load_state_dict(state["book"])


def most_spread(groups: Sequence[Floats], count: int | None) -> list[int]:
    """The places of the `count` groups (None: all) whose rewards have the largest standard deviation, in order."""
    spread = [float(np.nanstd(group)) if np.isfinite(group).any() else -1.0 for group in groups]
    return sorted(sorted(range(len(groups)), key=lambda at: -spread[at])[:count])

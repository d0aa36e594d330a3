"""ZeroCoder (2604.07864): a coder and a tester that learn from each other's executions alone.

The loop reads top to bottom in `ZeroCoder.step`: sample, verify, select, reward, update. What the paper leaves open is
a parameter of `ZeroCoderConfig`; docs/training.md says what was chosen and why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.data import TrainingProblem, load_template
from crossjudge.trainer.mutation import Suspects, kills_of, mutants, proxy_of
from crossjudge.trainer.rewards import (
    CoderReward,
    Group,
    TesterReward,
    make_coder_reward,
    make_tester_reward,
    of_replies,
)
from crossjudge.trainer.selectors import Selection
from crossjudge.trainer.training.cast import Cast
from crossjudge.trainer.training.checks import labelled_problems
from crossjudge.trainer.training.clock import Clock
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.evaluation import Evaluation
from crossjudge.trainer.training.figures import matrix_metrics, selector_metrics, shown
from crossjudge.trainer.training.judging import Judge, JudgedRollout
from crossjudge.trainer.training.lessons import lesson_of, no_rewards
from crossjudge.trainer.training.recipe import StepResult
from crossjudge.trainer.training.replay import Replay, outcome_of
from crossjudge.trainer.training.rollout import Distinct, Rollout, rollout_of
from crossjudge.trainer.training.run import Run, parts_of

from .choosing import Choosing
from .config import ZeroCoderConfig
from .prefilter import prefiltered

Floats = NDArray[np.float64]


def train(config: ZeroCoderConfig, client: Client, console: Console, resume: str = "auto") -> dict[str, float]:
    """A run of ZeroCoder from its configuration to its end. Returns the last metrics."""
    rules = Rules.of(config)  # before models are loaded, which takes long
    also = {"calibration.problems": rules.labelled} if rules.labelled else {}
    return Run(config, client, console, resume, rules.recipe, also).train()


@dataclass(frozen=True)
class Rules:
    """What chooses and rewards, and the labelled problems for calibration: all of the recipe but the models."""

    choosing: Choosing
    coder_reward: CoderReward
    tester_reward: TesterReward
    labelled: Sequence[TrainingProblem]

    @staticmethod
    def of(config: ZeroCoderConfig) -> "Rules":
        """Raises for names and options that nothing here has, and for a calibration without references."""
        if config.tester.reward.options.get("discrimination") == "mutants" and not config.mutants:
            raise BadConfig("tester.reward discriminates by mutants, and there are none: set mutants, to 5 say")
        if load_template(config.tester.prompt).shows_code:
            raise BadConfig("tester.prompt has {code}, and ZeroCoder's tester is shown none: use another template")
        calibration = config.calibration
        return Rules(
            Choosing(config),
            make_coder_reward(config.coder.reward.name, **config.coder.reward.options),
            make_tester_reward(config.tester.reward.name, **config.tester.reward.options),
            labelled_problems(calibration.problems)[: calibration.limit] if calibration else (),
        )

    def recipe(self, config: ZeroCoderConfig, cast: Cast, judge: Judge) -> "ZeroCoder":
        """The recipe for these roles."""
        return ZeroCoder(
            config, cast, judge, self.choosing, Replay(config.mistakes), self.coder_reward, self.tester_reward,
            self.labelled,
        )  # fmt: skip


@dataclass
class ZeroCoder:
    """The two roles, what judges and rewards them, and what learns."""

    config: ZeroCoderConfig
    cast: Cast
    judge: Judge
    choosing: Choosing
    replay: Replay
    coder_reward: CoderReward
    tester_reward: TesterReward
    labelled: Sequence[TrainingProblem] = ()
    """For calibration alone."""
    folder: Path = field(init=False)

    def chosen(self, problems: Sequence[TrainingProblem], folder: Path) -> Sequence[TrainingProblem]:
        """Those that the pre-filter leaves, where there is one."""
        self.folder = folder
        if self.config.prefilter is None:
            return problems
        return prefiltered(problems, self.config, self.cast, self.judge, folder)

    def step(self, number: int, problems: Sequence[TrainingProblem]) -> StepResult:
        """One step on these problems. `number` counts from 1."""
        clock, config = Clock(), self.config
        labelled = self.labelled if self._calibrates(number) else ()
        with_references = config.diagnose or self.choosing.needs_truth or bool(labelled)
        judged = self.judge.judged_meanwhile(self.sample(number, [*problems, *labelled]), with_references, clock)
        judged, shown_to_selector = judged[: len(problems)], judged[len(problems) :]
        with clock.part("select"):
            calibrated = self.choosing.calibrate(shown_to_selector) if labelled else StepResult({})
            selections = self.choosing.of(judged)
        with clock.part("reward"):
            groups = self.groups(number, judged, selections)
            coder_rewards, tester_rewards = self.rewards(number, groups, judged)
            book = self.write_down(number, judged, selections)
        with clock.part("update"):
            learned = self.update(judged, coder_rewards, tester_rewards)
        said = judged if config.diagnose or self.choosing.needs_truth else [_unlabelled(each) for each in judged]
        metrics = {
            **learned, **selector_metrics(said, selections), **matrix_metrics(said), **calibrated.metrics,
            **book, **clock.metrics(),
        }  # fmt: skip
        samples = [shown(each, selection) for each, selection in zip(judged, selections, strict=True)]
        return StepResult(metrics, samples, calibrated.alarms)

    def sample(self, number: int, problems: Sequence[TrainingProblem]) -> Iterator[list[Rollout]]:
        """What both roles write for the problems, in parts."""
        for at, part in enumerate(parts_of(problems, self.config.parts_per_step)):
            # Hashed, so that runs with seeds that are neighbours do not draw the same numbers a step apart.
            seeds = np.random.SeedSequence([self.config.seed, number, at]).generate_state(2).tolist()
            coded, tested = self.cast.coder.replies(part, seeds[0]), self.cast.tester.replies(part, seeds[1])
            limit = self.config.tester.tests_per_reply
            yield [
                rollout_of(problem, code, test, limit).replaying(self.replay.tests(problem.id))
                for problem, code, test in zip(part, coded, tested, strict=True)
            ]

    def groups(self, number: int, judged: Sequence[JudgedRollout], selections: Sequence[Selection]) -> list[Group]:
        """What rewards look at. Where the selector abstains nothing is chosen, so that nobody is rewarded for it."""
        kill_rates: Sequence[Floats | None] = [None] * len(judged)
        if self.config.mutants:
            kill_rates = self._kill_rates(number, judged, selections)
        return [
            Group.of(
                each.passed, each.judged,
                chosen_solutions=selection.solutions & (selection.abstain is None),
                chosen_tests=selection.tests & (selection.abstain is None),
                executes=each.matrix.sound_tests[each.test_places],
                copies=each.matrix.test_copies[each.test_places],
                solution_scores=selection.solution_scores, kill_rates=rates,
            )
            for each, selection, rates in zip(judged, selections, kill_rates, strict=True)
        ]  # fmt: skip

    def rewards(
        self, number: int, groups: Sequence[Group], judged: Sequence[JudgedRollout]
    ) -> tuple[list[Floats], list[Floats]]:
        """Of each problem the reward of each reply of the coder and of the tester; NaN is none."""
        progress = (number - 1) / max(1, self.config.max_steps - 1)
        coder = [
            self.coder_reward.of(group).values if group.has_consensus else no_rewards(group.shape[0])
            for group in groups
        ]
        tester = [
            of_replies(
                self.tester_reward.of(group, progress).values[: len(each.rollout.owners)],
                each.rollout.owners,
                len(each.rollout.tester.completions),
            )
            for group, each in zip(groups, judged, strict=True)
        ]
        return coder, tester

    def write_down(
        self, number: int, judged: Sequence[JudgedRollout], selections: Sequence[Selection]
    ) -> dict[str, float]:
        """What was failed and solved goes into the Mistake Book, where there is one."""
        outcomes = [outcome_of(each, selection) for each, selection in zip(judged, selections, strict=True)]
        cells = sum(int(each.judged[:, len(each.rollout.owners) :].sum()) for each in judged)
        return self.replay.update(number, outcomes, cells, self.folder)

    def update(
        self, judged: Sequence[JudgedRollout], coder: Sequence[Floats], tester: Sequence[Floats]
    ) -> dict[str, float]:
        """Both roles learn."""
        return self.cast.learn(
            lesson_of([each.rollout.coder for each in judged], coder, self.config.coder.scale_rewards),
            lesson_of([each.rollout.tester for each in judged], tester, self.config.tester.scale_rewards),
        )

    def evaluated(self, evaluation: Evaluation, seed: int) -> dict[str, float]:
        """Both roles on held-out problems."""
        return evaluation.measure(self.cast.coder, self.cast.tester, self.judge, seed)

    def state_dict(self) -> dict[str, Any]:
        """What was learnt besides the weights."""
        return {**self.choosing.state_dict(), "book": self.replay.book.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.choosing.load_state_dict(state)
        self.replay.book.load_state_dict(state["book"])

    def _calibrates(self, number: int) -> bool:
        calibration = self.config.calibration
        return calibration is not None and (number - 1) % calibration.every == 0

    def _kill_rates(
        self, number: int, judged: Sequence[JudgedRollout], selections: Sequence[Selection]
    ) -> list[Floats]:
        """Of each problem's tests the share of live mutants of the proxy that they kill; NaN where none is known."""
        rates = [no_rewards(len(each.rollout.tests)) for each in judged]
        asked: dict[int, tuple[Suspects, Distinct]] = {}
        for at, (each, selection) in enumerate(zip(judged, selections, strict=True)):
            proxy = None if selection.abstain else proxy_of(each.rollout.solutions, selection.solutions)
            if proxy is None or not each.rollout.tests:
                continue
            source, problem = each.rollout.solutions[proxy], each.rollout.problem
            changed = mutants(source, self.config.mutants, seed=self.config.seed + number)
            if changed:
                tests = Distinct.of([test.model_dump_json() for test in each.rollout.tests])
                distinct = [each.rollout.tests[first] for first in tests.firsts]
                sources = [mutant.source for mutant in changed]
                asked[at] = (Suspects(source, sources, distinct, problem.entry_point, problem.prelude), tests)
        grids = self.judge.grids([suspects.problem for suspects, _ in asked.values()])
        for index, (at, (_, tests)) in enumerate(asked.items()):
            rates[at] = kills_of(grids[index]).kill_rates[tests.places]
        return rates


def _unlabelled(each: JudgedRollout) -> JudgedRollout:
    """As it would be without references, which were judged for the sake of other problems."""
    return replace(each, right=None, good=None)

"""ZeroCoder (2604.07864): a coder and a tester that learn from each other's executions alone.

The loop reads top to bottom in `ZeroCoder.step`: sample, verify, select, reward, update. What the paper leaves open is
a parameter of `ZeroCoderConfig`; docs/training.md says what was chosen and why.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.mutation import Suspects, kills_of, mutants, proxy_of
from crossjudge.trainer.policy.advantages import group_advantages
from crossjudge.trainer.policy.update import Learner, Sample
from crossjudge.trainer.rewards import CoderReward, Group, TesterReward, of_replies
from crossjudge.trainer.selectors import Selection, Selector, structure

from .training.config import RoleConfig, ZeroCoderConfig
from .training.judging import Judge, JudgedRollout
from .training.rollout import Distinct, Player, Replies, Rollout, rollout_of

Floats = NDArray[np.float64]


@dataclass
class ZeroCoder:
    """The two roles, what judges and rewards them, and what learns. In layout `shared` both have one learner."""

    config: ZeroCoderConfig
    coder: Player
    tester: Player
    judge: Judge
    selector: Selector
    coder_reward: CoderReward
    tester_reward: TesterReward
    learners: dict[str, Learner]
    """By role; equal objects where a policy plays both."""

    def step(self, number: int, problems: Sequence[TrainingProblem]) -> tuple[dict[str, float], list[dict[str, Any]]]:
        """One step on these problems: its metrics, and what was sampled. `number` counts from 1."""
        clock = Clock()
        with clock.part("time/sample"):
            rollouts = self.sample(number, problems)
        with clock.part("time/verify"):
            judged = self.judge.judge(rollouts, with_references=self.config.diagnose)
        with clock.part("time/select"):
            selections = self.select(judged)
        with clock.part("time/reward"):
            groups = self.groups(number, judged, selections)
            coder_rewards, tester_rewards = self.rewards(number, groups, rollouts)
        with clock.part("time/update"):
            learned = self.update(rollouts, coder_rewards, tester_rewards)
        metrics = {**learned, **selector_metrics(judged, selections), **test_metrics(judged), **clock.metrics()}
        return metrics, [shown(each, s) for each, s in zip(judged, selections, strict=True)]

    def sample(self, number: int, problems: Sequence[TrainingProblem]) -> list[Rollout]:
        # Hashed, so that runs with seeds that are neighbours do not draw the same numbers a step apart.
        seeds = np.random.SeedSequence([self.config.seed, number]).generate_state(2).tolist()
        coded, tested = self.coder.replies(problems, seeds[0]), self.tester.replies(problems, seeds[1])
        limit = self.config.tester.tests_per_reply
        return [rollout_of(p, code, test, limit) for p, code, test in zip(problems, coded, tested, strict=True)]

    def select(self, judged: Sequence[JudgedRollout]) -> list[Selection]:
        """A selection of each, over replies as they were written. A matrix of too small a rank is abstained from."""
        selections = self.selector.select([each.matrix for each in judged])
        found = []
        for each, selection in zip(judged, selections, strict=True):
            if self.config.min_rank and structure(each.matrix).rank < self.config.min_rank:
                selection = selection.because(f"the matrix has a rank below {self.config.min_rank}")
            found.append(selection.unfold(each.solution_places, each.test_places))
        return found

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
        self, number: int, groups: Sequence[Group], rollouts: Sequence[Rollout]
    ) -> tuple[list[Floats], list[Floats]]:
        """Of each problem the reward of each reply of the coder and of the tester; NaN is none."""
        progress = (number - 1) / max(1, self.config.max_steps - 1)
        coder = [
            self.coder_reward.of(group).values if group.has_consensus else _none(group.shape[0]) for group in groups
        ]
        tester = [
            of_replies(self.tester_reward.of(group, progress).values, rollout.owners, len(rollout.tester.completions))
            for group, rollout in zip(groups, rollouts, strict=True)
        ]
        return coder, tester

    def update(
        self, rollouts: Sequence[Rollout], coder: Sequence[Floats], tester: Sequence[Floats]
    ) -> dict[str, float]:
        """Both roles learn; in layout `shared` the one policy from the samples of both."""
        samples: dict[int, list[Sample]] = {}
        metrics: dict[str, float] = {}
        for name, rewards, replies, settings in (
            ("coder", coder, [each.coder for each in rollouts], self.config.coder),
            ("tester", tester, [each.tester for each in rollouts], self.config.tester),
        ):
            taught, of_role = lesson(rewards, replies, settings)
            samples.setdefault(id(self.learners[name]), []).extend(taught)
            metrics |= {f"{name}/{key}": value for key, value in of_role.items()}
        done: set[int] = set()
        for name, learner in self.learners.items():
            if id(learner) not in done:
                done.add(id(learner))
                metrics |= {f"{name}/{key}": value for key, value in learner.update(samples[id(learner)]).items()}
        return metrics

    def _kill_rates(
        self, number: int, judged: Sequence[JudgedRollout], selections: Sequence[Selection]
    ) -> list[Floats]:
        """Of each problem's tests the share of live mutants of the proxy that they kill; NaN where none is known."""
        rates = [_none(len(each.rollout.tests)) for each in judged]
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


def lesson(
    rewards: Sequence[Floats], replies: Sequence[Replies], settings: RoleConfig
) -> tuple[list[Sample], dict[str, float]]:
    """The samples of one role with their advantages, and what is said of the rewards. NaN rewards teach nothing."""
    advantages = group_advantages(rewards, settings.scale_rewards)
    samples = [
        Sample(one.prompt_ids, completion, float(advantage), bool(np.isfinite(reward)))
        for one, values, of_group in zip(replies, rewards, advantages.values, strict=True)
        for completion, reward, advantage in zip(one.completions, values, of_group, strict=True)
    ]
    known = np.concatenate(rewards) if rewards else np.zeros(0)
    known = known[np.isfinite(known)]
    spread = [float(np.nanstd(group)) for group in rewards if np.isfinite(group).any()]
    metrics = {"frac_reward_zero_std": advantages.frac_reward_zero_std, "scored": float(known.size)}
    if known.size:
        metrics |= {"reward": float(known.mean()), "reward_std": float(np.mean(spread))}
    return samples, metrics


def selector_metrics(judged: Sequence[JudgedRollout], selections: Sequence[Selection]) -> dict[str, float]:
    """How the selector fared; `selector/precision` where the references were judged."""
    used = [(each, s) for each, s in zip(judged, selections, strict=True) if s.abstain is None]
    found = {"selector/skip_rate": 1 - len(used) / max(1, len(judged))}
    if used:
        found["selector/margin"] = float(np.mean([s.margin for _, s in used]))
        found["selector/set_size"] = float(np.mean([s.solutions.mean() for _, s in used]))
    chosen = [each.truth[s.solutions] for each, s in used if each.truth is not None]
    if chosen:
        found["selector/precision"] = float(np.concatenate(chosen).mean())
    return found


def test_metrics(judged: Sequence[JudgedRollout]) -> dict[str, float]:
    """The matrices and the tests in them: what shows a collapse."""
    cells = sum(each.judged.size for each in judged)
    tests = sum(len(each.rollout.tests) for each in judged)
    with_tests = [each.matrix for each in judged if each.matrix.shape[1]]
    found = {"verifier/cells": float(cells), "tests/written": float(tests)}
    if tests:
        found["tests/unique_frac"] = sum(each.matrix.shape[1] for each in judged) / tests
    if with_tests:
        passed = [matrix.passed for matrix in with_tests]
        found["matrix/density"] = float(np.mean([each.mean() for each in passed]))
        found["matrix/rank"] = float(np.mean([structure(matrix).rank for matrix in with_tests]))
        columns = np.concatenate([each.mean(axis=0) for each in passed])
        found["tests/trivial_frac"] = float((columns == 1).mean())
        found["matrix/discriminative_frac"] = float(((columns > 0) & (columns < 1)).mean())
    valid = [each.valid for each in judged if each.valid is not None]
    if valid:
        found["tests/valid"] = float(np.concatenate(valid).mean())
    judged_cells = [each.judged for each in judged if each.judged.size]
    if judged_cells:
        found["verifier/infra_error_rate"] = 1 - float(np.mean([cells.mean() for cells in judged_cells]))
    return found


def shown(each: JudgedRollout, selection: Selection) -> dict[str, Any]:
    """One problem of a step for `samples.jsonl`: distinct solutions and tests, their matrix, what was chosen."""
    rollout = each.rollout
    return {
        "id": rollout.problem.id,
        "solutions": list(rollout.solutions),
        "tests": [getattr(test, "code", None) for test in rollout.tests],
        "matrix": [row.tobytes().decode() for row in each.matrix.letters[each.solution_places][:, each.test_places]],
        "chosen": np.flatnonzero(selection.solutions).tolist(),
        "abstain": selection.abstain,
    }


class Clock:
    """Seconds of each part of a step."""

    def __init__(self) -> None:
        self._parts: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self._parts[name] = self._parts.get(name, 0.0) + time.perf_counter() - started

    def metrics(self) -> dict[str, float]:
        return {**self._parts, "time/step": sum(self._parts.values())}


def _none(size: int) -> Floats:
    return np.full(size, np.nan)

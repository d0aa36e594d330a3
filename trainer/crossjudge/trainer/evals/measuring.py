"""One evaluation: a pair of models, problems, the verifier; figures with their standard errors."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.training.cast import players_of
from crossjudge.trainer.training.checks import check_lengths
from crossjudge.trainer.training.clock import Clock
from crossjudge.trainer.training.config import RunConfig
from crossjudge.trainer.training.evaluation import Evaluation
from crossjudge.trainer.training.five_tests import TESTS, marks_of_five
from crossjudge.trainer.training.judging import Judge, JudgedRollout
from crossjudge.trainer.training.marks import marks_of
from crossjudge.trainer.training.mutation_score import mutation_scores
from crossjudge.trainer.training.rollout import Player, Rollout

from .progress import EvalProgress
from .settings import EvalSettings
from .subjects import Subject

AT_ONCE = 32
"""Problems whose replies share two seeds, so that the first so many are answered alike with any limit."""
_SEED = 30_000_001
T = TypeVar("T")


@dataclass(frozen=True)
class Measuring:
    """What is the same for all subjects."""

    config: RunConfig
    settings: EvalSettings
    problems: Sequence[TrainingProblem]
    judge: Judge
    progress: EvalProgress

    def measure(self, subject: Subject) -> dict[str, Any]:
        """`figures`, their standard errors in `errors` (where there is one), and what they are of.

        Replies are drawn from the same numbers for all subjects, so that these can be held against each other problem
        by problem. Raises what models, checks and the verifier raise.
        """
        started = time.monotonic()
        players = players_of(self.config, subject.weights)
        coder, tester = (self._asked(player) for player in players)
        check_lengths(coder, tester, {str(self.settings.problems): self.problems})
        self.progress.begin(subject.name, len(self.problems))
        judged = self.judge.judged_meanwhile(self._rollouts(coder, tester), True, Clock())
        scores = self._scores(judged, subject)
        marks = marks_of(judged, self.settings.ks, scores)
        if self.settings.mutants and self.settings.samples * self.config.tester.tests_per_reply >= TESTS:
            marks |= marks_of_five(judged, self.judge, self.settings.mutants, self.settings.seed)
        return {
            "figures": {name: mark.value for name, mark in marks.items()},
            "errors": {name: mark.error for name, mark in marks.items() if mark.error is not None},
            "problems": {name: mark.problems for name, mark in marks.items()},
            "unjudged": sum(each.truth is None for each in judged),
            "seconds": round(time.monotonic() - started, 1),
        }

    def _asked(self, player: Player) -> Player:
        if self.settings.temperature is None:
            return player
        return replace(player, sampling=player.sampling.model_copy(update={"temperature": self.settings.temperature}))

    def _rollouts(self, coder: Player, tester: Player) -> Iterator[list[Rollout]]:
        settings, per_reply = self.settings, self.config.tester.tests_per_reply
        for at, part in enumerate(_parts(self.problems)):
            first, second = np.random.SeedSequence([settings.seed, _SEED, at]).generate_state(2).tolist()
            yield Evaluation(part, settings.samples, per_reply).rollouts(coder, tester, (first, second))
            self.progress.advance(len(part))

    def _scores(self, judged: Sequence[JudgedRollout], subject: Subject) -> list[float | None]:
        scores: list[float | None] = []
        if self.settings.mutants:
            self.progress.begin(f"{subject.name}, mutants", len(judged))
            for part in _parts(judged):
                scores += mutation_scores(part, self.judge, self.settings.mutants, self.settings.seed)
                self.progress.advance(len(part))
        return scores


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[at : at + AT_ONCE] for at in range(0, len(items), AT_ONCE))

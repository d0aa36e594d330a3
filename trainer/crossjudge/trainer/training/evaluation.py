"""How good the pair is, on held-out problems with references, through the verifier."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossjudge.trainer.data import TrainingProblem

from .five_tests import TESTS, marks_of_five
from .judging import Judge
from .marks import marks_of
from .mutation_score import mutation_scores
from .rollout import Player, Rollout, rollout_of

KS = (1, 4)


@dataclass(frozen=True)
class Evaluation:
    """Samples both roles on problems and measures them against the references; `marks` says what the figures are."""

    problems: Sequence[TrainingProblem]
    samples: int
    """Replies of each role to a problem."""
    tests_per_reply: int
    mutants: int = 0
    """Of each reference solution; with 0 there is no mutation score."""

    def measure(self, coder: Player, tester: Player, judge: Judge, seed: int) -> dict[str, float]:
        """Metrics under `eval/`, without those that nothing is known of."""
        judged = judge.judge(self.rollouts(coder, tester, (seed, seed + 1)), with_references=True)
        scores = mutation_scores(judged, judge, self.mutants) if self.mutants else ()
        marks = marks_of(judged, [k for k in KS if k <= self.samples], scores)
        if self.mutants and self.samples * self.tests_per_reply >= TESTS:
            marks |= marks_of_five(judged, judge, self.mutants)
        return {f"eval/{name}": mark.value for name, mark in marks.items()}

    def rollouts(self, coder: Player, tester: Player, seeds: tuple[int, int]) -> list[Rollout]:
        """What both write for the problems, the coder from the first seed and the tester from the second.

        A white-box tester is shown the reference solutions.
        """
        coded = coder.replies(self.problems, seeds[0], self.samples)
        shown = [problem.reference_solution or "" for problem in self.problems]
        tested = tester.replies(self.problems, seeds[1], self.samples, codes=shown)
        return [
            rollout_of(problem, code, test, self.tests_per_reply)
            for problem, code, test in zip(self.problems, coded, tested, strict=True)
        ]

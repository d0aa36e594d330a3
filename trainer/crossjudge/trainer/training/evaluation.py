"""How good the pair is, on held-out problems with references, through the verifier."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.pass_at_k import mean_pass_at_k

from .examination import examined, shown_references
from .judging import Judge, JudgedRollout
from .rollout import Player, rollout_of


@dataclass(frozen=True)
class Evaluation:
    """Samples both roles on problems and measures them against the references.

    pass@k is the unbiased estimate over `samples` solutions a problem. `tests/valid` is the share of tests that the
    reference solution passes, `tests/kill` the mean share of the wrong solutions sampled that a valid test fails.
    """

    problems: Sequence[TrainingProblem]
    samples: int
    tests_per_reply: int
    mutants: int = 0
    """Of each reference, for `examined`; 0 leaves that out."""

    def measure(self, coder: Player, tester: Player, judge: Judge, seed: int) -> dict[str, float]:
        """Metrics under `eval/`, without those that nothing is known of."""
        if not self.problems:
            return {}
        coded = coder.replies(self.problems, seed, self.samples)
        tested = tester.replies(self.problems, seed + 1, self.samples, codes=shown_references(self.problems))
        rollouts = [
            rollout_of(problem, code, test, self.tests_per_reply)
            for problem, code, test in zip(self.problems, coded, tested, strict=True)
        ]
        found = measured(judge.judge(rollouts, with_references=True))
        if self.mutants:
            found |= examined(self.problems, tester, judge, self.mutants, self.tests_per_reply, seed + 1)
        return {f"eval/{name}": value for name, value in found.items()}


def measured(judged: Sequence[JudgedRollout]) -> dict[str, float]:
    """What the references say of rollouts."""
    counts = [(each.truth.size, int(each.truth.sum())) for each in judged if each.truth is not None]
    found = {f"pass@{k}": mean_pass_at_k(counts, k) for k in (1, 4) if counts and k <= min(n for n, _ in counts)}
    valid = [share for each in judged if each.valid is not None for share in each.valid]
    if valid:
        found["tests/valid"] = float(np.mean(valid))
    kills = [rate for each in judged for rate in _kill_rates(each)]
    if kills:
        found["tests/kill"] = float(np.mean(kills))
    return found


def _kill_rates(each: JudgedRollout) -> list[float]:
    """Of each valid test the share of the wrong solutions that it fails, where there are wrong ones."""
    if each.truth is None or each.valid is None or each.truth.all() or not each.valid.any():
        return []
    wrong = ~each.truth
    passed, known = each.passed[wrong][:, each.valid], each.judged[wrong][:, each.valid]
    counted = known.sum(axis=0)
    return [float(1 - p / n) for p, n in zip((passed & known).sum(axis=0), counted, strict=True) if n]

"""Figures of a pair on problems with references, each with its standard error: one place for each figure.

All are shares: of each problem what counts, out of how much. The share is that of the sums, and its standard error the
ratio estimator's over problems (Cochran, Sampling Techniques, §6.4), which is that of a mean where each problem has one
thing to count. So problems are what is drawn at random: replies to one problem are no independent evidence.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from crossjudge.trainer.pass_at_k import pass_at_k

from .judging import JudgedRollout

Part = tuple[float, float]
"""Of one problem what counts, and out of how much."""


@dataclass(frozen=True)
class Mark:
    """A share. `error` is None for one problem, which says nothing of others; `problems` are those that count."""

    value: float
    error: float | None
    problems: int

    @staticmethod
    def of(parts: Iterable[Part]) -> "Mark | None":
        """None where there is nothing to take a share of."""
        counted = np.array([part for part in parts if part[1]], np.float64).reshape(-1, 2)
        count, (some, whole) = len(counted), counted.sum(axis=0)
        if not count:
            return None
        value = float(some / whole)
        left = counted[:, 0] - value * counted[:, 1]
        error = None if count < 2 else float(math.sqrt(count / (count - 1) * float(left @ left)) / whole)
        return Mark(value, error, count)


def marks_of(
    judged: Sequence[JudgedRollout], ks: Sequence[int], scores: Sequence[float | None] = ()
) -> dict[str, Mark]:
    """What the references say of rollouts, without what nothing is known of. What could not be judged is left out.

    - `pass@k`: unbiased, of the solutions that pass all reference tests;
    - `tests/per_reply`: tests cut out of a reply of the tester;
    - `tests/valid`: of the tests those that the reference solution passes;
    - `tests/unique_frac`: of the tests those that are not written twice;
    - `tests/kill`: of the wrong solutions sampled those that a valid test fails, on average of the valid tests;
    - `tests/mutation_score`: `scores` of problems, from `mutation_scores`.
    """
    drawn = [(each.truth.size, int(each.truth.sum())) for each in judged if each.truth is not None]
    tests = [(each.matrix.shape[1], len(each.rollout.tests)) for each in judged]
    replies = [(len(each.rollout.tests), len(each.rollout.tester.completions)) for each in judged]
    parts: dict[str, Iterable[Part]] = {
        **{f"pass@{k}": [(pass_at_k(n, c, k), 1) for n, c in drawn if k <= n] for k in ks},
        "tests/per_reply": replies,
        "tests/valid": [(float(each.valid.sum()), each.valid.size) for each in judged if each.valid is not None],
        "tests/unique_frac": tests,
        "tests/kill": [(sum(rates), len(rates)) for rates in map(_kill_rates, judged)],
        "tests/mutation_score": [(score, 1) for score in scores if score is not None],
    }
    return {name: mark for name, of_problems in parts.items() if (mark := Mark.of(of_problems)) is not None}


def _kill_rates(each: JudgedRollout) -> list[float]:
    """Of each valid test the share of the wrong solutions that it fails, where there are wrong ones."""
    if each.truth is None or each.valid is None or each.truth.all() or not each.valid.any():
        return []
    wrong = ~each.truth
    passed, known = each.passed[wrong][:, each.valid], each.judged[wrong][:, each.valid]
    counted = known.sum(axis=0)
    return [float(1 - p / n) for p, n in zip((passed & known).sum(axis=0), counted, strict=True) if n]

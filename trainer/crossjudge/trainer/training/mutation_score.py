"""How much the tests of a tester would notice: mutants of the reference solutions, judged by the verifier."""

import math
from collections.abc import Sequence

import numpy as np

from crossjudge.contracts import Test
from crossjudge.trainer.mutation import Suspects, kills_of, mutants

from .judging import Judge, JudgedRollout
from .rollout import Distinct


def mutation_scores(
    judged: Sequence[JudgedRollout], judge: Judge, k: int, seed: int = 0, first: int | None = None
) -> list[float | None]:
    """Of each problem the share of live mutants of its reference solution that the valid ones of the
    tests kill together, of the `first` so many where that is given.

    A mutant is live that loads and that some test, the reference tests among them, tells from the reference solution;
    the others are taken for equivalent. At most `k` a problem, which `seed` draws: the same ones every time, so that
    scores can be held against each other. A problem without any test has 0.

    None where there is no reference solution, no live mutant, or none whose cells were judged.
    """
    found: list[float | None] = [None] * len(judged)
    asked: dict[int, tuple[Suspects, int]] = {}
    for at, each in enumerate(judged):
        if (of_problem := _suspects(each, k, seed, first)) is not None:
            asked[at] = of_problem
    grids = judge.grids([suspects.problem for suspects, _ in asked.values()])
    for index, (at, (suspects, written)) in enumerate(asked.items()):
        score = kills_of(grids[index]).score(np.arange(len(suspects.tests)) < written)
        found[at] = None if math.isnan(score) else score
    return found


def _suspects(each: JudgedRollout, k: int, seed: int, first: int | None) -> tuple[Suspects, int] | None:
    """Mutants under the tests written, each once, and the reference tests after them; how many were written."""
    problem = each.rollout.problem
    if problem.reference_solution is None:
        return None
    changed = [mutant.source for mutant in mutants(problem.reference_solution, k, seed=seed)]
    firsts = Distinct.of([test.model_dump_json() for test in each.rollout.tests[:first]]).firsts
    tests: list[Test | str] = [*(each.rollout.tests[at] for at in firsts), *problem.reference_tests]
    if not changed or not tests:
        return None
    suspects = Suspects(problem.reference_solution, changed, tests, problem.entry_point, problem.prelude)
    return suspects, len(firsts)

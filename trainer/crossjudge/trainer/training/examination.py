"""What a tester's tests are worth together: pass@5, mut@5 and Mul, as Code-A1 (2603.15611) reports them.

The tester is asked for `TESTS` tests of a function, which a white-box tester is shown: the reference solution.
"""

from collections.abc import Sequence

import numpy as np

from crossjudge.trainer.data import TrainingProblem, cut_tests
from crossjudge.trainer.mutation import Kills, Suspects, kills_of, mutants

from .judging import Judge
from .rollout import Player

TESTS = 5
_SEED = 30_000_001


def examined(
    problems: Sequence[TrainingProblem], tester: Player, judge: Judge, count: int, tests_per_reply: int, seed: int
) -> dict[str, float]:
    """`tests/pass@5`: of the tests asked for, those that the reference passes. `tests/mut@5`: the mean share of
    `count` mutants of the reference that at least one of the right tests kills. `tests/mul`: their product.

    Mutants that no reference test tells from the reference either are taken for equivalent and left out, and so are
    problems of which none is left. Each problem needs a reference solution and tests.
    """
    # Hashed, so that the mutants are others than those of a neighbouring seed.
    seeds = np.random.SeedSequence([seed, _SEED]).generate_state(2).tolist()
    sampled = tester.replies(problems, seeds[0], -(-TESTS // tests_per_reply), codes=shown_references(problems))
    asked, written = [], []
    for problem, replies in zip(problems, sampled, strict=True):
        cut = [cut_tests(each.text, problem.entry_point, limit=tests_per_reply) for each in replies.completions]
        tests = [test for of_one in cut for test in of_one][:TESTS]
        reference = problem.reference_solution or ""
        changed = [mutant.source for mutant in mutants(reference, count, seed=seeds[1])]
        both = [*tests, *problem.reference_tests]
        asked.append(Suspects(reference, changed, both, problem.entry_point, problem.prelude))
        written.append(len(tests))
    grids = judge.grids([each.problem for each in asked])
    return _figures([kills_of(grids[at]) for at in range(len(asked))], written)


def shown_references(problems: Sequence[TrainingProblem]) -> list[str]:
    """What a white-box tester is shown of each where there is nothing to attack."""
    return [problem.reference_solution or "" for problem in problems]


def _figures(kills: Sequence[Kills], written: Sequence[int]) -> dict[str, float]:
    right = sum(int(each.proxy_passed[:count].sum()) for each, count in zip(kills, written, strict=True))
    scores = [each.score(range(count)) for each, count in zip(kills, written, strict=True)]
    known = [score for score in scores if not np.isnan(score)]
    found = {"tests/pass@5": right / (TESTS * len(kills))}
    if known:
        found["tests/mut@5"] = float(np.mean(known))
        found["tests/mul"] = found["tests/pass@5"] * found["tests/mut@5"]
    return found

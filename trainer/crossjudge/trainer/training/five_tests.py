"""What a tester's first five tests of a problem are worth: pass@5, mut@5 and Mul, as of Code-A1 (2603.15611)."""

from collections.abc import Sequence

from .judging import Judge, JudgedRollout
from .marks import Mark
from .mutation_score import mutation_scores

TESTS = 5


def marks_of_five(judged: Sequence[JudgedRollout], judge: Judge, mutants: int, seed: int = 0) -> dict[str, Mark]:
    """`tests/pass@5`: of five tests a problem those that the reference solution passes; one that is missing is wrong.
    `tests/mut@5`: the mean mutation score of the valid ones of the five. `tests/mul`: the product of the two.

    For rollouts that were asked for five tests at least.
    """
    valid = [
        (float(0 if each.valid is None else each.valid[:TESTS].sum()), TESTS)
        for each in judged
        if each.valid is not None or not each.rollout.tests
    ]
    scores = mutation_scores(judged, judge, mutants, seed, first=TESTS)
    right, killed = Mark.of(valid), Mark.of([(score, 1) for score in scores if score is not None])
    if right is None or killed is None:
        return {}
    product = Mark(right.value * killed.value, None, min(right.problems, killed.problems))
    return {"tests/pass@5": right, "tests/mut@5": killed, "tests/mul": product}

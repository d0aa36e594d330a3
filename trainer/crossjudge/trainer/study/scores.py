"""The figures of one selector on problems whose truth is known."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crossjudge.trainer.selectors import Labels, PassingMatrix, Selection
from crossjudge.trainer.selectors.matrix import Bools, Floats

from .labelled import Labelled
from .rating import Scored, brier, calibration, mean_auc, pooled_auc
from .resampling import Tally, mean_of, ratio

NAN = float("nan")


@dataclass(frozen=True)
class Figure:
    """How a figure is called, and what it is."""

    title: str
    meaning: str


FIGURES = {
    "pick": Figure("pass@1", "share of right ones among the chosen solutions, mean over problems (ties shared)"),
    "pick_of_copies": Figure("pass@1, copies", "the same, each solution weighed by how often it was written"),
    "trusted_pick": Figure("pass@1, trusted", "the same where the selector does not abstain"),
    "abstained": Figure("abstains", "share of problems where the selector advises against its own choice"),
    "precision": Figure("precision", "right ones among all solutions chosen in problems it does not abstain from"),
    "recall": Figure(
        "recall", "share of a problem's right solutions that are chosen, mean over problems that have any"
    ),
    "test_precision": Figure("test precision", "share of right ones among the chosen tests, mean over problems"),
    "auc": Figure("AUC", "how often a right solution scores above a wrong one of its problem, mean over problems"),
    "pooled_auc": Figure("AUC, pooled", "the same over the solutions of all problems together"),
    "test_auc": Figure("test AUC", "the AUC of the tests' scores inside each problem, over tests that are sound"),
    "brier": Figure("Brier", "mean squared distance of a solution's score from the truth (0 is best)"),
    "calibration": Figure("calibration error", "expected distance of a solution's score from the share right (ECE)"),
    "test_brier": Figure("test Brier", "as Brier, of the tests"),
    "test_calibration": Figure("test calibration error", "as ECE, of the tests"),
}


def tallies(
    problems: Sequence[Labelled], selections: Sequence[Selection], *, by_chance: bool = False
) -> dict[str, Tally]:
    """All of `FIGURES`, as sums over the problems.

    With `by_chance` the choice in `selections` is left aside and the expectation over a choice of one solution, each
    equally likely, takes its place.
    """
    found = [_by_chance(each) if by_chance else _chosen(each, s) for each, s in zip(problems, selections, strict=True)]
    columns = dict(zip(_COLUMNS, np.array(found).reshape(-1, len(_COLUMNS)).T, strict=True))
    trusted = np.array([selection.abstain is None for selection in selections], np.bool_)
    solutions = [(s.solution_scores, each.labels.solutions) for each, s in zip(problems, selections, strict=True)]
    tests = [_of_tests(each, s) for each, s in zip(problems, selections, strict=True)]
    pooled, pooled_tests = Scored.of(solutions), Scored.of(tests)
    chosen = np.stack([columns["right_chosen"], columns["chosen"]], axis=1) * trusted[:, None]
    return {
        "pick": mean_of(columns["pick"]),
        "pick_of_copies": mean_of(columns["pick_of_copies"]),
        "trusted_pick": mean_of(np.where(trusted, columns["pick"], NAN)),
        "abstained": mean_of((~trusted).astype(float)),
        "precision": Tally(chosen, ratio),
        "recall": mean_of(columns["recall"]),
        "test_precision": mean_of(columns["test_precision"]),
        "auc": mean_auc(solutions),
        "pooled_auc": pooled_auc(pooled),
        "test_auc": mean_auc(tests),
        "brier": brier(pooled),
        "calibration": calibration(pooled),
        "test_brier": brier(pooled_tests),
        "test_calibration": calibration(pooled_tests),
    }


def picks(problems: Sequence[Labelled], selections: Sequence[Selection]) -> Floats:
    """(P,), the share of right ones among each problem's chosen solutions; 0 where none is chosen."""
    return np.array([_share(s.solutions, each.labels.solutions) for each, s in zip(problems, selections, strict=True)])


_COLUMNS = ("pick", "pick_of_copies", "right_chosen", "chosen", "recall", "test_precision")


def _chosen(problem: Labelled, selection: Selection) -> tuple[float, ...]:
    right, chosen = problem.labels.solutions, selection.solutions
    hits = float((chosen & right).sum())
    return (
        _share(chosen, right),
        _share(chosen * problem.matrix.solution_copies, right),
        hits,
        float(chosen.sum()),
        hits / right.sum() if right.any() else NAN,
        _precision_of_tests(selection.tests, problem.labels.of_tests(problem.matrix)),
    )


def _by_chance(problem: Labelled) -> tuple[float, ...]:
    matrix, right = problem.matrix, problem.labels.solutions
    good = problem.labels.of_tests(matrix)
    share = problem.share_right
    passed = matrix.passed & matrix.sound_tests
    each = [_precision_of_tests(row, good) for row in passed[passed.any(axis=1)]]
    return (
        share,
        _share(matrix.solution_copies, right),
        share,
        1.0,
        1 / right.size if right.any() else NAN,
        float(np.mean(each)) if each else NAN,
    )


def _share(weights: Bools | Floats | np.ndarray[tuple[int, ...], np.dtype[np.int64]], right: Bools) -> float:
    total = weights.sum()
    return float((weights * right).sum() / total) if total else 0.0


def _precision_of_tests(chosen: Bools, good: Bools | None) -> float:
    return NAN if good is None or not chosen.any() else float(good[chosen].mean())


def _of_tests(problem: Labelled, selection: Selection) -> tuple[Floats, Bools]:
    """Scores and truth of the sound tests; none where nobody knows which are right."""
    good = sound_truth(problem.labels, problem.matrix)
    if good is None:
        return np.zeros(0), np.zeros(0, np.bool_)
    return selection.test_scores[problem.matrix.sound_tests], good


def sound_truth(labels: Labels, matrix: PassingMatrix) -> Bools | None:
    """Which of the sound tests are right: that the others are broken is known without any selector."""
    good = labels.of_tests(matrix)
    return None if good is None else good[matrix.sound_tests]

"""DyB4: what it counts on labelled problems, what it forgets, and that it can be saved."""

import json
from typing import Any

import numpy as np
import pytest

from crossjudge.trainer.selectors import BadMatrix, BadOption, BadState, Labels, PassingMatrix, make_selector
from crossjudge.trainer.selectors.b4 import B4, Priors
from crossjudge.trainer.selectors.dyb4 import DyB4
from crossjudge.trainer.study.labelled import matrices
from crossjudge.trainer.study.worlds import REGIMES, draw

# Solutions 0 and 1 are correct, and so tests 0 and 1 are: they pass these and no others.
MATRIX = PassingMatrix.of(["PPFF", "PPFF", "PFPP", "FFPF"], id="p")
LABELS = Labels(np.array([True, True, False, False]))


def test_counts_of_one_problem_are_those_of_the_definition() -> None:
    dyb4 = DyB4()
    dyb4.observe([MATRIX], [LABELS])
    # wrong solutions pass 1 of 4 cells of correct tests and 3 of 4 of wrong ones
    assert dyb4.priors == Priors((3, 3), (3, 3), (2, 4), (4, 2))


def test_counts_are_pooled_over_problems_and_forgotten_step_by_step() -> None:
    dyb4 = DyB4(forgetting=0.5)
    dyb4.observe([MATRIX, MATRIX], [LABELS, LABELS])
    assert dyb4.priors == Priors((5, 5), (5, 5), (3, 7), (7, 3))
    dyb4.observe([MATRIX], [LABELS])
    assert dyb4.priors == Priors((5, 5), (5, 5), (3, 7), (7, 3))  # half of two and one more
    dyb4.observe([], [])
    assert dyb4.priors == Priors((3, 3), (3, 3), (2, 4), (4, 2))


def test_strength_keeps_the_mean_and_says_what_it_is_worth() -> None:
    dyb4 = DyB4(strength=12)
    dyb4.observe([MATRIX], [LABELS])
    assert dyb4.priors == Priors((6, 6), (6, 6), (4, 8), (8, 4))


def test_without_labels_it_is_b4() -> None:
    problems = matrices(draw(REGIMES[0], 40, seed=3))
    for ours, theirs in zip(DyB4().select(problems), B4().select(problems), strict=True):
        assert (ours.solutions == theirs.solutions).all()
        assert ours.margin == theirs.margin


def test_a_rate_of_which_nothing_was_seen_keeps_b4s_prior() -> None:
    dyb4 = DyB4(alpha_xy=10, beta_0=20)
    dyb4.observe([MATRIX], [Labels(np.zeros(4, np.bool_))])  # nobody knows which tests are correct
    assert dyb4.priors == Priors((1, 5), (10, 1), (1, 1), (1, 20))
    dyb4.observe([PassingMatrix.of(["PP", "PF"])], [Labels(np.array([True, False]))])  # no test is wrong
    assert dyb4.priors.wrong_passes_wrong == (1, 20)
    assert dyb4.priors.wrong_passes_correct == (2, 2)


def test_labels_of_tests_count_where_no_solution_is_correct() -> None:
    dyb4 = DyB4()
    dyb4.observe([MATRIX], [Labels(np.zeros(4, np.bool_), np.array([True, False, False, False]))])
    assert dyb4.priors == Priors((1, 5), (2, 4), (4, 2), (6, 8))


def test_masked_cells_and_broken_tests_count_nowhere() -> None:
    masked = PassingMatrix.of(["PPFFP", "PPFFX", "PXPPP", "FFPFP"], sound_tests=[1, 1, 1, 1, 0])
    dyb4 = DyB4()
    dyb4.observe([masked], [LABELS])
    assert dyb4.priors == Priors((3, 3), (3, 3), (2, 3), (4, 2))


def test_copies_count_as_often_as_they_were_written() -> None:
    folded = PassingMatrix.of(["PF", "FP"], solution_copies=[2, 3], test_copies=[1, 4])
    dyb4 = make_selector("dyb4", {"copies": True})
    assert isinstance(dyb4, DyB4)
    dyb4.observe([folded], [Labels(np.array([True, False]))])
    assert dyb4.priors == Priors((3, 4), (2, 5), (1, 4), (13, 1))


def test_outputs_tell_solutions_apart_that_pass_the_same() -> None:
    matrix = PassingMatrix.of(["PP", "PP", "PP"], outputs=[["1", "2"], ["1", "2"], ["1", "3"]])
    assert DyB4().select([matrix])[0].solutions.all()
    assert DyB4(outputs=True).select([matrix])[0].solutions.tolist() == [True, True, False]


def test_ten_labelled_problems_beat_the_fixed_prior_where_it_has_gone_stale() -> None:
    late = REGIMES[2]
    problems = draw(late, 800, seed=1)
    dyb4 = DyB4()
    seen = draw(late, 10, seed=2)
    dyb4.observe(matrices(seen), [each.labels for each in seen])

    def right(selector: B4) -> float:
        chosen = selector.select(matrices(problems))
        return float(np.mean([p.labels.solutions[c.solutions].mean() for p, c in zip(problems, chosen, strict=True)]))

    assert right(B4()) < 0.96
    assert right(dyb4) > 0.97


def test_a_saved_state_goes_through_json_exactly() -> None:
    one, other = DyB4(forgetting=0.7), DyB4(forgetting=0.7)
    for _ in range(5):
        one.observe([MATRIX], [LABELS])
    other.load_state_dict(json.loads(json.dumps(one.state_dict())))
    assert other.priors == one.priors
    one.observe([MATRIX], [LABELS])
    other.observe([MATRIX], [LABELS])
    assert other.state_dict() == one.state_dict()


GOOD = DyB4().state_dict()


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({}, "kind"),
        ([1], "object"),
        ({**GOOD, "kind": "selector_monitor"}, "kind"),
        ({**GOOD, "version": 2}, "version"),
        ({**GOOD, "copies": True}, "copies=True"),
        ({**GOOD, "more": 1}, "more"),
        ({**GOOD, "counts": {**GOOD["counts"], "correct_test": [1.0, -1.0]}}, "counts.correct_test.1"),
        ({**GOOD, "counts": {**GOOD["counts"], "correct_test": [1.0]}}, "counts.correct_test"),
        ({**GOOD, "counts": {**GOOD["counts"], "correct_test": [float("nan"), 1.0]}}, "counts.correct_test.0"),
        ({**GOOD, "counts": {"correct_test": [1.0, 1.0]}}, "counts.correct_solution"),
        ({**GOOD, "copies": {1, 2}}, "dyb4"),
    ],
)
def test_a_foreign_or_damaged_state_is_refused_and_changes_nothing(state: Any, says: str) -> None:
    dyb4 = DyB4()
    dyb4.observe([MATRIX], [LABELS])
    before = dyb4.state_dict()
    with pytest.raises(BadState, match=says):
        dyb4.load_state_dict(state)
    assert dyb4.state_dict() == before


def test_labels_of_another_matrix_are_refused_before_anything_is_counted() -> None:
    dyb4 = DyB4()
    with pytest.raises(BadMatrix, match="problem 'p': the labels are not those of 4 solutions × 4 tests"):
        dyb4.observe([MATRIX, MATRIX], [LABELS, Labels(np.array([True]))])
    assert dyb4.state_dict() == GOOD


@pytest.mark.parametrize("options", [{"strength": 0}, {"strength": float("inf")}, {"forgetting": 1.5}, {"beta_0": -1}])
def test_options_outside_of_what_they_can_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(BadOption):
        make_selector("dyb4", options)

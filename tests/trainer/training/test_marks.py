"""Figures of held-out problems: what they are on matrices that can be checked by hand, and their standard errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.contracts import AssertTest
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.generation import Completion
from crossjudge.trainer.selectors import PassingMatrix
from crossjudge.trainer.training.judging import JudgedRollout
from crossjudge.trainer.training.marks import Mark, marks_of
from crossjudge.trainer.training.rollout import Replies, Rollout

shares = st.lists(st.tuples(st.floats(0, 1), st.integers(1, 9)), min_size=2, max_size=20)


def judged(rows: list[str], right: list[bool] | None, good: list[bool] | None, copies: list[int]) -> JudgedRollout:
    """Distinct solutions × distinct tests, of which test j was written `copies[j]` times, each in its own reply."""
    places = np.repeat(np.arange(len(copies)), copies)
    replies = Replies((0,), tuple(Completion((1,), None, "", False) for _ in places))
    tests = tuple(AssertTest(code=f"assert f({at}) == {at}") for at in places)
    problem = TrainingProblem(id="one", prompt="one")
    solutions = tuple(f"solution {at}" for at in range(len(rows)))
    rollout = Rollout(problem, replies, replies, solutions, tests, tuple(range(len(tests))))
    matrix = PassingMatrix.of(rows, tests=len(copies), test_copies=copies)
    known = [None if each is None else np.array(each, np.bool_) for each in (right, good)]
    return JudgedRollout(rollout, matrix, np.arange(len(rows)), places, *known)


def test_figures_of_a_matrix_by_hand() -> None:
    """Two right solutions and two wrong ones; of three tests the last is wrong, and the first was written twice."""
    each = judged(["PPF", "PPF", "FPP", "PPF"], [True, True, False, False], [True, True, False], [2, 1, 1])
    marks = {name: mark.value for name, mark in marks_of([each], [1, 2]).items()}
    assert marks == pytest.approx({
        "pass@1": 1 / 2, "pass@2": 1 - 1 / 6, "tests/per_reply": 1, "tests/valid": 3 / 4, "tests/unique_frac": 3 / 4,
        "tests/kill": (1 / 2 + 1 / 2 + 0) / 3,
    })  # fmt: skip


def test_what_could_not_be_judged_is_left_out_and_not_called_wrong() -> None:
    known, unknown = judged(["P"], [True], [True], [1]), judged(["X"], None, None, [1])
    marks = marks_of([known, unknown], [1], [None, None])
    assert (marks["pass@1"].value, marks["pass@1"].problems, marks["tests/valid"].problems) == (1, 1, 1)
    assert "tests/kill" not in marks and "tests/mutation_score" not in marks


def test_problems_without_tests_count_where_they_can() -> None:
    marks = marks_of([judged(["", ""], [True, False], None, [])], [1, 4])
    assert set(marks) == {"pass@1"}, "nothing is known of tests that nobody wrote, nor of four samples of two"


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30))
def test_the_error_of_a_mean_is_the_standard_error(values: list[float]) -> None:
    mark = Mark.of([(value, 1) for value in values])
    assert mark is not None
    assert mark.value == pytest.approx(np.mean(values))
    assert mark.error == pytest.approx(np.std(values, ddof=1) / len(values) ** 0.5, abs=1e-12)


@given(shares, st.integers(2, 5))
def test_a_share_is_of_the_sums_and_its_error_knows_no_unit(parts: list[tuple[float, int]], times: int) -> None:
    parts = [(share * whole, whole) for share, whole in parts]
    mark, scaled = Mark.of(parts), Mark.of([(some * times, whole * times) for some, whole in parts])
    assert mark is not None and scaled is not None
    assert mark.value == pytest.approx(sum(some for some, _ in parts) / sum(whole for _, whole in parts))
    assert (scaled.value, scaled.error) == (pytest.approx(mark.value), pytest.approx(mark.error, abs=1e-12))


def test_one_problem_says_nothing_of_others_and_none_says_nothing() -> None:
    assert Mark.of([(1, 2)]) == Mark(0.5, None, 1)
    assert Mark.of([(0, 0)]) is None

"""What must hold of every selector, whatever the matrix."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossjudge.trainer.selectors import SELECTORS, PassingMatrix, Selection
from crossjudge.trainer.selectors.b4 import log_evidence
from crossjudge.trainer.selectors.groups import row_groups
from passing_matrices import LABEL_FREE, labels_of, matrices, selector_named

DETERMINED = sorted(set(LABEL_FREE) - {"random"})
SETS = ["mbr", "codet", "soft_codet", "b4", "jury"]

every_selector = pytest.mark.parametrize("name", LABEL_FREE)
every_determined = pytest.mark.parametrize("name", DETERMINED)
few = settings(max_examples=25, deadline=None)


def select(name: str, matrix: PassingMatrix) -> Selection:
    return selector_named(name).select([matrix])[0]


def about_the_same(one: Selection, other: Selection) -> None:
    assert one.solutions.tolist() == other.solutions.tolist()
    assert one.tests.tolist() == other.tests.tolist()
    assert one.solution_scores == pytest.approx(other.solution_scores, abs=1e-6, nan_ok=True)
    assert one.test_scores == pytest.approx(other.test_scores, abs=1e-6, nan_ok=True)
    assert one.margin == pytest.approx(other.margin, abs=1e-6)
    assert one.abstain == other.abstain


@every_selector
@given(matrices(letters="PPPFFETMCSX"))
@few
def test_a_selection_is_well_formed(name: str, matrix: PassingMatrix) -> None:
    height, width = matrix.shape
    found = select(name, matrix)
    assert found.solutions.shape == found.solution_scores.shape == (height,)
    assert found.tests.shape == found.test_scores.shape == (width,)
    assert found.solutions.any()
    for scores in (found.solution_scores, found.test_scores):
        known = scores[~np.isnan(scores)]
        assert np.all((known >= 0) & (known <= 1 + 1e-9))
    assert 0 <= found.margin <= 1
    assert not found.tests[~matrix.sound_tests].any()
    assert found.abstain is None or len(found.abstain) > 10


@every_determined
@given(matrices(), st.randoms(use_true_random=False))
@few
def test_the_order_of_solutions_and_tests_does_not_matter(name: str, matrix: PassingMatrix, chance: object) -> None:
    height, width = matrix.shape
    rows, columns = np.arange(height), np.arange(width)
    chance.shuffle(rows)  # type: ignore[attr-defined]
    chance.shuffle(columns)  # type: ignore[attr-defined]
    about_the_same(select(name, matrix).unfold(rows, columns), select(name, matrix.take(rows, columns)))


@pytest.mark.parametrize("name", ["codet", "ucoder", "gated_clusters"])
@given(matrices())
@few
def test_copies_count_like_rows_written_out(name: str, matrix: PassingMatrix) -> None:
    """Where copies count, folding equal solutions into one with a number changes nothing."""
    rows = np.repeat(np.arange(matrix.shape[0]), matrix.solution_copies)
    spread = replace(
        matrix.take(rows, np.arange(matrix.shape[1])), solution_copies=np.ones(rows.size, np.int64)
    )  # fmt: skip
    about_the_same(select(name, matrix).unfold(rows, np.arange(matrix.shape[1])), select(name, spread))


@pytest.mark.parametrize("name", ["mbr", "b4", "maxpass", "soft_codet", "jury", "dawid_skene", "leave_one_out"])
@given(matrices())
@few
def test_copies_do_not_count_where_distinct_ones_are_asked_for(name: str, matrix: PassingMatrix) -> None:
    height, width = matrix.shape
    single = replace(matrix, solution_copies=np.ones(height, np.int64), test_copies=np.ones(width, np.int64))
    about_the_same(select(name, matrix), select(name, single))


@every_selector
@pytest.mark.parametrize("rows", [["P"], ["F"], ["X"], ["PPP"] * 3, ["FFF"] * 3, ["EEE"] * 2, ["S", "S"], ["", ""], []])
def test_degenerate_matrices_are_answered(name: str, rows: list[str]) -> None:
    matrix = PassingMatrix.of(rows)
    found = select(name, matrix)
    assert found.solutions.tolist() == [True] * len(rows) or name == "random"
    nothing_said = not any("P" in row for row in rows)
    assert (found.abstain is not None) >= (nothing_said and name != "random")


@every_selector
def test_a_problem_without_sound_tests_is_abstained_from(name: str) -> None:
    matrix = PassingMatrix.of(["PP", "PP"], sound_tests=[False, False])
    assert "no test" in (select(name, matrix).abstain or "")


@every_determined
@given(matrices(letters="PPPFFE"), st.data())
@few
def test_a_masked_column_is_as_if_it_were_not_there(name: str, matrix: PassingMatrix, data: st.DataObject) -> None:
    """What we failed to judge says nothing: neither for a solution nor against it."""
    height, width = matrix.shape
    at = data.draw(st.integers(0, width))
    letters = np.insert(matrix.letters, at, ord("X"), axis=1)
    outputs = None if matrix.outputs is None else np.insert(matrix.outputs, at, -1, axis=1)
    masked = replace(
        matrix, letters=letters, outputs=outputs, test_copies=np.insert(matrix.test_copies, at, 1),
        sound_tests=np.insert(matrix.sound_tests, at, True),
    )  # fmt: skip
    if not matrix.sound_tests.any():
        return  # with no sound test at all the reason differs: here there is one, which nobody judged
    rest = np.delete(np.arange(width + 1), at)
    about_the_same(select(name, masked).unfold(np.arange(height), rest), select(name, matrix))
    assert not select(name, masked).tests[at]


@pytest.mark.parametrize("name", ["maxpass", "mbr", "codet", "b4", "dawid_skene", "spectral", "leave_one_out"])
@given(matrices(with_outputs=False))
@few
def test_equal_rows_get_equal_scores(name: str, matrix: PassingMatrix) -> None:
    found = select(name, matrix)
    for i, row in enumerate(matrix.passed[:, matrix.sound_tests]):
        for k, other in enumerate(matrix.passed[:, matrix.sound_tests]):
            if (row == other).all():
                assert found.solution_scores[i] == pytest.approx(found.solution_scores[k], abs=1e-6)
                assert found.solutions[i] == found.solutions[k]


@given(matrices())
@few
def test_one_more_pass_never_lowers_a_share_of_passes(matrix: PassingMatrix) -> None:
    better = replace(matrix, letters=matrix.letters.copy())
    better.letters[0, :] = ord("P")
    before, after = select("maxpass", matrix), select("maxpass", better)
    assert (after.solution_scores >= before.solution_scores - 1e-12).all() or not matrix.sound_tests.any()


@pytest.mark.parametrize("name", ["mbr", "codet", "soft_codet"])
@given(matrices(letters="PPF", with_outputs=False))
@few
def test_one_more_member_never_makes_a_set_worse(name: str, matrix: PassingMatrix) -> None:
    rows = np.append(np.arange(matrix.shape[0]), 0)
    grown = matrix.take(rows, np.arange(matrix.shape[1]))
    selector = SELECTORS[name]()
    before = selector.raw_scores(row_groups(matrix, copies=False))  # type: ignore[attr-defined]
    after = selector.raw_scores(row_groups(grown, copies=False))  # type: ignore[attr-defined]
    assert after[0] >= before[0] - 1e-9


@given(matrices(letters="PPF", with_outputs=False))
@few
def test_agreement_of_strangers_on_rejected_tests_speaks_against_a_set(matrix: PassingMatrix) -> None:
    """With B4's strong prior a wrong solution seldom passes a wrong test: one that does lowers the evidence."""
    groups = row_groups(matrix, copies=False)
    priors = SELECTORS["b4"]().priors  # type: ignore[attr-defined]
    room = (groups.all_n - groups.n) * (groups.all_m - groups.m) > groups.s0
    more = log_evidence(replace(groups, s0=np.where(room, groups.s0 + 1, groups.s0)), priors)
    assert np.all(more[room] < log_evidence(groups, priors)[room])


@every_determined
@given(st.lists(matrices(), min_size=1, max_size=4))
@few
def test_problems_do_not_look_at_each_other(name: str, several: list[PassingMatrix]) -> None:
    together = selector_named(name).select(several)
    for matrix, found in zip(several, together, strict=True):
        about_the_same(found, select(name, matrix))


@given(matrices())
@few
def test_the_oracle_is_always_right(matrix: PassingMatrix) -> None:
    labels = labels_of(matrix)
    found = selector_named("oracle", labels={"drawn": labels}).select([matrix])[0]
    assert found.solutions.tolist() == labels.solutions.tolist()

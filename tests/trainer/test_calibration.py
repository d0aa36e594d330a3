"""Calibrators: monotone, modest where labels are few, right where there are many; and a selector behind one."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.selectors import BadState, Labels, PassingMatrix
from crossjudge.trainer.selectors.b4 import B4
from crossjudge.trainer.selectors.calibration import Calibrated, Calibrator, Isotonic, Platt, observations
from crossjudge.trainer.selectors.codet import CodeT
from crossjudge.trainer.selectors.matrix import Floats
from crossjudge.trainer.study.labelled import matrices
from crossjudge.trainer.study.worlds import REGIMES, draw

KINDS: list[Callable[[], Calibrator]] = [Platt, Isotonic]
share = st.floats(0, 1)
pairs = st.lists(st.tuples(share, st.sampled_from([0.0, 0.5, 1.0])), max_size=30)
GRID = np.linspace(0, 1, 101)


def split(seen: list[tuple[float, float]]) -> tuple[Floats, Floats]:
    table = np.array(seen, np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def least_squares(scores: Floats, correct: Floats) -> Floats:
    """Isotonic regression by its min-max formula: the slow truth."""
    order = np.argsort(scores, kind="stable")
    y = correct[order]
    means = np.array([[y[i : j + 1].mean() if j >= i else np.inf for j in range(len(y))] for i in range(len(y))])
    fitted = np.array([max(means[i, k:].min() for i in range(k + 1)) for k in range(len(y))])
    return np.asarray(fitted[np.argsort(order, kind="stable")])


@pytest.mark.parametrize("kind", KINDS)
@given(seen=pairs)
def test_no_order_is_turned_around_and_all_are_probabilities(
    kind: Callable[[], Calibrator], seen: list[tuple[float, float]]
) -> None:
    found = kind().fit(*split(seen))(GRID)
    assert (np.diff(found) >= -1e-12).all()
    assert ((found >= 0) & (found <= 1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_without_labels_nothing_changes_and_what_is_unknown_stays_so(kind: Callable[[], Calibrator]) -> None:
    for calibrator in (kind(), kind().fit(np.zeros(0), np.zeros(0))):
        assert np.array_equal(calibrator(np.array([0.2, np.nan])), [0.2, np.nan], equal_nan=True)
    fitted = kind().fit(np.array([0.2, 0.7]), np.array([0.0, 1.0]))
    assert np.isnan(fitted(np.array([np.nan]))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_scores_that_promise_too_much_are_set_right(kind: Callable[[], Calibrator]) -> None:
    chance = np.random.default_rng(0)
    scores = chance.random(3000)
    truth = 1 / (1 + np.exp(-0.5 * np.log(scores / (1 - scores)) + 0.7))  # a slope of 0.5, an offset of -0.7
    found = kind().fit(scores, (chance.random(3000) < truth).astype(float))(scores)
    assert np.abs(found - truth).mean() < 0.03
    assert np.abs(scores - truth).mean() > 0.12


def test_platt_stays_finite_and_modest_on_ten_separable_labels() -> None:
    scores = np.array([0.01] * 5 + [0.99] * 5)
    platt = Platt().fit(scores, np.array([0.0] * 5 + [1.0] * 5))
    assert 0.5 < platt.slope < 2
    assert abs(platt.offset) < 1


def test_platt_learns_that_certain_scores_are_often_wrong() -> None:
    platt = Platt().fit(np.full(20, 1 - 1e-9), np.array([1.0] * 10 + [0.0] * 10))
    assert 0.45 < platt(np.array([1.0]))[0] < 0.65


def test_scores_that_point_the_wrong_way_get_one_probability() -> None:
    platt = Platt().fit(np.array([0.1] * 20 + [0.9] * 20), np.array([1.0] * 20 + [0.0] * 20))
    assert platt.slope == 0
    assert platt(GRID) == pytest.approx(0.5)


@given(st.lists(st.tuples(st.integers(0, 20).map(lambda n: n / 20), st.sampled_from([0.0, 1.0])), max_size=12))
def test_isotonic_is_the_least_squares_fit_where_it_has_no_prior(seen: list[tuple[float, float]]) -> None:
    scores, correct = split([*dict(seen).items()])  # the formula is for distinct scores
    found = Isotonic(prior=0).fit(scores, correct)(scores)
    assert found == pytest.approx(least_squares(scores, correct) if len(seen) else found)


def test_isotonic_never_makes_certainties_of_few_labels() -> None:
    found = Isotonic().fit(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.0, 0.0, 1.0, 1.0]))(GRID)
    assert 0.2 < found.min() < found.max() < 0.8


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_calibrator_says_exactly_the_same(kind: Callable[[], Calibrator]) -> None:
    chance = np.random.default_rng(1)
    one, other = kind().fit(chance.random(50), (chance.random(50) < 0.3).astype(float)), kind()
    other.load_state_dict(json.loads(json.dumps(one.state_dict())))
    assert (other(GRID) == one(GRID)).all()
    with pytest.raises(BadState):
        other.load_state_dict({**one.state_dict(), "kind": "another"})
    assert (other(GRID) == one(GRID)).all()


def test_a_saved_map_that_falls_is_refused() -> None:
    with pytest.raises(BadState, match="rise"):
        Isotonic().load_state_dict({"kind": "isotonic", "version": 1, "scores": [0.1, 0.2], "values": [0.5, 0.4]})


def test_solutions_of_one_score_are_one_observation() -> None:
    scores, correct = observations(np.array([0.9, 0.9, 0.1, np.nan]), np.array([True, False, False, True]))
    assert (scores.tolist(), correct.tolist()) == ([0.1, 0.9], [0.0, 0.5])


def test_a_calibrated_selector_chooses_the_same_and_is_as_often_right_as_it_says() -> None:
    collusive = REGIMES[3]
    seen, problems = draw(collusive, 60, seed=5), draw(collusive, 500, seed=6)
    calibrated = Calibrated(B4(), Platt(), Platt()).fit(matrices(seen), [each.labels for each in seen])
    before, after = B4().select(matrices(problems)), calibrated.select(matrices(problems))
    assert all((a.solutions == b.solutions).all() and a.margin == b.margin for a, b in zip(before, after, strict=True))
    right = np.mean([p.labels.solutions[c.solutions].mean() for p, c in zip(problems, after, strict=True)])
    assert np.mean([c.solution_scores.max() for c in before]) > right + 0.5
    assert abs(np.mean([c.solution_scores.max() for c in after]) - right) < 0.15


def test_a_calibrated_selector_takes_problems_where_nothing_is_known() -> None:
    given = [PassingMatrix.of([]), PassingMatrix.of(["XX"])]
    labels = [Labels(np.zeros(0, np.bool_)), Labels(np.array([False]))]
    chosen = Calibrated(CodeT(), Isotonic(), Isotonic()).fit(given, labels).select(given)
    assert [each.abstain is not None for each in chosen] == [True, True]

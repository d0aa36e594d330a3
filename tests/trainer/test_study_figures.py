"""The figures of a study: by hand on small cases, by their laws on any."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.selectors import SELECTORS, Labels, PassingMatrix, Selection
from crossjudge.trainer.study.contestants import CALIBRATION, Contestant, Learner, on_data, show
from crossjudge.trainer.study.cross_validation import FOLDS, cross_validate, folds_of
from crossjudge.trainer.study.field import compare
from crossjudge.trainer.study.labelled import Labelled
from crossjudge.trainer.study.rating import BINS, Scored, auc, brier, calibration, mean_auc, pooled_auc, reliability
from crossjudge.trainer.study.resampling import Resamples, mean_of
from crossjudge.trainer.study.scores import FIGURES, tallies
from crossjudge.trainer.study.tests_curve import curves
from crossjudge.trainer.study.worlds import REGIMES, draw


def labelled(rows: list[str], right: list[int], tests: list[int] | None = None, **more: Any) -> Labelled:
    matrix = PassingMatrix.of(rows, **{"id": "p", **more})
    labels = Labels(np.array(right, bool), None if tests is None else np.array(tests, bool))
    return Labelled(matrix, labels)


def choice(solutions: list[int], tests: list[int], scores: list[float], abstain: str | None = None) -> Selection:
    shares = np.array(tests, float)
    return Selection(np.array(solutions, bool), np.array(tests, bool), np.array(scores), shares, 0.5, abstain)


ONE = labelled(["PPF", "PFF", "FFP"], [1, 1, 0], [1, 0, 0], id="one", solution_copies=[3, 1, 1])
TWO = labelled(["PP", "FF"], [0, 0], [1, 0], id="two")
CHOICES = [choice([0, 1, 1], [1, 1, 0], [0.9, 0.8, 0.8]), choice([1, 0], [1, 0], [1.0, 0.0], "too close")]


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("pick", (1 / 2 + 0) / 2), ("pick_of_copies", (1 / 2 + 0) / 2), ("trusted_pick", 1 / 2), ("abstained", 1 / 2),
        ("precision", 1 / 2), ("recall", 1 / 2), ("test_precision", (1 / 2 + 1) / 2), ("auc", 3 / 4),
        ("test_auc", (3 / 4 + 1) / 2), ("brier", (0.1**2 + 0.2**2 + 0.8**2 + 1 + 0) / 5),
    ],
)  # fmt: skip
def test_figures_by_hand(figure: str, value: float) -> None:
    assert tallies([ONE, TWO], CHOICES)[figure].value == pytest.approx(value)


def test_copies_weigh_where_they_are_asked_for() -> None:
    found = tallies([ONE], [choice([1, 1, 1], [1, 0, 0], [1, 1, 1])])
    assert found["pick"].value == pytest.approx(2 / 3)
    assert found["pick_of_copies"].value == pytest.approx(4 / 5)


def test_chance_is_an_expectation_and_not_one_draw() -> None:
    found = tallies([ONE, TWO], CHOICES, by_chance=True)
    assert found["pick"].value == pytest.approx((2 / 3 + 0) / 2)
    assert found["recall"].value == pytest.approx(1 / 3)  # of the first: the other has nothing to recall
    assert found["test_precision"].value == pytest.approx(((1 / 2 + 1 + 0) / 3 + 1 / 2) / 2)
    assert found["abstained"].value == 1 / 2


def test_tests_that_are_broken_by_themselves_are_in_no_figure_of_the_tests_scores() -> None:
    problem = labelled(["PPF", "PFF"], [1, 0], [1, 1, 0], sound_tests=[1, 0, 1])
    found = tallies([problem], [choice([1, 0], [1, 0, 0], [1, 0])])
    assert found["test_brier"].value == 0
    assert found["test_auc"].value == 1


def test_a_problem_without_any_right_solution_counts_as_wrong_and_can_be_left_out() -> None:
    field = compare("both", [ONE, TWO], [Contestant("oracle", "oracle"), Contestant("mbr", "mbr")])
    assert field.has_right.tolist() == [True, False]
    assert field.estimate("oracle", "pick").value == 1 / 2
    assert field.where(field.has_right, "some").estimate("oracle", "pick").value == 1


def test_no_problems_and_empty_problems_have_figures_too() -> None:
    assert np.isnan(tallies([], [])["pick"].value)
    nothing = Labels(np.zeros(0, bool), np.zeros(0, bool))
    no_rows = Labels(np.zeros(0, bool), np.array([False, True]))
    no_columns = Labels(np.array([True]), np.zeros(0, bool))
    empty = [
        Labelled(PassingMatrix.of([], id="nothing"), nothing),
        Labelled(PassingMatrix.of([], id="no rows", tests=2), no_rows),
        Labelled(PassingMatrix.of([""], id="no columns"), no_columns),
    ]
    field = compare("empty", empty, on_data())
    assert field.estimate("random", "pick").value == pytest.approx(1 / 3)
    assert set(field.as_json()["selectors"]["mbr"]) == {*FIGURES, "less_than_best", "reliability"}


SCORES = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.35, 0.5, 0.99, 1.0]), st.booleans()), max_size=30)


@given(SCORES)
def test_auc_is_the_share_of_pairs_in_order(things: list[tuple[float, bool]]) -> None:
    scores, right = np.array([s for s, _ in things]), np.array([r for _, r in things], bool)
    pairs = [(a > b) + (a == b) / 2 for a in scores[right] for b in scores[~right]]
    found = auc(scores, right)
    assert np.isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))
    pooled = pooled_auc(Scored.of([(scores, right)])).value
    assert pooled == pytest.approx(found, nan_ok=True)
    assert mean_auc([(1 - scores, right)]).value == pytest.approx(1 - found, nan_ok=True)


@given(st.lists(SCORES, min_size=1, max_size=5))
def test_pooling_does_not_depend_on_where_a_thing_came_from(parts: list[list[tuple[float, bool]]]) -> None:
    arrays = [(np.array([s for s, _ in part]), np.array([r for _, r in part], bool)) for part in parts]
    together = (np.concatenate([s for s, _ in arrays]), np.concatenate([r for _, r in arrays]))
    for figure in (pooled_auc, brier, calibration):
        apart, one = figure(Scored.of(arrays)).value, figure(Scored.of([together])).value
        assert apart == pytest.approx(one, nan_ok=True)


def test_many_different_scores_move_the_pooled_auc_by_little() -> None:
    chance = np.random.default_rng(0)
    right = chance.random(4000) < 0.3
    scores = chance.normal(right * 1.0)
    assert pooled_auc(Scored.of([(scores, right)])).value == pytest.approx(auc(scores, right), abs=0.003)


def test_things_without_a_score_are_left_out() -> None:
    scores, right = np.array([np.nan, 1.0, 0.0]), np.array([True, True, False])
    assert auc(scores, right) == 1
    assert brier(Scored.of([(scores, right)])).value == 0


def test_calibration_error_by_hand() -> None:
    scores, right = np.array([0.05, 0.05, 0.95, 1.0]), np.array([False, True, True, True])
    table = calibration(Scored.of([(scores, right)]))
    # The lowest bin says .05 where half is right, the highest .975 where all is.
    assert table.value == pytest.approx((2 * 0.45 + 2 * 0.025) / 4)
    low, high = reliability(table, Resamples(1))
    assert (low.things, low.right.value, high.things, high.right.value) == (2, 0.5, 2, 1)
    assert [low.score, high.score] == pytest.approx([0.05, 0.975])


@given(SCORES)
def test_the_calibration_error_is_a_share_and_its_bins_hold_all(things: list[tuple[float, bool]]) -> None:
    scored = Scored.of([(np.array([s for s, _ in things]), np.array([r for _, r in things], bool))])
    table = calibration(scored)
    assert table.sums[:, :BINS].sum() == len(things)
    assert np.isnan(table.value) if not things else -1e-12 <= table.value <= 1 + 1e-12


VALUES = st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1)), min_size=1, max_size=40)


@given(VALUES)
def test_an_interval_stays_within_what_was_seen(values: list[float]) -> None:
    array, resamples = np.array(values), Resamples(len(values), count=50)
    found = resamples.estimate(mean_of(array))
    if np.isnan(array).all():
        assert np.isnan([found.value, found.low, found.high]).all()
        return
    assert np.nanmin(array) - 1e-5 <= found.low <= found.high <= np.nanmax(array) + 1e-5


def test_differences_are_paired() -> None:
    shares = np.random.default_rng(0).random(200)
    resamples = Resamples(200)
    same = resamples.difference(mean_of(shares), mean_of(shares))
    assert (same.value, same.low, same.high) == (0, 0, 0)
    shifted = resamples.difference(mean_of(shares + 0.1), mean_of(shares))
    assert shifted.low == pytest.approx(0.1, abs=1e-5)
    assert resamples.estimate(mean_of(shares)).high - resamples.estimate(mean_of(shares)).low > 0.05


def test_an_interval_is_as_wide_as_the_standard_error_says() -> None:
    shares = np.random.default_rng(1).random(400)
    found = Resamples(400, count=4000).estimate(mean_of(shares))
    assert found.high - found.low == pytest.approx(2 * 1.96 * shares.std() / 20, rel=0.06)


def test_the_seed_decides_the_resamples() -> None:
    tally = mean_of(np.random.default_rng(0).random(30))
    assert Resamples(30, 1).estimate(tally) == Resamples(30, 1).estimate(tally)
    assert Resamples(30, 1).estimate(tally) != Resamples(30, 2).estimate(tally)


class Remembers:
    """A selector that learns, and says in its scores which problems it was shown."""

    name = "remembers"

    def __init__(self) -> None:
        self.shown: list[str] = []

    def observe(self, matrices: list[PassingMatrix], labels: list[Labels]) -> None:
        self.shown += [each.id for each in matrices]

    def select(self, matrices: list[PassingMatrix]) -> list[Selection]:
        assert len(self.shown) == CALIBRATION
        assert not {each.id for each in matrices} & set(self.shown)
        return [choice([1] * m.shape[0], [0] * m.shape[1], [float(len(m.id))] * m.shape[0]) for m in matrices]


def test_a_selector_that_learns_is_never_shown_what_it_is_judged_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SELECTORS, "remembers", Remembers)
    problems = draw(REGIMES[0], 40, seed=0)
    found = Contestant("remembers", "remembers").select(problems)
    assert [s.solution_scores[0] for s in found] == [len(each.matrix.id) for each in problems]
    assert isinstance(Remembers(), Learner)
    show(Contestant("mbr", "mbr").make([]), problems)  # one that does not learn takes no notice


def test_cross_validation_never_does_better_than_hindsight() -> None:
    problems = draw(REGIMES[1], 12, seed=0)
    for each in cross_validate(problems, 0, lambda _: None):
        assert each.validated.value <= each.hindsight + 1e-9
        assert each.default.value + each.gain.value == pytest.approx(each.validated.value)
        assert len(each.chosen) == FOLDS


@given(st.integers(0, 200), st.integers(0, 5))
def test_folds_are_nearly_equal(problems: int, seed: int) -> None:
    sizes = np.bincount(folds_of(problems, seed), minlength=FOLDS)
    assert sizes.sum() == problems
    assert sizes.max() - sizes.min() <= 1


def test_with_all_tests_the_curve_meets_the_table() -> None:
    problems = draw(REGIMES[0], 30, seed=0)
    contestants = [Contestant(name, name) for name in ("random", "codet", "oracle")]
    field = compare("early", problems, contestants)
    chance, codet, oracle = curves(problems, contestants, 0, 2, lambda _: None)
    assert codet.sizes == [1, 2, 4, 8, 16]
    assert codet.points[-1].value == pytest.approx(field.entries["codet"].tallies["pick"].value)
    assert len({point.value for point in chance.points}) == 1
    assert {point.value for point in oracle.points} == {1.0}
    assert codet.points[0].value < codet.points[-1].value

"""SelectorMonitor: its figures, its alarms on simulated drift, its silence where nothing changes, its state."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from crossjudge.trainer.selectors import (
    BadMatrix,
    BadOption,
    BadState,
    DyB4,
    Labels,
    MonitorReport,
    PassingMatrix,
    Reason,
    Selection,
    SelectorMonitor,
    make_selector,
)
from crossjudge.trainer.selectors.evidence import Evidence, ForgettingMean
from crossjudge.trainer.study.labelled import Labelled, matrices
from crossjudge.trainer.study.worlds import REGIMES, World, draw

EARLY, MID, LATE, COLLUSIVE = REGIMES
MATRIX = PassingMatrix.of(["PPF", "PPF", "FFP", "PFF"], id="p")
LABELS = Labels(np.array([True, False, False, True]), np.array([True, False, True]))


def chosen(*solutions: int, tests: tuple[int, ...] = (), score: float = 0.5, abstain: str | None = None) -> Selection:
    """A choice out of `MATRIX`."""
    scores = np.full(4, score)
    return Selection(
        np.isin(np.arange(4), solutions), np.isin(np.arange(3), tests), scores, np.zeros(3), 0.25, abstain
    )  # fmt: skip


def observed(monitor: SelectorMonitor, *choices: Selection) -> MonitorReport:
    return monitor.observe([MATRIX] * len(choices), [LABELS] * len(choices), {"a": choices})


class Training:
    """Labelled problems step by step, judged by B4, CodeT and DyB4, of which one is in use."""

    def __init__(self, in_use: str, seed: int = 0) -> None:
        self.selectors = {name: make_selector(name) for name in ("b4", "codet", "dyb4")}
        self.monitor = SelectorMonitor(in_use, [name for name in self.selectors if name != in_use])
        self.seed = seed

    def steps(self, world: World, count: int) -> Iterator[MonitorReport]:
        self.seed += 1
        problems = draw(world, 11 * count, self.seed)
        for start in range(0, 10 * count, 10):
            yield self.step(problems[start : start + 10])

    def step(self, problems: list[Labelled]) -> MonitorReport:
        given, labels = matrices(problems), [each.labels for each in problems]
        picked = {name: selector.select(given) for name, selector in self.selectors.items()}
        report = self.monitor.observe(given, labels, picked)
        dyb4 = self.selectors["dyb4"]
        assert isinstance(dyb4, DyB4)
        dyb4.observe(given, labels)
        return report


def alarms(reports: Iterator[MonitorReport]) -> list[tuple[Reason, str | None]]:
    return [(alarm.reason, alarm.better) for report in reports for alarm in report.alarms]


def test_the_figures_are_those_of_the_definitions() -> None:
    report = observed(
        SelectorMonitor("a"),
        chosen(0, 1, tests=(0, 1), score=0.75),  # half right, half of the correct ones
        chosen(0, 3, tests=(0,), score=1.0),  # all right
        chosen(2, score=0.5, abstain="no idea"),  # wrong, and says so
    )
    rule = report.rules["a"]
    assert rule.accuracy.mean == pytest.approx(0.5)
    assert rule.precision.mean == pytest.approx(0.75)
    assert rule.recall.mean == pytest.approx(0.75)
    assert rule.test_precision.mean == pytest.approx(0.75)
    assert rule.abstention.mean == pytest.approx(1 / 3)
    squared = (0.25**2 + 0.75**2) / 2, 0.0, 0.25
    assert rule.brier.mean == pytest.approx(sum(squared) / 3)
    assert rule.calibration_error == pytest.approx((0.25 + 0.0 + 0.5) / 3)
    assert (rule.margin, rule.agreement) == (0.25, 1.0)
    assert report.metrics()["selector/precision"] == pytest.approx(0.75)
    for figure in (rule.accuracy, rule.precision, rule.abstention, rule.brier):
        assert 0 <= figure.low < figure.mean < figure.high <= 1


def test_what_nothing_is_known_of_is_nan_and_not_logged() -> None:
    monitor = SelectorMonitor("a")
    empty = monitor.observe([], [], {"a": []})
    assert np.isnan(empty.rules["a"].precision.mean)
    assert empty.metrics() == {"selector/alarms": 0.0}
    nothing = PassingMatrix.of([])
    labels = Labels(np.zeros(0, np.bool_))
    report = monitor.observe([nothing], [labels], {"a": make_selector("b4").select([nothing])})
    assert report.rules["a"].abstention.mean == 1
    assert np.isnan(report.rules["a"].brier.mean)


def test_old_steps_are_forgotten_and_count_for_less() -> None:
    mean = ForgettingMean()
    for _ in range(200):
        mean.add(np.zeros(10), 0.9)
    assert mean.n == pytest.approx(10 * 1.9 / 0.1)
    mean.add(np.ones(10), 0.9)
    assert mean.mean == pytest.approx(0.1)
    low, high = mean.bounds(0.95)
    assert 0.05 < low < 0.1 < high < 0.16


def test_ten_observations_leave_much_open() -> None:
    mean = ForgettingMean()
    mean.add(np.ones(10), 0.9)
    low, high = mean.bounds(0.95)
    assert 0.7 < low < 0.85
    assert high == 1.0


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_bets_without_a_reason_win_no_more_often_than_they_promise(share: float) -> None:
    chance, evidence, crossed = np.random.default_rng(0), Evidence(), 0
    steps = chance.random((10_000, 10)) < share
    for right in steps:
        evidence.add(share - right)
        if evidence.log_capital >= np.log(20):
            crossed, evidence = crossed + 1, Evidence()
    assert 0 < crossed <= 500  # once in twenty steps is the promise


@pytest.mark.parametrize("world", REGIMES[:3], ids=lambda world: world.name)
def test_where_nothing_changes_the_best_rule_is_left_in_peace(world: World) -> None:
    assert alarms(Training("dyb4").steps(world, 60)) == []


@pytest.mark.parametrize("before", [EARLY, LATE], ids=lambda world: world.name)
def test_when_solutions_begin_to_agree_on_being_wrong_the_fall_is_seen_within_steps(before: World) -> None:
    training = Training("dyb4")
    assert alarms(training.steps(before, 30)) == []
    raised = Counter(alarms(training.steps(COLLUSIVE, 8)))
    assert raised.keys() >= {(Reason.FELL, None), (Reason.MISCALIBRATED, None)}
    assert raised[Reason.MISCALIBRATED, None] == 1  # it stands, and is not raised again


def test_a_prior_that_has_gone_stale_is_beaten_by_the_recalibrated_one() -> None:
    training = Training("b4")
    assert alarms(training.steps(EARLY, 30)) == []
    reports = list(training.steps(LATE, 90))
    assert {(reason, better) for reason, better in alarms(iter(reports))} <= {
        (Reason.BEATEN, "dyb4"), (Reason.BEATEN, "codet"),
    }  # fmt: skip
    assert alarms(iter(reports))
    assert reports[-1].best in ("dyb4", "codet")
    assert reports[-1].rules["b4"].agreement == 1.0 > reports[-1].rules["dyb4"].agreement


def test_an_alarm_says_what_it_saw() -> None:
    training = Training("codet")
    list(training.steps(LATE, 30))
    fell = next(a for r in training.steps(COLLUSIVE, 8) for a in r.alarms if a.reason is Reason.FELL)
    assert 30 < fell.step <= 38
    assert fell.value < fell.limit
    assert str(fell).startswith(f"step {fell.step}: codet is right in 0.")


def test_abstaining_too_often_is_said_once_and_again_after_a_recovery() -> None:
    monitor = SelectorMonitor("a", forgetting=0.5)
    silent, loud = chosen(0, abstain="no"), chosen(0)
    raised = [observed(monitor, *[each] * 20).alarms for each in [silent] * 5 + [loud] * 5 + [silent] * 5]
    reasons = [[alarm.reason for alarm in step] for step in raised]
    assert [reason for step in reasons for reason in step] == [Reason.ABSTAINS, Reason.ABSTAINS]
    assert not any(reasons[5:10])


def test_solutions_that_all_do_the_same_are_a_collapse() -> None:
    monitor, alike = SelectorMonitor("b4"), PassingMatrix.of(["PPF"] * 4)
    b4 = make_selector("b4")
    given = [alike] * 20
    reports = [monitor.observe(given, [LABELS] * 20, {"b4": b4.select(given)}) for _ in range(3)]
    assert reports[-1].collapsed.mean == 1
    assert Reason.COLLAPSED in {alarm.reason for report in reports for alarm in report.alarms}


def test_another_rule_can_be_put_to_use() -> None:
    training = Training("b4")
    list(training.steps(LATE, 30))
    training.monitor.use("dyb4")
    assert alarms(training.steps(LATE, 60)) == []
    with pytest.raises(BadOption, match="watched are b4, codet, dyb4"):
        training.monitor.use("mbr")


def test_a_restored_monitor_goes_on_as_if_nothing_had_happened() -> None:
    one, other = Training("b4"), Training("b4")
    for world in (EARLY, LATE):
        list(one.steps(world, 20))
    other.seed = one.seed
    for name in ("monitor", "dyb4"):
        here: Any = one.monitor if name == "monitor" else one.selectors[name]
        there: Any = other.monitor if name == "monitor" else other.selectors[name]
        there.load_state_dict(json.loads(json.dumps(here.state_dict())))
    for ours, theirs in zip(one.steps(COLLUSIVE, 20), other.steps(COLLUSIVE, 20), strict=True):
        assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert one.monitor.state_dict() == other.monitor.state_dict()


STATE = SelectorMonitor("a", ["b"]).state_dict()


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({}, "kind"),
        (DyB4().state_dict(), "selector monitor"),
        (SelectorMonitor("a", ["c"]).state_dict(), "watches a, c, and this one a, b"),
        ({**STATE, "in_use": "z"}, "watches"),
        ({**STATE, "fell": [0.0]}, "fell"),
        ({**STATE, "fell": [float("nan")] * 5}, "fell"),
        ({**STATE, "beaten": {}}, "beaten"),
        ({**STATE, "standing": ["bored"]}, "standing"),
        ({**STATE, "records": {**STATE["records"], "b": {**STATE["records"]["b"], "bins": []}}}, "records"),
        ({**STATE, "records": {**STATE["records"], "b": {**STATE["records"]["b"], "baseline": 2}}}, "baseline"),
    ],
)
def test_a_foreign_or_damaged_state_is_refused_and_changes_nothing(state: Any, says: str) -> None:
    monitor = SelectorMonitor("a", ["b"])
    before = monitor.state_dict()
    with pytest.raises(BadState, match=says):
        monitor.load_state_dict(state)
    assert monitor.state_dict() == before


def test_what_does_not_belong_together_is_refused() -> None:
    monitor = SelectorMonitor("a", ["b"])
    one = [chosen(0)]
    with pytest.raises(BadOption, match="the monitor watches b too"):
        monitor.observe([MATRIX], [LABELS], {"a": one})
    with pytest.raises(BadMatrix, match="1 matrices, 1 labels, 0 selections of b"):
        monitor.observe([MATRIX], [LABELS], {"a": one, "b": []})
    with pytest.raises(BadMatrix, match="the labels are not those"):
        monitor.observe([MATRIX], [Labels(np.array([True]))], {"a": one, "b": one})
    with pytest.raises(BadMatrix, match="the selection of a is of another matrix"):
        monitor.observe([PassingMatrix.of(["P"])], [Labels(np.array([True]))], {"a": one, "b": one})
    assert monitor.step == 0


@pytest.mark.parametrize("options", [{"forgetting": 1}, {"slack": 0.5}, {"false_alarm_every": 1}, {"others": ["a"]}])
def test_options_outside_of_what_they_can_be_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(BadOption):
        SelectorMonitor("a", **options)

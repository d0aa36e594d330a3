"""Alarms of a run: when they are raised, when not, and that a resumed run raises the same ones."""

import pytest

from crossjudge.trainer.training.alarms import Alarms
from crossjudge.trainer.training.config import AlarmsConfig


def raised(alarms: Alarms, metric: str, values: list[float]) -> list[int]:
    """The numbers of the steps that raised something, from 1."""
    return [number for number, value in enumerate(values, 1) if alarms.look({metric: value})]


@pytest.mark.parametrize(
    ("metric", "fine", "bad"), [("tests/unique_frac", 0.9, 0.1), ("tests/trivial_frac", 0.2, 0.97)]
)
def test_a_mean_beyond_its_limit_raises_once_until_it_came_back(metric: str, fine: float, bad: float) -> None:
    alarms = Alarms(AlarmsConfig(window=2))
    assert raised(alarms, metric, [bad]) == []  # no whole window yet
    assert raised(alarms, metric, [bad, bad, bad]) == [1]
    assert raised(alarms, metric, [fine, fine, bad, bad]) == [4]


def test_an_alarm_says_what_it_means_and_by_how_much() -> None:
    ((reason, text),) = Alarms(AlarmsConfig(window=1)).look({"tests/trivial_frac": 0.97, "loss": 3.0})
    assert reason == "tests/trivial_frac"
    assert "tell nothing apart" in text
    assert "0.970" in text
    assert "above 0.9" in text


def test_any_metric_can_be_watched_and_any_limit_turned_off() -> None:
    config = AlarmsConfig(window=1, below={"coder/entropy": 0.1, "tests/unique_frac": None})
    alarms = Alarms(config)
    assert alarms.look({"tests/unique_frac": 0.0}) == []
    assert [reason for reason, _ in alarms.look({"coder/entropy": 0.05})] == ["coder/entropy"]


def test_alarms_go_on_from_their_state() -> None:
    values = [0.95, 0.95, 0.95, 0.5, 0.95, 0.95, 0.95]
    whole = Alarms(AlarmsConfig(window=3))
    told = [whole.look({"tests/trivial_frac": value}) for value in values]
    for stop in range(len(values)):
        first, second = Alarms(AlarmsConfig(window=3)), Alarms(AlarmsConfig(window=3))
        before = [first.look({"tests/trivial_frac": value}) for value in values[:stop]]
        second.load_state_dict(first.state_dict())
        assert before + [second.look({"tests/trivial_frac": value}) for value in values[stop:]] == told

"""Selectors and rewards of a user's own, by dotted path."""

from pathlib import Path

import numpy as np
import pytest

from crossjudge.trainer.plugins import UnknownPart, part_at
from crossjudge.trainer.rewards import BadOption as BadRewardOption
from crossjudge.trainer.rewards import Group, UnknownReward, make_coder_reward, make_tester_reward
from crossjudge.trainer.selectors import BadOption, PassingMatrix, UnknownSelector, make_selector

OWN = """
import numpy as np
from crossjudge.trainer.rewards import Rewards
from crossjudge.trainer.selectors import Selection, unknown


class FirstOne:
    name = "first_one"

    def __init__(self, at: int = 0) -> None:
        self.at = at

    def select(self, matrices):
        return [unknown(matrix, "nobody knows").only(np.arange(matrix.shape[0]) == self.at) for matrix in matrices]


class Constant:
    name = "constant"

    def __init__(self, value: float = 1.0) -> None:
        self.value = value

    def of(self, group, progress=0.0):
        return Rewards(np.full(group.shape[0], self.value), {})


class Nothing:
    pass
"""


@pytest.fixture(autouse=True)
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_parts.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)


def test_a_selector_of_ones_own() -> None:
    selector = make_selector("own_parts:FirstOne", {"at": 1})
    assert selector.select([PassingMatrix.of(["P", "F"])])[0].solutions.tolist() == [False, True]
    with pytest.raises(BadOption, match="no option 'place'; it has at"):
        make_selector("own_parts:FirstOne", {"place": 1})
    with pytest.raises(UnknownSelector, match="no method select"):
        make_selector("own_parts:Nothing")


def test_a_reward_of_ones_own() -> None:
    passed = np.ones((3, 2), np.bool_)
    group = Group.of(
        passed, passed, chosen_solutions=passed[:, 0], chosen_tests=passed[0], executes=passed[0], copies=np.ones(2)
    )
    assert make_coder_reward("own_parts:Constant", value=0.5).of(group).values.tolist() == [0.5] * 3
    with pytest.raises(BadRewardOption, match="unexpected keyword"):
        make_tester_reward("own_parts:Constant", worth=1)
    with pytest.raises(UnknownReward, match="no method of"):
        make_tester_reward("own_parts:Nothing")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("own_parts:FirstTwo", "no attribute 'FirstTwo'"),
        ("no_such_module:Part", "No module named"),
        (":Part", "no dotted path"),
        ("own_parts:", "no dotted path"),
    ],
)
def test_a_path_that_leads_to_nothing(path: str, says: str) -> None:
    with pytest.raises(UnknownPart, match=says):
        part_at(path)

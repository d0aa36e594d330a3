"""What a group may be made of, how rewards are named, and what lies between tests and replies."""

from typing import Any

import numpy as np
import pytest

from crossjudge.trainer.rewards import (
    CODER_REWARDS,
    TESTER_REWARDS,
    BadGroup,
    BadOption,
    Group,
    Product,
    UnknownReward,
    copies_of,
    make_coder_reward,
    make_tester_reward,
    of_replies,
)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"passed": [1, 0]}, "table of solutions × tests"),
        ({"judged": [[1, 1]]}, r"judged has the shape \(1, 2\) where \(2, 2\) is due"),
        ({"chosen_solutions": [1]}, "chosen_solutions has the shape"),
        ({"copies": [0, 1]}, "none is below 1"),
        ({"kill_rates": [0.5, 1.5]}, "kill_rates must lie in"),
        ({"proxy": 2}, "proxy 2 is none of the 2 solutions"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(given: dict[str, Any], complaint: str) -> None:
    sound = {"passed": [[1, 0], [0, 1]], "chosen_solutions": [1, 0], "chosen_tests": [1, 0]}
    Group.of(**sound)  # type: ignore[arg-type]
    with pytest.raises(BadGroup, match=complaint):
        Group.of(**{**sound, **given})


def test_every_reward_is_found_by_its_name() -> None:
    assert {name: make_coder_reward(name).name for name in CODER_REWARDS} == {n: n for n in CODER_REWARDS}
    assert {name: make_tester_reward(name).name for name in TESTER_REWARDS} == {n: n for n in TESTER_REWARDS}
    assert make_tester_reward("product", discrimination="mutants") == Product(discrimination="mutants")


def test_a_wrong_name_is_told_the_nearest_right_one() -> None:
    with pytest.raises(UnknownReward, match=r"no coder reward 'passrate' \(did you mean 'pass_rate'\?\)"):
        make_coder_reward("passrate")
    with pytest.raises(BadOption, match=r"no option 'wmax' \(did you mean 'w_max'\?\); it has w_max, ramp"):
        make_tester_reward("additive", wmax=0.3)
    with pytest.raises(BadOption, match="it has none"):
        make_coder_reward("membership", tests="all")
    with pytest.raises(BadOption, match=r"w_max of the tester reward 'additive': Input .* number, .* not 'half'"):
        make_tester_reward("additive", w_max="half")


def test_options_may_come_as_a_file_or_a_command_line_has_them() -> None:
    assert make_tester_reward("product", share_copies="no") == Product(share_copies=False)
    with pytest.raises(BadOption, match=r"^the tester reward 'additive': w_max must lie between 0 and 1, not be 1\.5$"):
        make_tester_reward("additive", w_max="1.5")


def test_copies_are_counted_by_what_the_text_means() -> None:
    texts = ["assert f(1)==2", "assert f( 1 ) == 2  # same", "assert f(2) == 2", "assert f(", "assert f("]
    assert copies_of(texts).tolist() == [2, 2, 1, 2, 2]
    assert copies_of([]).tolist() == []


def test_a_reply_gets_the_mean_of_its_tests() -> None:
    values = np.array([1.0, 0.0, np.nan, np.nan, 0.5])
    np.testing.assert_array_equal(of_replies(values, [0, 0, 0, 2, 3], 4), [0.5, 0, np.nan, 0.5])
    np.testing.assert_array_equal(of_replies(values[:0], [], 2, empty=-1), [-1, -1])
    for owners in ([0, 0], [0, 0, 0, 0, 4], [-1, 0, 0, 0, 0]):
        with pytest.raises(BadGroup, match="which of the 4 replies"):
            of_replies(values, owners, 4)

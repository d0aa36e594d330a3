"""Rewards of solutions: what each gives, and where it gives nothing."""

from typing import Any

import numpy as np
import pytest

from crossjudge.trainer.rewards import BadGroup, CoderReward, Group, Membership, PassRate, Soft

PASSED = [[1, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 0]]
NAN = float("nan")


def group(passed: Any = PASSED, **given: Any) -> Group:
    return Group.of(passed, **{"chosen_solutions": [1, 1, 0, 0], "chosen_tests": [1, 1, 0], **given})


def values(reward: CoderReward, given: Group) -> list[float | None]:
    return reward.of(given).listed


def test_the_chosen_solutions_get_one() -> None:
    assert values(Membership(), group()) == [1, 1, 0, 0]


def test_a_choice_of_all_gives_all_the_same() -> None:
    assert values(Membership(), group(chosen_solutions=[1, 1, 1, 1])) == [1, 1, 1, 1]


@pytest.mark.parametrize("reward", [Membership(), Soft()])
def test_where_nothing_was_chosen_nobody_has_a_reward(reward: CoderReward) -> None:
    given = group(chosen_solutions=[0, 0, 0, 0], solution_scores=[0.5, 0.5, 0.5, 0.5])
    assert values(reward, given) == [None] * 4


@pytest.mark.parametrize("reward", [Membership(), PassRate(), PassRate(tests="all"), Soft()])
def test_a_solution_of_which_no_cell_was_judged_has_no_reward(reward: CoderReward) -> None:
    judged = [[1, 1, 1], [1, 1, 1], [0, 0, 0], [1, 1, 1]]
    found = values(reward, group(judged=judged, solution_scores=[1.0, 1.0, 0.5, 0.0]))
    assert [value is None for value in found] == [False, False, True, False]


def test_what_the_selector_could_not_score_has_no_reward() -> None:
    scores = [1.0, 1.0, NAN, 0.25]
    assert values(Membership(), group(solution_scores=scores)) == [1, 1, None, 0]
    assert values(Soft(), group(solution_scores=scores)) == [1, 1, None, 0.25]


def test_the_pass_rate_is_over_the_chosen_tests() -> None:
    assert values(PassRate(), group()) == [1, 1, 0, 0.5]
    assert values(PassRate(tests="all"), group()) == pytest.approx([2 / 3, 2 / 3, 1 / 3, 1 / 3])


def test_masked_cells_and_broken_tests_count_in_no_pass_rate() -> None:
    judged = [[1, 1, 1], [0, 1, 1], [1, 1, 1], [1, 0, 1]]
    assert values(PassRate(), group(judged=judged)) == [1, 1, 0, 1]
    assert values(PassRate(), group(executes=[0, 1, 1])) == [1, 1, 0, 0]


def test_with_no_test_left_there_is_no_pass_rate() -> None:
    assert values(PassRate(), group(chosen_tests=[0, 0, 0])) == [None] * 4
    assert values(PassRate(tests="all"), group(executes=[0, 0, 0])) == [None] * 4


def test_parts_say_what_a_value_is_made_of() -> None:
    parts = PassRate().of(group(judged=[[1, 1, 1], [0, 1, 1], [1, 1, 1], [1, 0, 1]])).parts
    assert parts["judged"].tolist() == [2, 1, 2, 1]


def test_the_soft_reward_needs_scores_between_0_and_1() -> None:
    with pytest.raises(BadGroup, match="needs solution_scores"):
        Soft().of(group())
    with pytest.raises(BadGroup, match=r"in \[0, 1\]"):
        Soft().of(group(solution_scores=[-25.3, 0, 0, 0]))


@pytest.mark.parametrize("reward", [Membership(), PassRate(), PassRate(tests="all"), Soft()])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_an_empty_group_is_no_error(reward: CoderReward, shape: tuple[int, int]) -> None:
    height, width = shape
    given = Group.of(
        np.zeros(shape),
        chosen_solutions=np.zeros(height),
        chosen_tests=np.zeros(width),
        solution_scores=np.zeros(height),
    )
    assert values(reward, given) == [None] * height

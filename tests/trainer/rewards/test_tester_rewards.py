"""Rewards of tests: what each gives, and where it gives nothing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.rewards import Additive, BadGroup, BadOption, Cure, Group, Product
from crossjudge.trainer.rewards import (
    TesterReward as RewardOfTests,  # pytest would collect a name that begins with Test
)

# Solutions 0 and 1 are chosen. Of the tests, 0 is valid and fails one of the two others, 1 is valid and trivial,
# 2 is valid and fails both, 3 is invalid.
PASSED = [[1, 1, 1, 0], [1, 1, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0]]
NAN = float("nan")
REWARDS: list[RewardOfTests] = [Product(), Additive(), Cure()]


def group(passed: Any = PASSED, **given: Any) -> Group:
    width = len(passed[0])
    chosen: dict[str, Any] = {"chosen_solutions": [1, 1, 0, 0], "chosen_tests": [1, 1, 1, 0][:width]}
    return Group.of(passed, **{**chosen, **given})


def values(reward: RewardOfTests, given: Group, progress: float = 0.0) -> list[float | None]:
    return reward.of(given, progress).listed


def test_a_test_is_worth_what_it_tells_apart_if_it_is_valid() -> None:
    rewards = Product().of(group())
    assert rewards.listed == [0.5, 0, 1, 0]
    assert rewards.parts["validity"].tolist() == [1, 1, 1, 0]
    assert rewards.parts["discrimination"].tolist() == [0.5, 0, 1, 0.5]


def test_copies_share_what_they_are_worth() -> None:
    assert values(Product(), group(copies=[2, 1, 4, 1])) == [0.25, 0, 0.25, 0]
    assert values(Product(share_copies=False), group(copies=[2, 1, 4, 1])) == [0.5, 0, 1, 0]
    late = values(Additive(share_copies=True), group(copies=[2, 1, 4, 1]), progress=0)
    assert late == [0.5, 1, 0.25, 0]


def test_kill_rates_may_stand_for_what_a_test_tells_apart() -> None:
    rates = [0.75, 0.25, NAN, NAN]
    assert values(Product(discrimination="mutants"), group(kill_rates=rates)) == [0.75, 0.25, None, 0]
    with pytest.raises(BadGroup, match="needs kill_rates"):
        Product(discrimination="mutants").of(group())


def test_validity_may_be_the_selector_s_or_the_proxy_s() -> None:
    assert values(Product(validity="tests"), group(chosen_tests=[0, 0, 1, 1])) == [0, 0, 1, 0.5]
    assert values(Product(validity="proxy"), group(proxy=2)) == [0, 0, 0, 0.5]
    with pytest.raises(BadGroup, match="needs a proxy"):
        Product(validity="proxy").of(group())


def test_the_curriculum_goes_from_validity_to_discrimination() -> None:
    assert values(Additive(w_max=0.5), group(), progress=0) == [1, 1, 1, 0]
    assert values(Additive(w_max=0.5), group(), progress=0.5) == [0.875, 0.75, 1, 0]
    assert values(Additive(w_max=0.5), group(), progress=1) == [0.75, 0.5, 1, 0]
    assert values(Additive(w_max=0.5, ramp=0.5), group(), progress=0.5) == [0.75, 0.5, 1, 0]
    assert values(Additive(w_max=1.0, ramp=0), group(), progress=0) == values(Product(), group())


def test_a_test_that_does_not_execute_gets_nothing_but_0() -> None:
    nothing_known = {"executes": [0, 0, 0, 0], "judged": np.zeros((4, 4))}
    for reward in (Product(), Additive()):
        assert values(reward, group(**nothing_known)) == [0, 0, 0, 0]


@pytest.mark.parametrize("reward", REWARDS)
def test_where_nothing_was_chosen_no_test_has_a_reward(reward: RewardOfTests) -> None:
    assert values(reward, group(chosen_solutions=[0, 0, 0, 0])) == [None] * 4


@pytest.mark.parametrize("reward", REWARDS)
def test_a_test_on_which_nothing_was_judged_has_no_reward(reward: RewardOfTests) -> None:
    judged = [[1, 0, 1, 1]] * 4
    found = values(reward, group(judged=judged))
    assert [value is None for value in found] == [False, True, False, False]


def test_where_all_were_chosen_there_is_nothing_to_tell_apart() -> None:
    everyone = group(chosen_solutions=[1, 1, 1, 1])
    assert values(Product(), everyone) == [0, None, 0, 0]
    assert values(Additive(), everyone, progress=1) == [0, None, 0, 0]
    assert values(Additive(), everyone, progress=0) == [0, 1, 0, 0]
    assert values(Cure(), everyone) == [-1, 1, -1, -1]


def test_masked_cells_count_on_neither_side() -> None:
    judged = [[1, 1, 0, 1], [1, 1, 1, 0], [0, 1, 1, 1], [1, 0, 1, 1]]
    assert values(Product(), group(judged=judged)) == [0, 0, 1, 0]
    assert values(Cure(), group(judged=judged)) == [0, 0, 1, -0.5]
    only_wrong = [[0, 1, 1, 1], [0, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]]
    assert values(Cure(), group(judged=only_wrong))[0] is None
    only_correct = [[1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1], [0, 1, 1, 1]]
    assert values(Cure(), group(judged=only_correct))[0] is None


def test_cure_s_sign_is_that_of_validity_and_its_size_what_became_of_the_wrong() -> None:
    rewards = Cure().of(group())
    assert rewards.listed == [0.5, 0, 1, -0.5]
    assert rewards.parts["sign"].tolist() == [1, 1, 1, -1]
    assert values(Cure(strict=True), group()) == [0, 0, 1, -1]


@pytest.mark.parametrize(
    ("reward", "options"),
    [
        (Product, {"validity": "all"}),
        (Product, {"discrimination": "mutant"}),
        (Additive, {"w_max": 1.5}),
        (Additive, {"ramp": -1}),
    ],
)
def test_options_outside_of_what_they_can_be_are_refused(reward: Any, options: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match=next(iter(options))):
        reward(**options)


def test_progress_is_a_share() -> None:
    with pytest.raises(BadOption, match="progress must lie between 0 and 1"):
        Additive().of(group(), 40)


@st.composite
def groups(draw: st.DrawFn) -> Group:
    height, width = draw(st.integers(0, 5)), draw(st.integers(0, 5))

    def table(*shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        return np.array(draw(st.lists(st.booleans(), min_size=size, max_size=size)), np.bool_).reshape(shape)

    rates: Sequence[float] = draw(st.lists(st.floats(0, 1) | st.just(NAN), min_size=width, max_size=width))
    return Group.of(
        table(height, width),
        table(height, width),
        chosen_solutions=table(height),
        chosen_tests=table(width),
        executes=table(width),
        copies=draw(st.lists(st.integers(1, 4), min_size=width, max_size=width)),
        kill_rates=rates,
        proxy=0 if height else None,
    )


@given(groups(), st.sampled_from(["solutions", "mutants"]), st.sampled_from(["solutions", "tests"]), st.floats(0, 1))
def test_rewards_stay_in_their_range_and_order(g: Group, how: str, valid: str, progress: float) -> None:
    product = Product(validity=valid, discrimination=how, share_copies=False).of(g).values
    additive = Additive(validity=valid, discrimination=how, w_max=0.7).of(g, progress).values
    cure = Cure().of(g).values
    for found, least in ((product, 0), (additive, 0), (cure, -1)):
        known = found[~np.isnan(found)]
        assert ((known >= least) & (known <= 1)).all()
    both = ~np.isnan(product) & ~np.isnan(additive)
    assert (product[both] <= additive[both] + 1e-12).all()


@given(groups(), st.data())
def test_what_a_masked_cell_says_changes_no_reward(g: Group, data: st.DataObject) -> None:
    flips = np.array(data.draw(st.lists(st.booleans(), min_size=g.passed.size, max_size=g.passed.size)), np.bool_)
    lying = g.passed ^ (flips.reshape(g.passed.shape) & ~g.judged)
    other = Group.of(
        lying, g.judged, chosen_solutions=g.chosen_solutions, chosen_tests=g.chosen_tests, executes=g.executes
    )
    plain = Group.of(
        g.passed, g.judged, chosen_solutions=g.chosen_solutions, chosen_tests=g.chosen_tests, executes=g.executes
    )
    for reward in REWARDS:
        np.testing.assert_array_equal(reward.of(plain).values, reward.of(other).values)

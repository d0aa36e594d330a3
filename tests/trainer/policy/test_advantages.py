"""Group advantages: their laws, their degenerate cases, and TRL's own numbers."""

import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.policy.advantages import ScaleRewards, group_advantages

Group = list[float | None]

rewards = st.floats(-10, 10).map(lambda value: round(value, 3))
groups = st.lists(st.lists(st.none() | rewards, min_size=1, max_size=8), min_size=1, max_size=5)
scales = st.sampled_from(["group", "batch", "none"])


@given(groups, scales, st.booleans())
def test_advantages_of_a_group_sum_to_zero(given_groups: list[Group], scale: ScaleRewards, others: bool) -> None:
    for values in group_advantages(given_groups, scale, others).values:
        assert values.sum() == pytest.approx(0.0, abs=1e-6 * (1 + abs(values).max()))


@given(groups, scales, st.booleans(), st.floats(-5, 5))
def test_a_shift_of_a_group_changes_nothing(
    given_groups: list[Group], scale: ScaleRewards, others: bool, shift: float
) -> None:
    # For one group alone: the deviation of the whole batch does change when one group of it is moved.
    for group in given_groups:
        moved = [None if reward is None else reward + shift for reward in group]
        before, after = (group_advantages([each], scale, others) for each in (group, moved))
        if before.is_zero_std == after.is_zero_std:  # a shift may round two rewards into one
            np.testing.assert_allclose(after.values[0], before.values[0], rtol=1e-6, atol=1e-6)


@given(groups, scales, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_samples_and_groups_does_not_matter(
    given_groups: list[Group], scale: ScaleRewards, others: bool, chance: random.Random
) -> None:
    found = group_advantages(given_groups, scale, others)
    order = chance.sample(range(len(given_groups)), len(given_groups))
    inner = [chance.sample(range(len(given_groups[g])), len(given_groups[g])) for g in order]
    mixed = [[given_groups[g][i] for i in some] for g, some in zip(order, inner, strict=True)]
    again = group_advantages(mixed, scale, others)
    assert again.is_zero_std == tuple(found.is_zero_std[g] for g in order)
    for values, g, some in zip(again.values, order, inner, strict=True):
        np.testing.assert_allclose(values, found.values[g][some], rtol=1e-9, atol=1e-9)


@given(groups, scales, st.booleans())
def test_a_sample_without_a_score_gets_nothing_and_counts_for_nothing(
    given_groups: list[Group], scale: ScaleRewards, others: bool
) -> None:
    found = group_advantages(given_groups, scale, others)
    scored = group_advantages([[r for r in group if r is not None] for group in given_groups], scale, others)
    for group, values, alone in zip(given_groups, found.values, scored.values, strict=True):
        assert [v for v, r in zip(values, group, strict=True) if r is not None] == pytest.approx(alone.tolist())
        assert all(v == 0.0 for v, r in zip(values, group, strict=True) if r is None)


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
@pytest.mark.parametrize("flat", [[0.1] * 3, [None, 0.7], [None, None], [0.3]])
def test_a_group_of_equal_rewards_gets_exactly_zero_and_is_counted(flat: Group, scale: ScaleRewards) -> None:
    found = group_advantages([flat, [0.0, 1.0]], scale)
    assert found.values[0].tolist() == [0.0] * len(flat)
    assert found.is_zero_std == (True, False)
    assert found.frac_reward_zero_std == 0.5


def test_leave_one_out_compares_with_the_mean_of_the_others() -> None:
    [values] = group_advantages([[3.0, 1.0, None, 2.0]], "none", leave_one_out=True).values
    assert values.tolist() == pytest.approx([3 - 1.5, 1 - 2.5, 0.0, 2 - 2.0])


def test_no_groups_have_no_advantages() -> None:
    assert group_advantages([]).values == ()
    assert group_advantages([]).frac_reward_zero_std == 0.0


def test_an_infinite_reward_is_refused() -> None:
    with pytest.raises(ValueError, match="group 1 has an infinite reward"):
        group_advantages([[0.0], [float("inf")]])


def test_the_numbers_are_those_of_trl() -> None:
    torch = pytest.importorskip("torch", reason="the trainer's extra is not installed")
    nanstd: Any = pytest.importorskip("trl.trainer.utils", reason="TRL is not installed").nanstd
    given_rewards = torch.tensor([[0.0, 1.0, 0.5, float("nan")], [2.0, 2.5, 0.0, 1.0]], dtype=torch.float64)
    centred = given_rewards - given_rewards.nanmean(dim=1, keepdim=True)
    for scale, std in (("group", nanstd(given_rewards, dim=1, keepdim=True)), ("batch", nanstd(given_rewards))):
        expected = torch.nan_to_num(centred / (std + 1e-4), nan=0.0).numpy()
        found = group_advantages(given_rewards.numpy(), scale)  # type: ignore[arg-type]
        np.testing.assert_allclose(np.stack(found.values), expected, rtol=1e-6)


def test_advantages_and_what_a_generator_is_need_no_torch() -> None:
    program = (
        "import sys, crossjudge.trainer.policy.advantages, crossjudge.trainer.generation, crossjudge.trainer.pass_at_k;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

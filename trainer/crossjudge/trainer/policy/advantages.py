"""From the rewards of a group of samples to their advantages, as GRPO has it (arXiv 2402.03300, §4.1.2). No torch.

A group is the samples of one prompt. The baseline is the group's mean, or the mean of the *other* samples
(`leave_one_out`, as RLOO, arXiv 2402.14740), which is the same up to the factor n / (n − 1). `scale_rewards` and the
numbers are TRL's: standard deviations with n − 1 in the denominator, and 1e-4 added to them.

Degenerate cases:
- a sample that could not be scored (NaN or None: its verdict is X) is in no mean and no deviation, and gets 0;
- a group whose scored rewards are all equal, or with fewer than two scored samples, gets exactly 0, and is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ScaleRewards = Literal["group", "batch", "none"]

SCALE_EPSILON = 1e-4


@dataclass(frozen=True)
class Advantages:
    """`values[g][i]` belongs to sample i of group g. `is_zero_std[g]`: nothing to learn from group g."""

    values: tuple[Floats, ...]
    is_zero_std: tuple[bool, ...]

    @property
    def frac_reward_zero_std(self) -> float:
        """Share of the groups that carry no signal; 0 where there is no group."""
        return sum(self.is_zero_std) / len(self.is_zero_std) if self.is_zero_std else 0.0


def group_advantages(
    rewards: Sequence[Sequence[float | None] | Floats],
    scale_rewards: ScaleRewards = "group",
    leave_one_out: bool = False,
) -> Advantages:
    """Advantages of each group; groups may differ in size. Raises `ValueError` for an infinite reward."""
    groups = [np.array([np.nan if r is None else r for r in group], dtype=np.float64) for group in rewards]
    for at, group in enumerate(groups):
        if np.isinf(group).any():
            raise ValueError(f"group {at} has an infinite reward: {group.tolist()}")
    is_scored = [~np.isnan(group) for group in groups]
    scored = [group[mask] for group, mask in zip(groups, is_scored, strict=True)]
    batch_std = _std(np.concatenate(scored)) if scored else 0.0
    is_flat = [_is_flat(group) for group in scored]
    values = [np.zeros_like(group) for group in groups]
    for of_group, mask, group, flat in zip(values, is_scored, scored, is_flat, strict=True):
        if not flat:
            scale = {"group": _std(group), "batch": batch_std, "none": None}[scale_rewards]
            of_group[mask] = _centred(group, leave_one_out) / (1.0 if scale is None else scale + SCALE_EPSILON)
    return Advantages(tuple(values), tuple(is_flat))


def _is_flat(scored: Floats) -> bool:
    # Equality, not a small deviation: the mean of equal numbers need not be equal to them.
    return len(scored) < 2 or bool((scored == scored[0]).all())


def _centred(scored: Floats, leave_one_out: bool) -> Floats:
    centred: Floats = scored - scored.mean()
    return centred * (len(scored) / (len(scored) - 1)) if leave_one_out else centred


def _std(scored: Floats) -> float:
    return float(np.std(scored, ddof=1)) if len(scored) > 1 else 0.0

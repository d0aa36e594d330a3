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
    flat = [_is_flat(group) for group in groups]
    batch_std = _std(np.concatenate(groups)) if groups else 0.0
    values = []
    for group, is_flat in zip(groups, flat, strict=True):
        if is_flat:
            values.append(np.zeros_like(group))
            continue
        centred = _centred(group, leave_one_out)
        if scale_rewards != "none":
            centred /= (_std(group) if scale_rewards == "group" else batch_std) + SCALE_EPSILON
        values.append(np.nan_to_num(centred, nan=0.0))
    return Advantages(tuple(values), tuple(flat))


def _is_flat(group: Floats) -> bool:
    scored = group[~np.isnan(group)]
    # Equality, not a small deviation: the mean of equal numbers need not be equal to them.
    return len(scored) < 2 or bool((scored == scored[0]).all())


def _centred(group: Floats, leave_one_out: bool) -> Floats:
    count = np.count_nonzero(~np.isnan(group))
    centred: Floats = group - np.nanmean(group)
    return centred * (count / (count - 1)) if leave_one_out else centred


def _std(rewards: Floats) -> float:
    scored = rewards[~np.isnan(rewards)]
    return float(np.std(scored, ddof=1)) if len(scored) > 1 else 0.0

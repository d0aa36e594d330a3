"""From rewards to what a role learns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crossjudge.trainer.policy.advantages import group_advantages
from crossjudge.trainer.policy.update import Sample

from .rollout import Replies

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Lesson:
    """The samples of one role with their advantages, and what is said of the rewards."""

    samples: tuple[Sample, ...]
    metrics: dict[str, float]


def lesson_of(
    replies: Sequence[Replies], rewards: Sequence[Floats], scale_rewards: Literal["group", "batch", "none"]
) -> Lesson:
    """Of each group its replies and their rewards; a reward of NaN is none and teaches nothing."""
    advantages = group_advantages(rewards, scale_rewards)
    samples = tuple(
        Sample(one.prompt_ids, completion, float(advantage), bool(np.isfinite(reward)))
        for one, values, of_group in zip(replies, rewards, advantages.values, strict=True)
        for completion, reward, advantage in zip(one.completions, values, of_group, strict=True)
    )
    known = np.concatenate(rewards) if rewards else np.zeros(0)
    known = known[np.isfinite(known)]
    spread = [float(np.nanstd(group)) for group in rewards if np.isfinite(group).any()]
    metrics = {"frac_reward_zero_std": advantages.frac_reward_zero_std, "scored": float(known.size)}
    if known.size:
        metrics |= {"reward": float(known.mean()), "reward_std": float(np.mean(spread))}
    return Lesson(samples, metrics)


def no_rewards(size: int) -> Floats:
    """(size,), NaN."""
    return np.full(size, np.nan)

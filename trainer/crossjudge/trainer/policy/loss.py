"""The GRPO loss of completions, with TRL's names, defaults and numbers.

A pure function of log-probabilities. It knows no model, no reward and no optimiser. Written as a sum over tokens with
one weight for each completion (`completion_weights`), so that it can be taken in micro-batches of any size: their
losses, and gradients, just add up.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

LossType = Literal["grpo", "bnpo", "dr_grpo", "dapo"]


class LossSettings(BaseModel):
    """The loss's part of a configuration; each field means what it means in TRL's `GRPOConfig`.

    - `loss_type`: what a token's loss is divided by, see `completion_weights`.
    - `epsilon`, `epsilon_high`: the ratio is clipped to [1 − epsilon, 1 + epsilon_high]; None is as `epsilon`.
    - `delta`: a bound from above for negative advantages too (two-sided clipping, INTELLECT-2, arXiv 2505.07291).
    - `beta`: weight of the KL divergence from the reference policy, as the k3 estimate (DeepSeekMath, arXiv 2402.03300,
      eq. 4); `use_bias_correction_kl` weighs it with the ratio (DeepSeek-V3.2, arXiv 2512.02556).
    - `importance_sampling_level`: a ratio for each token, or one for each completion (GSPO, arXiv 2507.18071).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss_type: LossType = "dapo"
    epsilon: float = Field(0.2, ge=0.0, lt=1.0)
    epsilon_high: float | None = Field(None, ge=0.0)
    delta: float | None = Field(None, gt=0.0)
    beta: float = Field(0.0, ge=0.0)
    use_bias_correction_kl: bool = True
    importance_sampling_level: Literal["token", "sequence"] = "token"

    @property
    def upper_epsilon(self) -> float:
        return self.epsilon if self.epsilon_high is None else self.epsilon_high


@dataclass(frozen=True)
class PolicyLoss:
    """The loss of a micro-batch, and what became of its ratios and its KL divergence, all detached but `loss`."""

    loss: Tensor  # ()
    is_low_clipped: Tensor  # (B, T), or (B, 1) at level "sequence"; bool
    is_high_clipped: Tensor  # likewise
    kl: Tensor | None  # (B, T); None where beta is 0


def completion_weights(lengths: Tensor, loss_type: LossType, max_completion_length: int) -> Tensor:
    """What each token of a completion is weighed with in the sum that is the loss.

    `lengths`: how many tokens of each completion are learned from, 0 for one that is masked.  # (B,)

    - grpo: 1 / (B · its length), so that each completion counts alike;
    - dr_grpo: 1 / (B · max_completion_length) (Dr. GRPO, arXiv 2503.20783);
    - dapo and bnpo: 1 / all tokens (DAPO, arXiv 2503.14476). TRL's bnpo divides by the tokens of each micro-batch
      alone, so the result depends on how the batch is cut; here both count those of the whole optimiser step.
    """
    lengths = lengths.float()
    if loss_type == "grpo":
        return 1.0 / (len(lengths) * lengths.clamp(min=1.0))  # (B,)
    if loss_type == "dr_grpo":
        return torch.full_like(lengths, 1.0 / (len(lengths) * max_completion_length))
    return (1.0 / lengths.sum().clamp(min=1.0)).expand_as(lengths)


def grpo_loss(
    logprobs: Tensor,
    old_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    weights: Tensor,
    settings: LossSettings,
    ref_logprobs: Tensor | None = None,
) -> PolicyLoss:
    """Loss of the completions of a micro-batch.

    `logprobs`, `old_logprobs`, `ref_logprobs` and `mask` are (B, T); `mask` is 1 for a token that is learned from.
    `advantages` and `weights` are (B,). Gradients flow through `logprobs` alone. Raises `ValueError` where `beta` is
    not 0 and there are no `ref_logprobs`.
    """
    mask, advantages = mask.to(logprobs.dtype), advantages.unsqueeze(1)  # (B, T), (B, 1)
    log_ratio = logprobs - old_logprobs
    if settings.importance_sampling_level == "sequence":
        log_ratio = ((log_ratio * mask).sum(1) / mask.sum(1).clamp(min=1.0)).unsqueeze(1)  # (B, 1)
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - settings.epsilon, 1 + settings.upper_epsilon)
    bounded = ratio if settings.delta is None else ratio.clamp(max=settings.delta)
    token_loss = -torch.min(bounded * advantages, clipped * advantages)  # (B, T) or (B, 1)

    kl = None
    if settings.beta != 0.0:
        if ref_logprobs is None:
            raise ValueError(f"beta is {settings.beta}: the loss needs the reference policy's log-probabilities")
        kl = k3(logprobs, ref_logprobs)
        if settings.use_bias_correction_kl:
            kl = kl * ratio
        token_loss = token_loss + settings.beta * kl  # (B, T)

    return PolicyLoss(
        loss=(token_loss * mask * weights.unsqueeze(1)).sum(),
        is_low_clipped=(bounded.detach() < 1 - settings.epsilon) & (advantages < 0),
        is_high_clipped=(bounded.detach() > 1 + settings.upper_epsilon) & (advantages > 0),
        kl=None if kl is None else kl.detach(),
    )


def k3(logprobs: Tensor, ref_logprobs: Tensor) -> Tensor:
    """Schulman's unbiased, never negative estimate of KL(policy ‖ reference) from samples of the policy, per token."""
    log_ratio = ref_logprobs - logprobs
    return log_ratio.exp() - log_ratio - 1

"""What an update is measured by, under TRL's names: sums over micro-batches, and at the end their means."""

from collections.abc import Sequence

import torch
from torch import Tensor

from crossjudge.trainer.generation.sampling import Completion

from .loss import LossSettings, PolicyLoss


class Measures:
    """Gathers on the device; nothing waits for it before `metrics`."""

    def __init__(self, settings: LossSettings) -> None:
        self._has_kl = settings.beta != 0.0
        self._sums: dict[str, Tensor] = {}
        self._low: list[Tensor] = []
        self._high: list[Tensor] = []
        self._norms: list[Tensor] = []
        self._differences: list[Tensor] = []

    def add(self, loss: PolicyLoss, entropy: Tensor, mask: Tensor) -> None:
        """A micro-batch. `entropy`, `mask`: (B, T)."""
        mask = mask.to(entropy.dtype)
        # At level "sequence" there is one ratio for each completion, and a completion is what is counted.
        of_ratio = mask if loss.is_low_clipped.shape[1] == mask.shape[1] else torch.ones_like(mask[:, :1])
        low, high = loss.is_low_clipped * of_ratio, loss.is_high_clipped * of_ratio
        self._add("loss", loss.loss.detach())
        self._add("tokens", mask.sum())
        self._add("entropy", (entropy * mask).sum())
        self._add("ratios", of_ratio.sum())
        self._add("low", low.sum())
        self._add("high", high.sum())
        self._low.append((low.sum(1) / of_ratio.sum(1)).min())
        self._high.append((high.sum(1) / of_ratio.sum(1)).max())
        if loss.kl is not None:
            self._add("kl", (loss.kl * mask).sum())

    def add_sampled(self, logprobs: Tensor, sampled: Tensor, mask: Tensor) -> None:
        """How far apart the generator's log-probabilities and the trainer's are, all (B, T)."""
        self._differences.append((logprobs - sampled).abs()[mask.bool()])

    def add_norm(self, norm: Tensor) -> None:
        self._norms.append(norm)

    def metrics(self, iterations: int) -> dict[str, float]:
        """Means over tokens (or ratios) of all iterations; `loss` and `grad_norm` over the iterations."""
        total = {name: float(value) for name, value in self._sums.items()}
        norms = [float(norm) for norm in self._norms]
        found = {
            "grad_norm": sum(norms) / len(norms) if norms else 0.0,
            "skipped_steps": float(sum(not torch.isfinite(norm) for norm in self._norms)),
        }
        if not total:
            return {"loss": 0.0, **found}
        ratios = max(total["ratios"], 1.0)
        found |= {
            "loss": total["loss"] / iterations,
            "entropy": total["entropy"] / max(total["tokens"], 1.0),
            "clip_ratio/low_mean": total["low"] / ratios,
            "clip_ratio/low_min": float(torch.stack(self._low).min()),
            "clip_ratio/high_mean": total["high"] / ratios,
            "clip_ratio/high_max": float(torch.stack(self._high).max()),
            "clip_ratio/region_mean": (total["low"] + total["high"]) / ratios,
        }
        if self._has_kl:
            found["kl"] = total["kl"] / max(total["tokens"], 1.0)
        if self._differences:
            differences = torch.cat(self._differences)
            found["sampling/sampling_logp_difference/mean"] = float(differences.mean())
            found["sampling/sampling_logp_difference/max"] = float(differences.max())
        return found

    def _add(self, name: str, value: Tensor) -> None:
        self._sums[name] = self._sums[name] + value if name in self._sums else value


def length_metrics(completions: Sequence[Completion]) -> dict[str, float]:
    """Lengths in tokens. Those of completions that ended by themselves are 0 where none did, as in TRL."""
    if not completions:
        return {}
    lengths = [len(completion.token_ids) for completion in completions]
    ended = [len(completion.token_ids) for completion in completions if not completion.is_truncated] or [0]
    return {
        "completions/mean_length": sum(lengths) / len(lengths),
        "completions/min_length": float(min(lengths)),
        "completions/max_length": float(max(lengths)),
        "completions/clipped_ratio": sum(completion.is_truncated for completion in completions) / len(completions),
        "completions/mean_terminated_length": sum(ended) / len(ended),
        "completions/min_terminated_length": float(min(ended)),
        "completions/max_terminated_length": float(max(ended)),
    }

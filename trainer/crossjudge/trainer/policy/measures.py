"""What an update is measured by, under TRL's names: sums over micro-batches, and at the end their means."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from crossjudge.trainer.generation.sampling import Completion
from crossjudge.trainer.processes import ALONE, Processes

from .loss import LossSettings, PolicyLoss


class Measures:
    """Gathers on the device; nothing waits for it before `metrics`."""

    def __init__(self, settings: LossSettings) -> None:
        self._has_kl = settings.beta != 0.0
        self._sums: dict[str, Tensor] = {}
        self._least: dict[str, Tensor] = {}
        self._most: dict[str, Tensor] = {}
        self._norms: list[Tensor] = []

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
        _note(self._least, "low", (low.sum(1) / of_ratio.sum(1)).min(), torch.minimum)
        _note(self._most, "high", (high.sum(1) / of_ratio.sum(1)).max(), torch.maximum)
        if loss.kl is not None:
            self._add("kl", (loss.kl * mask).sum())

    def add_sampled(self, logprobs: Tensor, sampled: Tensor, mask: Tensor) -> None:
        """How far apart the generator's log-probabilities and the trainer's are, all (B, T)."""
        differences = (logprobs - sampled).abs()[mask.bool()]
        self._add("sampled", mask.sum())
        self._add("differences", differences.sum())
        _note(self._most, "difference", differences.max(), torch.maximum)

    def add_norm(self, norm: Tensor) -> None:
        self._norms.append(norm)

    def metrics(self, iterations: int, processes: Processes = ALONE) -> dict[str, float]:
        """Means over tokens (or ratios) of all iterations and processes; `loss` and `grad_norm` over the iterations."""
        own = [{name: float(value) for name, value in each.items()} for each in (self._sums, self._least, self._most)]
        sums, least, most = zip(*processes.gathered(own), strict=True)
        total, low, high = _merged(sums, sum), _merged(least, min), _merged(most, max)
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
            "clip_ratio/low_min": low["low"],
            "clip_ratio/high_mean": total["high"] / ratios,
            "clip_ratio/high_max": high["high"],
            "clip_ratio/region_mean": (total["low"] + total["high"]) / ratios,
        }
        if self._has_kl:
            found["kl"] = total["kl"] / max(total["tokens"], 1.0)
        if "sampled" in total:
            found["sampling/sampling_logp_difference/mean"] = total["differences"] / max(total["sampled"], 1.0)
            found["sampling/sampling_logp_difference/max"] = high["difference"]
        return found

    def _add(self, name: str, value: Tensor) -> None:
        _note(self._sums, name, value, torch.add)


def _note(found: dict[str, Tensor], name: str, value: Tensor, join: Callable[[Tensor, Tensor], Tensor]) -> None:
    found[name] = join(found[name], value) if name in found else value


def _merged(parts: Sequence[dict[str, float]], join: Callable[[list[float]], float]) -> dict[str, float]:
    """By name, of the processes that have one."""
    names = {name: None for part in parts for name in part}
    return {name: join([part[name] for part in parts if name in part]) for name in names}


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

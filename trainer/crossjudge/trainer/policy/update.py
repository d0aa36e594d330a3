"""One policy's learning: from samples with advantages to an optimiser step.

Knows no reward and no role. A step depends on nothing but the weights, the samples, the settings and the state that
`state_dict` returns: what is random in it (dropout) is drawn from the seed and the number of the step, so a run that is
restored goes on bit for bit as if it had not stopped. The micro-batch size and the number of processes change memory
and speed, never the result (but for rounding and, among processes, dropout).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from crossjudge.trainer.generation.sampling import Completion
from crossjudge.trainer.processes import ALONE, Processes

from .errors import PolicyError, UnusableState
from .logprobs import TokenBatch, completion_logprobs, token_batch
from .loss import LossSettings, completion_weights, grpo_loss
from .measures import Measures, length_metrics
from .policy import Policy
from .randomness import seeded
from .schedule import ScheduleName, rate_factor
from .sharding import gathered, shared_as


@dataclass(frozen=True)
class Sample:
    """A completion of a prompt, and what is to be learned from it.

    `is_scored` False: nobody could tell how good it is (its verdict is X). It is then as if it had not been sampled: it
    is in no mean, and the policy does not move for it.
    """

    prompt_ids: Sequence[int]
    completion: Completion
    advantage: float
    is_scored: bool = True


class UpdateSettings(BaseModel):
    """How a policy learns. Names and defaults are TRL's, but for these:

    - `micro_batch_size` is its `per_device_train_batch_size`: how many completions pass through the model at a time;
    - `old_logprobs`: what the ratio is taken against. "recomputed": the policy's own before this update, as the model
      computes them here, so the first iteration's ratio is exactly 1. "generator": those that came with the samples,
      which also corrects for a generator that is behind or computes otherwise; needs top-p 1 and top-k 0;
    - `skip_zero_advantages`: do not run completions whose advantage is 0, which get no gradient while `beta` is 0. The
      update is the same and sooner done, but entropy and clip ratios are then those of the rest alone;
    - `max_steps`, `warmup_steps` count optimiser steps: `num_iterations` for each update.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss: LossSettings = LossSettings()
    learning_rate: float = Field(1e-6, ge=0.0)
    lr_scheduler_type: ScheduleName = "linear"
    warmup_steps: int = Field(0, ge=0)
    max_steps: int = Field(ge=1)
    adam_beta1: float = Field(0.9, ge=0.0, lt=1.0)
    adam_beta2: float = Field(0.999, ge=0.0, lt=1.0)
    adam_epsilon: float = Field(1e-8, gt=0.0)
    weight_decay: float = Field(0.0, ge=0.0)
    max_grad_norm: float = Field(1.0, gt=0.0)
    num_iterations: int = Field(1, ge=1)
    micro_batch_size: int = Field(8, ge=1)
    temperature: float = Field(1.0, gt=0.0)
    max_completion_length: int = Field(512, ge=1)
    mask_truncated_completions: bool = False
    old_logprobs: Literal["recomputed", "generator"] = "recomputed"
    skip_zero_advantages: bool = False
    seed: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> "UpdateSettings":
        if self.warmup_steps > self.max_steps:
            raise ValueError(f"warmup_steps is {self.warmup_steps}, more than max_steps, {self.max_steps}")
        return self


@dataclass(frozen=True)
class _MicroBatch:
    tokens: TokenBatch
    advantages: Tensor  # (B,)
    weights: Tensor  # (B,): what each of the completion's tokens weighs in the loss
    sampled: Tensor | None  # (B, T): the generator's log-probabilities
    is_filler: bool = False
    """Nothing is learned from it, and nothing said of it."""
    old: Tensor | None = None  # (B, T)
    reference: Tensor | None = None  # (B, T)


def adamw(
    parameters: Sequence[torch.nn.Parameter],
    learning_rate: float,
    betas: tuple[float, float],
    weight_decay: float,
    epsilon: float = 1e-8,
) -> torch.optim.AdamW:
    """As transformers sets it up: biases and norms are not pulled towards 0."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=betas, eps=epsilon)


class Learner:
    """A policy with its optimiser. One for each policy that is trained; see `Policies.trained`.

    Each of `processes` is given all samples and runs its share of them; their gradients are summed, so that all take
    the same steps. A policy that is shared out among them has to be so before.
    """

    def __init__(self, policy: Policy, settings: UpdateSettings, processes: Processes = ALONE) -> None:
        self._processes = processes
        self.policy = policy
        self.settings = settings
        self.steps = 0
        """Optimiser steps so far."""
        parameters = policy.parameters()
        if not parameters:
            raise PolicyError(f"{policy.name} has no parameter to train")
        self._parameters = parameters
        betas = (settings.adam_beta1, settings.adam_beta2)
        self._optimizer = adamw(parameters, settings.learning_rate, betas, settings.weight_decay, settings.adam_epsilon)

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """`num_iterations` optimiser steps on these samples. Returns metrics under TRL's names.

        With nothing to learn from (no sample, or no advantage but 0 and no KL term) the policy stays as it is, and the
        step counts all the same, so that schedules stay in step with the run. Raises `PolicyError`, before any step,
        for samples that lack what the settings ask for.
        """
        scored = [sample for sample in samples if sample.is_scored]
        metrics = length_metrics([sample.completion for sample in scored])
        counts = self._processes.gathered(len(own := self._micro_batches(scored)))
        if self.policy.sharding is not None:  # whose layers come together for all processes at the same time
            own += [self._filler(scored) for _ in range(max(counts) - len(own))]
        batches = [self._with_fixed_logprobs(batch) for batch in own]
        measures = Measures(self.settings.loss)
        for iteration in range(self.settings.num_iterations):
            self._set_rate()
            metrics["learning_rate"] = self._optimizer.param_groups[0]["lr"]
            with seeded(self.settings.seed + self.steps, self.policy.device):
                for batch in batches:
                    self._backward(batch, measures, is_first=iteration == 0)
            if any(counts):
                self._sum_gradients()
            self._step(measures)
        return {**metrics, **measures.metrics(self.settings.num_iterations, self._processes)}

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs, beside the policy's weights, to go on exactly. Tensors, numbers and strings.

        Of a policy that is shared out, all processes have to ask at the same time.
        """
        optimizer = self._optimizer.state_dict()
        state = {at: {k: gathered(v) for k, v in each.items()} for at, each in optimizer["state"].items()}
        return {"policy": self.policy.name, "steps": self.steps, "optimizer": {**optimizer, "state": state}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from there, with the settings given to this learner. Raises `UnusableState` where it does not fit."""
        try:
            if state["policy"] != self.policy.name:
                raise UnusableState(f"this is the state of {state['policy']!r}, not of {self.policy.name!r}")
            own = [parameter for group in self._optimizer.param_groups for parameter in group["params"]]
            saved = state["optimizer"]["state"]
            if any(saved[at]["exp_avg"].shape != own[at].shape for at in saved):
                raise ValueError("the weights have other shapes")
            settings = [{k: v for k, v in group.items() if k != "params"} for group in self._optimizer.param_groups]
            cut = {at: {k: shared_as(v, own[at]) for k, v in each.items()} for at, each in saved.items()}
            self._optimizer.load_state_dict({**state["optimizer"], "state": cut})
            for group, given in zip(self._optimizer.param_groups, settings, strict=True):
                group.update(given)
            self.steps = int(state["steps"])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise UnusableState(f"{self.policy.name}: the optimiser's state does not fit ({error})") from error

    def _micro_batches(self, samples: Sequence[Sample]) -> list[_MicroBatch]:
        """This process's samples to learn from, alike in length within a batch, so that little is padding; none without
        a signal."""
        settings = self.settings
        if not samples:
            return []
        learned = [0 if self._is_masked(sample) else len(sample.completion.token_ids) for sample in samples]
        weights = completion_weights(
            torch.tensor(learned), settings.loss.loss_type, settings.max_completion_length
        ).tolist()
        order = [at for at, length in enumerate(learned) if length]
        teaching = [at for at in order if samples[at].advantage != 0.0 or settings.loss.beta != 0.0]
        # Without any signal the optimiser's momentum alone would move the policy.
        if settings.skip_zero_advantages or not teaching:
            order = teaching
        order.sort(key=lambda at: (len(samples[at].completion.token_ids), len(samples[at].prompt_ids)))
        order = order[self._processes.rank :: self._processes.count]
        size = settings.micro_batch_size
        return [
            self._micro_batch([samples[at] for at in some], [weights[at] for at in some])
            for some in (order[start : start + size] for start in range(0, len(order), size))
        ]

    def _filler(self, samples: Sequence[Sample]) -> _MicroBatch:
        """For a process that has fewer batches than another."""
        shortest = min(samples, key=lambda sample: len(sample.completion.token_ids) + len(sample.prompt_ids))
        return replace(self._micro_batch([shortest], [0.0]), is_filler=True)

    def _is_masked(self, sample: Sample) -> bool:
        return self.settings.mask_truncated_completions and sample.completion.is_truncated

    def _micro_batch(self, samples: Sequence[Sample], weights: Sequence[float]) -> _MicroBatch:
        device = self.policy.device
        completions = [sample.completion for sample in samples]
        tokens = token_batch(
            [sample.prompt_ids for sample in samples],
            [completion.token_ids for completion in completions],
            self.policy.pad_id,
            device,
        )
        return _MicroBatch(
            tokens=tokens,
            advantages=torch.tensor([sample.advantage for sample in samples], device=device),
            weights=torch.tensor(weights, device=device),
            sampled=self._sampled(completions, tokens.completion_mask),
        )

    def _sampled(self, completions: Sequence[Completion], mask: Tensor) -> Tensor | None:
        missing = [completion for completion in completions if completion.logprobs is None]
        if missing and self.settings.old_logprobs == "generator":
            raise PolicyError(
                f"{self.policy.name}: old_logprobs is 'generator', but {len(missing)} of {len(completions)} "
                "completions came without log-probabilities; set it to 'recomputed'"
            )
        if missing:
            return None
        sampled = torch.zeros(mask.shape)
        for row, completion in enumerate(completions):
            sampled[row, : len(completion.token_ids)] = torch.tensor(completion.logprobs)
        return sampled.to(mask.device)

    def _with_fixed_logprobs(self, batch: _MicroBatch) -> _MicroBatch:
        """What stays the same while the policy changes: the old policy's and the reference's log-probabilities."""
        old, reference = None, None
        with torch.no_grad():
            if self.settings.old_logprobs == "generator":
                old = batch.sampled
            elif self.settings.num_iterations > 1:  # else they are the ones of the only forward pass
                with self.policy.active(training=False) as model:
                    old, _ = completion_logprobs(model, batch.tokens, self.settings.temperature)
            if self.settings.loss.beta != 0.0:
                with self.policy.as_reference() as model:
                    reference, _ = completion_logprobs(model, batch.tokens, self.settings.temperature)
        return replace(batch, old=old, reference=reference)

    def _backward(self, batch: _MicroBatch, measures: Measures, is_first: bool) -> None:
        with self.policy.active(training=True) as model:
            logprobs, entropy = completion_logprobs(model, batch.tokens, self.settings.temperature)
        old = logprobs.detach() if batch.old is None else batch.old
        # Masked completions are in no micro-batch, so every token in one is learned from.
        mask = batch.tokens.completion_mask
        loss = grpo_loss(logprobs, old, batch.advantages, mask, batch.weights, self.settings.loss, batch.reference)
        # The gradients of a policy that is shared out are averaged over the processes; ours are to be summed.
        torch.autograd.backward(loss.loss if self.policy.sharding is None else loss.loss * self._processes.count)
        if batch.is_filler:
            return
        measures.add(loss, entropy, mask)
        if is_first and batch.sampled is not None:
            measures.add_sampled(logprobs.detach(), batch.sampled, mask)

    def _sum_gradients(self) -> None:
        # One after the other: all at once would take the memory of the gradients once more.
        is_to_do = self._processes.count > 1 and self.policy.sharding is None  # else they have been summed
        for parameter in self._parameters if is_to_do else ():
            own = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter.grad = self._processes.summed(own)

    def _step(self, measures: Measures) -> None:
        norm = gathered(torch.nn.utils.clip_grad_norm_(self._parameters, self.settings.max_grad_norm))
        measures.add_norm(norm)
        # One overflow must not turn the weights into NaN: such a step is left out, and seen in the metrics.
        if math.isfinite(norm):
            self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.steps += 1

    def _set_rate(self) -> None:
        settings = self.settings
        factor = rate_factor(settings.lr_scheduler_type, self.steps, settings.warmup_steps, settings.max_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = settings.learning_rate * factor

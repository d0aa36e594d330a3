"""Log-probabilities that a model gives to completions of its prompts. Knows no loss and no sampling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

AT_ONCE = 2**24
"""Logits that are turned into probabilities at a time. With a vocabulary of 150,000 those of a batch take gigabytes,
and would be kept for the backward pass; beyond this many they are computed there once more instead."""


@dataclass(frozen=True)
class TokenBatch:
    """Prompts padded on the left and completions padded on the right, so that all completions start in one column."""

    input_ids: Tensor  # (B, P + T)
    attention_mask: Tensor  # (B, P + T), 1 for a token
    position_ids: Tensor  # (B, P + T), from 0 at the first token of each prompt
    completion_mask: Tensor  # (B, T), 1 for a token

    @property
    def completion_ids(self) -> Tensor:
        return self.input_ids[:, -self.completion_mask.shape[1] :]  # (B, T)


def token_batch(
    prompts: Sequence[Sequence[int]], completions: Sequence[Sequence[int]], pad_id: int, device: torch.device
) -> TokenBatch:
    """Pads to the longest prompt and the longest completion of these."""
    width, length = max(map(len, prompts)), max(map(len, completions))
    rows, mask = [], []
    for prompt, completion in zip(prompts, completions, strict=True):
        left, right = width - len(prompt), length - len(completion)
        rows.append([*[pad_id] * left, *prompt, *completion, *[pad_id] * right])
        mask.append([0] * left + [1] * (len(prompt) + len(completion)) + [0] * right)
    attention_mask = torch.tensor(mask, device=device)
    return TokenBatch(
        input_ids=torch.tensor(rows, device=device),
        attention_mask=attention_mask,
        position_ids=positions(attention_mask),
        completion_mask=attention_mask[:, width:],
    )


def positions(attention_mask: Tensor) -> Tensor:
    """Position of each token, not counting the padding on its left. Padding itself gets 0."""
    return (attention_mask.cumsum(1) - 1).clamp(min=0)  # (B, S)


def completion_logprobs(
    model: Any, batch: TokenBatch, temperature: float, at_once: int = AT_ONCE
) -> tuple[Tensor, Tensor]:
    """Log-probability of each token of the completions, and the entropy (nats) of the distribution it came from.

    Both (B, T) in float32; entropy carries no gradient; what stands under padding means nothing. `temperature` is the
    one that the completions were sampled at, and must not be 0. `model` is any causal language model of transformers,
    or one wrapped by peft.
    """
    length = batch.completion_mask.shape[1]
    # The token at column t is predicted one column before; the last column predicts nothing that we have.
    logits = model(
        input_ids=batch.input_ids,
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        logits_to_keep=length + 1,
        use_cache=False,
    ).logits[:, :-1]  # (B, T, V)
    rows = max(1, at_once // logits[0].numel())
    if rows >= len(logits):
        return _chosen(logits, batch.completion_ids, temperature)
    parts = [
        checkpoint(_chosen, *some, temperature, use_reentrant=False, preserve_rng_state=False)
        for some in zip(torch.split(logits, rows), torch.split(batch.completion_ids, rows), strict=True)
    ]
    return torch.cat([logprobs for logprobs, _ in parts]), torch.cat([entropy for _, entropy in parts])


def _chosen(logits: Tensor, ids: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    log_distribution = torch.log_softmax(logits.float() / temperature, dim=-1)  # (B, T, V)
    logprobs = log_distribution.gather(2, ids.unsqueeze(2)).squeeze(2)
    with torch.no_grad():
        entropy = -(log_distribution.exp() * log_distribution).sum(2)
    return logprobs, entropy

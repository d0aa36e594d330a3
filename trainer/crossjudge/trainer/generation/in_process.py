"""Samples from a policy in this process: transformers' model and KV cache, our own loop over tokens.

Of one seed come the same replies bit for bit on a CPU, whatever else has drawn random numbers. Each reply has its own
row of random numbers, and a token is the one in whose share of the cumulated distribution its number falls; so how
many prompts run at a time changes nothing but rounding.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from crossjudge.trainer.policy.logprobs import positions
from crossjudge.trainer.policy.policy import Policy

from .errors import GenerationError, PromptTooLong
from .sampling import Completion, Sampling

# Rows that are done go on in the batch, unheeded, until they make up this share of it: dropping copies the cache.
DROPPED_AT = 0.25


class InProcessGenerator:
    """The `Generator` of a policy. `batch_size`: how many replies grow side by side (at least one prompt's own)."""

    def __init__(self, policy: Policy, batch_size: int = 256) -> None:
        self._policy = policy
        self._batch_size = batch_size

    def generate(
        self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int, first: int = 0
    ) -> list[list[Completion]]:
        """`n` replies to each prompt. Raises `PromptTooLong`, before anything is sampled."""
        self._check_lengths(prompts, sampling)
        noise = torch.Generator().manual_seed(seed)  # on the CPU, so that the numbers are the same on any device
        # Numbers of the prompts before the first are drawn too, so that its own are those that it has among all.
        torch.rand((first * n, sampling.max_completion_length), generator=noise, dtype=torch.float64)
        at_once = max(1, self._batch_size // max(n, 1))
        replies: list[list[Completion]] = []
        with self._policy.whole(), self._policy.active(training=False) as model, torch.inference_mode():
            for start in range(0, len(prompts) if n else 0, at_once):
                group = prompts[start : start + at_once]
                shape = (len(group) * n, sampling.max_completion_length)
                draws = torch.rand(shape, generator=noise, dtype=torch.float64)
                rows = _Growth(self._policy, group, n, sampling, draws).grown(model)
                replies += [rows[at : at + n] for at in range(0, len(rows), n)]
        return replies or [[] for _ in prompts]

    def _check_lengths(self, prompts: Sequence[Sequence[int]], sampling: Sampling) -> None:
        context = self._policy.context_length
        for at, prompt in enumerate(prompts):
            if not prompt:
                raise PromptTooLong(f"prompt {at} has no tokens; a model needs at least one to go on from")
            if context is not None and len(prompt) + sampling.max_completion_length > context:
                needed = f"{len(prompt)} tokens and max_completion_length {sampling.max_completion_length}"
                raise PromptTooLong(
                    f"prompt {at} has {needed}, but {self._policy.name}'s context holds {context}: "
                    "leave long problems out, or shorten the replies"
                )


class _Growth:
    """Replies of one batch as they grow. A *row* is a reply's place in the answer, a *line* its place in the batch."""

    def __init__(
        self, policy: Policy, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, draws: Tensor
    ) -> None:
        self._tokenizer = policy.tokenizer
        self._sampling = sampling
        self._prompts, self._n = prompts, n
        self._is_padded = len(set(map(len, prompts))) > 1
        self._pad_id = policy.pad_id
        self._device = policy.device
        self._eos = torch.tensor(sorted(policy.eos_ids), dtype=torch.long, device=self._device)
        rows, longest = draws.shape
        self._draws = draws.to(self._device)  # (R, T)
        self._tokens = torch.zeros((rows, longest), dtype=torch.long, device=self._device)  # (R, T)
        self._logprobs = torch.zeros((rows, longest), device=self._device)  # (R, T)
        self._lengths = torch.zeros(rows, dtype=torch.long, device=self._device)  # (R,)
        self._ended = torch.zeros(rows, dtype=torch.bool, device=self._device)  # (R,)

    def grown(self, model: Any) -> list[Completion]:
        logits, cache, mask = self._read_prompts(model)  # (R, V), the cache, (R, P)
        may_drop = _takes_rows_apart(cache)
        rows = torch.arange(len(mask), device=self._device)  # (L,): whose line each is
        for step in range(self._sampling.max_completion_length):
            tokens = self._draw(logits, rows, step)
            open_lines = ~self._ended[rows]
            if not bool(open_lines.any()) or step + 1 == self._sampling.max_completion_length:
                break
            if may_drop and len(rows) - int(open_lines.sum()) >= DROPPED_AT * len(rows):
                lines = open_lines.nonzero().squeeze(1)
                cache.batch_select_indices(lines)
                rows, tokens, mask = rows[lines], tokens[lines], mask[lines]
            mask = torch.cat([mask, mask.new_ones((len(rows), 1))], dim=1)  # (L, P + step + 1)
            logits, cache = self._forward(model, tokens.unsqueeze(1), mask, cache)
        return self._completions()

    def _read_prompts(self, model: Any) -> tuple[Tensor, Any, Tensor]:
        """Logits of the first tokens (R, V), the cache and the prompts' mask (R, P), each with a line for each row."""
        width = max(map(len, self._prompts))
        ids = torch.tensor([[self._pad_id] * (width - len(p)) + list(p) for p in self._prompts], device=self._device)
        mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in self._prompts], device=self._device)
        logits, cache = self._forward(model, ids, mask, None)
        if self._n == 1:
            return logits, cache, mask
        ids, mask = ids.repeat_interleave(self._n, dim=0), mask.repeat_interleave(self._n, dim=0)
        if not _takes_rows_apart(cache):
            return *self._forward(model, ids, mask, None), mask
        # Each prompt is read once, and what the model remembers of it repeated for its replies.
        cache.batch_repeat_interleave(self._n)
        return logits.repeat_interleave(self._n, dim=0), cache, mask

    def _forward(self, model: Any, ids: Tensor, mask: Tensor, cache: Any) -> tuple[Tensor, Any]:
        """Logits after the last of `ids` (L, 1 or more), and the cache that remembers them."""
        # Models know by themselves what to do without padding, and do it faster.
        padding = {}
        if self._is_padded:
            padding = {"attention_mask": mask, "position_ids": positions(mask)[:, -ids.shape[1] :]}
        output = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1, **padding)
        cache = getattr(output, "past_key_values", None)
        if cache is None:
            raise GenerationError(f"{type(model).__name__} remembers nothing between tokens (it has no KV cache)")
        return output.logits[:, -1], cache

    def _draw(self, logits: Tensor, rows: Tensor, step: int) -> Tensor:
        """The next token of each line, noted for the rows that are still growing."""
        tokens, logprobs = draw(logits, self._draws[rows, step], self._sampling)
        growing = ~self._ended[rows]
        grown = rows[growing]
        self._tokens[grown, step] = tokens[growing]
        self._logprobs[grown, step] = logprobs[growing]
        self._lengths[grown] = step + 1
        self._ended[grown] = torch.isin(tokens[growing], self._eos)
        if self._sampling.stop:
            for row in grown.tolist():
                self._ended[row] |= self._holds_stop(row, step + 1)
        return tokens

    def _holds_stop(self, row: int, length: int) -> bool:
        # A token is at least a byte, but for the first few of a character that takes several.
        reach = max(len(stop.encode()) for stop in self._sampling.stop) + 4
        text = self._text(self._tokens[row, max(0, length - reach) : length].tolist())
        return any(stop in text for stop in self._sampling.stop)

    def _completions(self) -> list[Completion]:
        lengths, ended = self._lengths.tolist(), self._ended.tolist()
        tokens, logprobs = self._tokens.tolist(), self._logprobs.tolist()
        return [
            Completion(
                token_ids=tuple(tokens[row][:length]),
                logprobs=tuple(logprobs[row][:length]),
                text=before_stop(self._text(tokens[row][:length]), self._sampling.stop),
                is_truncated=not ended[row],
            )
            for row, length in enumerate(lengths)
        ]

    def _text(self, token_ids: list[int]) -> str:
        return str(self._tokenizer.decode(token_ids, skip_special_tokens=True))


def _takes_rows_apart(cache: Any) -> bool:
    """Whether lines of a cache can be repeated and dropped. Those of linear attention's layers cannot."""
    needed = ("batch_repeat_interleave", "batch_select_indices")
    return all(hasattr(layer, name) for layer in getattr(cache, "layers", [None]) for name in needed)


def before_stop(text: str, stop: Sequence[str]) -> str:
    """The text up to the first stop string in it."""
    return text[: min((at for at in map(text.find, stop) if at >= 0), default=len(text))]


def draw(logits: Tensor, uniform: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
    """A token of each line, and its log-probability in the distribution that it is drawn from.  # (B, V), (B,) -> (B,)

    `uniform` are numbers in [0, 1). At temperature 0 the likeliest token is certain: log-probability 0.
    """
    if sampling.temperature == 0.0:
        tokens = logits.argmax(dim=1)
        return tokens, torch.zeros(len(tokens), device=logits.device)
    logprobs = torch.log_softmax(_cut(logits.float() / sampling.temperature, sampling), dim=1)
    # In float64: among 100,000 tokens the rounding of float32 sums is larger than many a token's share.
    cumulated = logprobs.double().exp().cumsum(dim=1)  # (B, V)
    wanted = uniform.unsqueeze(1) * cumulated[:, -1:]
    tokens = torch.searchsorted(cumulated, wanted, right=True).clamp(max=logits.shape[1] - 1)  # (B, 1)
    return tokens.squeeze(1), logprobs.gather(1, tokens).squeeze(1)


def _cut(logits: Tensor, sampling: Sampling) -> Tensor:
    """Top-k, then top-p of what it leaves, as transformers and vLLM do: what is cut off gets −∞."""
    if 0 < sampling.top_k < logits.shape[1]:
        least = logits.topk(sampling.top_k, dim=1).values[:, -1:]  # (B, 1)
        logits = logits.masked_fill(logits < least, -torch.inf)
    if sampling.top_p < 1.0:
        ordered, order = logits.sort(dim=1, descending=True)
        shares = torch.softmax(ordered, dim=1)
        # A token stays while those before it hold less than top_p; so the likeliest always does.
        is_cut = shares.cumsum(dim=1) - shares >= sampling.top_p
        logits = logits.masked_fill(torch.zeros_like(is_cut).scatter(1, order, is_cut), -torch.inf)
    return logits

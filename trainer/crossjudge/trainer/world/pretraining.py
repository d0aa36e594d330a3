"""Trains a base model, from nothing or from another.

The same settings give the same weights, on one machine and with one number of threads.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from .examples import Example, examples
from .problems import split_tasks
from .settings import ModelSettings, Role, WorldSettings
from .tokenizer import END, make_tokenizer

WARMUP = 0.05  # share of the steps
SORTED_TOGETHER = 16  # batches
DRAWN_WEIGHT = 0.1  # of tokens that were drawn at random: little can be learnt from them, and their gradients are noise
Progress = Callable[[int, float], None]  # steps done, the last loss


def pretrain(role: Role, settings: WorldSettings, start: Path | None, folder: Path, progress: Progress) -> int:
    """Trains the base model of a role, which starts as the model in `start` where that is given.

    Saves it with its tokenizer, weights in 16 bits. Returns how many parameters it has.
    """
    torch.manual_seed(settings.seed)
    tokenizer = make_tokenizer(settings.model.max_position_embeddings)
    model: Any = AutoModelForCausalLM.from_pretrained(start) if start else new_model(settings.model, tokenizer)
    source = examples(role, split_tasks(settings.seed).pretraining, settings)
    batches = islice(_batches(source, settings.batch_size, tokenizer, settings.seed), settings.steps(role))
    _train(model, batches, settings, settings.steps(role), progress)
    save(model, tokenizer, folder)
    return int(model.num_parameters())


def new_model(settings: ModelSettings, tokenizer: Any) -> Any:
    config = LlamaConfig(
        **settings.model_dump(),
        vocab_size=len(tokenizer),
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config)


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Half the size on disk: weights in float16 (finer than bfloat16 at their magnitudes), to be loaded as float32."""
    model.half().save_pretrained(folder)
    config = model.config
    config.dtype = torch.float32
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@dataclass(frozen=True)
class Batch:
    """Examples as tensors, padded on the right."""

    ids: torch.Tensor  # (B, T)
    weights: torch.Tensor  # (B, T): how much the loss at each token counts, 0 for prompts and padding


def _batches(source: Iterator[Example], size: int, tokenizer: Any, seed: int) -> Iterator[Batch]:
    """Batches of examples of about one length: padding would be a third of the work otherwise."""
    shuffle = Random(f"batches/{seed}").shuffle
    while True:
        rows = sorted(_rows(list(islice(source, size * SORTED_TOGETHER)), tokenizer), key=lambda row: len(row.ids))
        batches = [rows[start : start + size] for start in range(0, len(rows), size)]
        shuffle(batches)
        for batch in batches:
            ids = _padded([row.ids for row in batch], tokenizer.pad_token_id)
            yield Batch(ids, _padded([row.weights for row in batch], 0.0))


@dataclass(frozen=True)
class _Row:
    ids: list[int]
    weights: list[float]


def _rows(chosen: Sequence[Example], tokenizer: Any) -> Iterator[_Row]:
    def ids_of(texts: list[str]) -> list[list[int]]:
        ids: list[list[int]] = tokenizer(texts)["input_ids"]
        return ids

    prompts = ids_of([each.prompt for each in chosen])
    drawn = ids_of([each.drawn for each in chosen])
    answers = ids_of([each.answer + END for each in chosen])
    for p, d, a in zip(prompts, drawn, answers, strict=True):
        yield _Row(p + d + a, [0.0] * len(p) + [DRAWN_WEIGHT] * len(d) + [1.0] * len(a))


def _padded(rows: Sequence[list[Any]], filler: float) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def _train(model: Any, batches: Iterator[Batch], settings: WorldSettings, steps: int, progress: Progress) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.95), weight_decay=0.01)
    schedule = _warmup_and_cosine(optimizer, steps)
    model.train()
    for done, batch in enumerate(batches, start=1):
        loss: Any = _loss(model, batch)  # torch does not type `backward`
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        progress(done, loss.item())


def _loss(model: Any, batch: Batch) -> torch.Tensor:
    """Cross-entropy of the next token, weighted mean."""
    # Padding stands on the right, where causal attention never looks, so no attention mask is needed.
    logits = model(input_ids=batch.ids[:, :-1], use_cache=False).logits  # (B, T - 1, V)
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), batch.ids[:, 1:], reduction="none")
    weights = batch.weights[:, 1:]
    return (losses * weights).sum() / weights.sum()


def _warmup_and_cosine(optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    warmup = max(1, round(WARMUP * steps))

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)

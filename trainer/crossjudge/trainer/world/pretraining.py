"""Trains a base model from nothing. One thread and one seed: the same settings give the same weights."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from .examples import Example, examples
from .problems import split_tasks
from .settings import ModelSettings, Role, WorldSettings
from .tokenizer import make_tokenizer

IGNORED = -100  # a label that transformers leaves out of the loss
WARMUP = 0.05  # share of the steps
Progress = Callable[[int, float], None]  # steps done, the last loss


def pretrain(role: Role, settings: WorldSettings, folder: Path, progress: Progress) -> int:
    """Trains the base model of a role and saves it with its tokenizer, weights in 16 bits. Returns its parameters."""
    torch.set_num_threads(1)
    torch.manual_seed(settings.seed)
    tokenizer = make_tokenizer(settings.model.max_position_embeddings)
    model = new_model(settings.model, tokenizer)
    batches = _batches(examples(role, split_tasks(settings.seed).pretraining, settings), settings.batch_size, tokenizer)
    _train(model, islice(batches, settings.steps(role)), settings, settings.steps(role), progress)
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
        use_cache=True,
    )
    return LlamaForCausalLM(config)


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Half the size on disk: weights in float16 (finer than bfloat16 at their magnitudes), to be loaded as float32."""
    model.half().save_pretrained(folder)
    config = model.config
    config.dtype = torch.float32
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _batches(source: Iterator[Example], size: int, tokenizer: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Token ids and labels, both (size, T), padded on the right; only the reply and its end are labelled."""
    end, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    while True:
        chosen = list(islice(source, size))
        prompts = tokenizer([prompt for prompt, _ in chosen])["input_ids"]
        replies = [[*ids, end] for ids in tokenizer([reply for _, reply in chosen])["input_ids"]]
        rows = [prompt + reply for prompt, reply in zip(prompts, replies, strict=True)]
        labels = [[IGNORED] * len(prompt) + reply for prompt, reply in zip(prompts, replies, strict=True)]
        yield _padded(rows, pad), _padded(labels, IGNORED)


def _padded(rows: Sequence[list[int]], filler: int) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def _train(
    model: Any,
    batches: Iterator[tuple[torch.Tensor, torch.Tensor]],
    settings: WorldSettings,
    steps: int,
    progress: Progress,
) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, betas=(0.9, 0.95), weight_decay=0.01)
    warmup = max(1, round(WARMUP * steps))
    schedule = torch.optim.lr_scheduler.SequentialLR(
        optimizer,
        [
            torch.optim.lr_scheduler.LinearLR(optimizer, 1 / warmup, total_iters=warmup),
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps - warmup)),
        ],
        milestones=[warmup],
    )
    model.train()
    for done, (ids, labels) in enumerate(batches, start=1):
        # Padding stands on the right, where causal attention never looks, so no attention mask is needed.
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        progress(done, loss.item())

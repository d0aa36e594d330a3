"""Stage 6, second half, consolidation: supervised fine-tuning on (problem, r*). Needs torch.

Only the reply's tokens are learned from. A step depends on the weights, the examples, the settings and the seed alone.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch

from crossjudge.trainer.policy.logprobs import completion_logprobs, token_batch
from crossjudge.trainer.policy.policy import Policy
from crossjudge.trainer.policy.randomness import seeded
from crossjudge.trainer.policy.schedule import rate_factor
from crossjudge.trainer.policy.update import adamw
from crossjudge.trainer.training.rollout import Player
from crossjudge.trainer.training.run_folder import write_whole

from .chunks import chunked
from .config import ConsolidationConfig
from .posed import Problems
from .records import Selected

NUMBER, NAME = 8, "consolidation"


@dataclass(frozen=True)
class Example:
    """A prompt and the reply to learn, which ends as replies do."""

    prompt_ids: tuple[int, ...]
    reply_ids: tuple[int, ...]


def examples_of(selected: Sequence[Selected], problems: Problems, player: Player, policy: Policy) -> list[Example]:
    """Each r* in the words of its reply, asked for as it was. Left out are those that do not fit into the context."""
    found = []
    for each in selected:
        prompt = player.prompt_ids(problems[each.id])
        reply = policy.tokenizer.encode(each.reply, add_special_tokens=False)
        example = Example(prompt, (*reply, policy.tokenizer.eos_token_id))
        length = len(example.prompt_ids) + len(example.reply_ids)
        if policy.context_length is None or length <= policy.context_length:
            found.append(example)
    return found


def consolidate(
    folder: Path, policy: Policy, examples: Sequence[Example], config: ConsolidationConfig, seed: int
) -> dict[str, float]:
    """Fine-tunes the policy, and writes a line a step. Returns means over the last epoch."""
    log = list(fine_tuned(policy, examples, config, seed))
    write_whole(folder / f"{NUMBER}-{NAME}.jsonl", "".join(f"{json.dumps(step)}\n" for step in log))
    last = log[-(len(log) // config.num_train_epochs) :]
    return {
        "examples": len(examples),
        "steps": len(log),
        "loss_first": log[0]["loss"],
        "loss": sum(step["loss"] for step in last) / len(last),
        "grad_norm": sum(step["grad_norm"] for step in last) / len(last),
    }


def fine_tuned(
    policy: Policy, examples: Sequence[Example], config: ConsolidationConfig, seed: int
) -> Iterator[dict[str, float]]:
    """What is said of each optimiser step. The loss is the mean of -log p over the tokens of a step's replies, so that
    how many of them pass through the model at a time changes nothing but rounding."""
    size = config.per_device_train_batch_size * config.gradient_accumulation_steps
    steps = config.num_train_epochs * -(-len(examples) // size)
    optimizer = adamw(
        policy.parameters(), config.learning_rate, (config.adam_beta1, config.adam_beta2), config.weight_decay
    )
    for number, batch in enumerate(islice(_batches(examples, size, seed), steps)):
        rate = config.learning_rate * rate_factor(config.lr_scheduler_type, number, config.warmup_steps, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with seeded(seed + number, policy.device):
            loss = _backward(policy, batch, config.per_device_train_batch_size)
        norm = torch.nn.utils.clip_grad_norm_(policy.parameters(), config.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        yield {"step": number + 1, "loss": loss, "learning_rate": rate, "grad_norm": float(norm)}


def _batches(examples: Sequence[Example], size: int, seed: int) -> Iterator[Sequence[Example]]:
    """Epoch after epoch, each in an order of its own."""
    epoch = 0
    while True:
        order = list(examples)
        random.Random(f"{seed}/{epoch}").shuffle(order)
        yield from chunked(order, size)
        epoch += 1


def _backward(policy: Policy, batch: Sequence[Example], at_once: int) -> float:
    """Gradients of the loss of a step, gathered over its micro-batches, each of examples of about one length."""
    tokens = sum(len(each.reply_ids) for each in batch)
    total = 0.0
    for some in chunked(sorted(batch, key=lambda each: (len(each.reply_ids), len(each.prompt_ids))), at_once):
        prompts, replies = [each.prompt_ids for each in some], [each.reply_ids for each in some]
        padded = token_batch(prompts, replies, policy.pad_id, policy.device)
        with policy.active(training=True) as model:
            logprobs, _ = completion_logprobs(model, padded, temperature=1.0)
        loss = -(logprobs * padded.completion_mask).sum() / tokens
        torch.autograd.backward(loss)
        total += loss.item()
    return total

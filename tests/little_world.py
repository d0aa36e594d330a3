"""A corner of the small world, with models that take a second each: a maker of problems, a coder and a tester.

Sixteen tasks, which the coder solves two times in five; its mistakes differ, so that most who agree are right.
"""

import json
from collections.abc import Iterator
from itertools import islice, product
from pathlib import Path
from typing import Any

from crossjudge.trainer.world.examples import Example, examples, prompt_template
from crossjudge.trainer.world.grammar import Task
from crossjudge.trainer.world.problems import problem_of
from crossjudge.trainer.world.settings import ModelSettings, Part, WorldSettings
from crossjudge.trainer.world.tokenizer import make_tokenizer

TASKS = [
    Task(reducer, mapping, filter, "all")
    for reducer, mapping, filter in product(("sum", "largest"), ("same", "double"), ("all", "even", "odd", "positive"))
]
SIZE = ModelSettings(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2)
LISTS = WorldSettings(shortest_list=1, longest_list=1)  # whose values can be learnt in no time
STEPS: dict[Part, int] = {"coder": 220, "tester": 250, "problems": 60}


def little_world(folder: Path) -> Path:
    """Fills the folder as `crossjudge world` does."""
    folder.mkdir()
    for role in STEPS:
        make_model(folder / role, role)
        (folder / f"{role}.txt").write_text(prompt_template(role), "utf-8")
    lines = [json.dumps(problem_of(task, 0)) for task in TASKS[::4]]
    (folder / "held_out.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


def make_model(folder: Path, role: Part) -> None:
    import torch

    from crossjudge.trainer.policy.policy import Policy
    from crossjudge.trainer.recipes.ucoder.config import ConsolidationConfig
    from crossjudge.trainer.recipes.ucoder.consolidation import fine_tuned
    from crossjudge.trainer.world.pretraining import new_model

    tokenizer = make_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(len(role))
        policy = Policy(role, new_model(SIZE, tokenizer), tokenizer)
    lesson = list(islice(learnt(role, tokenizer), STEPS[role] * 16))
    config = ConsolidationConfig(
        num_train_epochs=1, learning_rate=1e-2, per_device_train_batch_size=16, gradient_accumulation_steps=1
    )
    for _ in fine_tuned(policy, lesson, config, seed=0):
        pass
    policy.model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def learnt(role: Part, tokenizer: Any) -> Iterator[Any]:
    from crossjudge.trainer.recipes.ucoder.consolidation import Example as Taught

    each: Example
    for each in examples(role, TASKS, LISTS):
        reply = tokenizer.encode(each.drawn + each.answer)
        yield Taught(tuple(tokenizer.encode(each.prompt)), (*reply, tokenizer.eos_token_id))


def settings_of(world: Path, output_dir: Path) -> dict[str, Any]:
    """A configuration of UCoder in this world: two iterations of a few seconds."""
    coder = {"prompt": str(world / "coder.txt"), "max_completion_length": 40}
    return {
        "output_dir": str(output_dir),
        "model": str(world / "coder"),
        "iterations": 2,
        "chunk_problems": 3,
        "eval_problems": str(world / "held_out.jsonl"),
        "eval_samples": 8,
        "references": str(world / "held_out.jsonl"),
        "probing": {
            "model": str(world / "problems"), "prompt": str(world / "problems.txt"), "topics": ["any"],
            "num_generations": 20, "max_completion_length": 40, "similarity": 1.0, "max_problems": 7,
        },
        "rating": {**coder, "kind": "likelihood", "num_generations": 2, "min_quality": 0.0, "keep": 0.9},
        "skeletons": {**coder, "in_prompt": False, "num_generations": 2},
        "tests": {
            "model": str(world / "tester"), "prompt": str(world / "tester.txt"), "max_completion_length": 40,
            "num_generations": 10, "tests_per_reply": 1,
        },
        "sampling": {**coder, "num_generations": 12},
        "consolidation": {
            "learning_rate": 2e-3, "per_device_train_batch_size": 4, "gradient_accumulation_steps": 1,
        },
        "stop": {"metric": None},
    }  # fmt: skip

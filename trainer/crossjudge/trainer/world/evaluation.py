"""How good the base models are on held-out tasks, at temperature 1. Solutions are interpreted, never executed."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from .examples import prompt_template, render, shown_code
from .grammar import Task, all_tasks
from .interpreter import CannotRun, Solution, read_assertion
from .noise import is_hard, mistaken_neighbours
from .problems import reference_inputs, split_tasks
from .settings import PLAYS, Part, Role, WorldSettings

LONGEST_REPLY = 48  # tokens
_AT_ONCE = 256  # replies sampled together
Figures = dict[str, float]


def measure(role: Role, settings: WorldSettings, folder: Path) -> Figures:
    """The figures of a saved model in the role or roles that it plays."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    model.eval()
    tasks = Random(f"evaluation/{settings.seed}").sample(split_tasks(settings.seed).held_out, k=settings.eval_problems)
    torch.manual_seed(settings.seed)
    figures: Figures = {}
    for part in PLAYS[role]:
        replies = sample(model, tokenizer, part, tasks, settings)
        figures |= _figures(part, tasks, replies, settings.seed)
    return {name: round(value, 4) for name, value in figures.items()}


def _figures(part: Part, tasks: Sequence[Task], replies: Sequence[Sequence[str]], seed: int) -> Figures:
    if part == "coder":
        return coder_figures(tasks, replies, seed)
    if part == "problems":
        return spec_figures([spec for each in replies for spec in each], seed)
    return tester_figures(tasks, replies)


def sample(model: Any, tokenizer: Any, part: Part, tasks: Sequence[Task], settings: WorldSettings) -> list[list[str]]:
    """`eval_samples` replies to each task, from torch's own generator."""
    template, n = prompt_template(part), settings.eval_samples
    random = Random(f"shown/{settings.seed}")
    prompts = [
        render(template, task.spec, shown_code(part, task, random, settings)) for task in tasks for _ in range(n)
    ]
    texts: list[str] = []
    for start in range(0, len(prompts), _AT_ONCE):
        given = tokenizer(prompts[start : start + _AT_ONCE], padding=True, return_tensors="pt")
        out = model.generate(
            input_ids=given["input_ids"], attention_mask=given["attention_mask"],
            do_sample=True, temperature=1.0, top_k=0, top_p=1.0, max_new_tokens=LONGEST_REPLY,
        )  # fmt: skip
        texts += tokenizer.batch_decode(out[:, given["input_ids"].shape[1] :], skip_special_tokens=True)
    return [texts[start : start + n] for start in range(0, len(texts), n)]


def coder_figures(tasks: Sequence[Task], replies: Sequence[Sequence[str]], seed: int) -> Figures:
    """pass@1, pass@n and the share that runs at all; pass@1 also of the tasks that the hard world has traps in."""
    right = [[solves(reply, task, seed) for reply in each] for task, each in zip(tasks, replies, strict=True)]
    hard = [is_hard(task) for task in tasks]
    shares = [_mean(each) for each in right]
    return {
        "pass@1": _mean(shares),
        f"pass@{len(right[0])}": _mean([any(each) for each in right]),
        "pass@1/no_trap": _mean([share for share, trapped in zip(shares, hard, strict=True) if not trapped]),
        "pass@1/trap": _mean([share for share, trapped in zip(shares, hard, strict=True) if trapped]),
        "solutions/runnable": _mean([_answer(reply, [1, 2]) is not None for each in replies for reply in each]),
    }


def tester_figures(tasks: Sequence[Task], replies: Sequence[Sequence[str]]) -> Figures:
    """How many tests can be read and are right, and what share of the mistaken neighbours a right one tells."""
    read = [(task, _read(reply)) for task, each in zip(tasks, replies, strict=True) for reply in each]
    lists = [(task, *each) for task, each in read if each is not None]
    right = [(task, xs) for task, xs, value in lists if _is_same(task.apply(xs), value)]
    return {
        "tests/readable": len(lists) / len(read),
        "tests/right": len(right) / len(read),
        "tests/kill": _mean([_kills(task, xs) for task, xs in right]),
        "tests/mean_length": _mean([len(xs) for _, xs, _ in lists]),
    }


def spec_figures(specs: Sequence[str], seed: int) -> Figures:
    """The shares of all specs that are of the world, of these that the model has not been shown, and that differ."""
    shown = {task.spec for task in split_tasks(seed).pretraining}
    known = {task.spec for task in all_tasks()}
    well_formed = [spec for spec in specs if spec in known]
    return {
        "specs/well_formed": len(well_formed) / len(specs),
        "specs/novel": sum(spec not in shown for spec in well_formed) / len(specs),
        "specs/distinct": len(set(specs)) / len(specs),
    }


def solves(reply: str, task: Task, seed: int) -> bool:
    return all(_is_same(_answer(reply, xs), task.apply(xs)) for xs in reference_inputs(task, seed))


def _answer(reply: str, xs: list[int]) -> Any:
    try:
        return Solution(reply)(xs)
    except CannotRun:
        return None


def _read(reply: str) -> tuple[list[int], Any] | None:
    try:
        xs, value = read_assertion(reply)
    except CannotRun:
        return None
    return (xs, value) if all(isinstance(x, int) for x in xs) else None


def _is_same(got: Any, wanted: Any) -> bool:
    return bool(got == wanted)


def _kills(task: Task, xs: list[int]) -> float:
    return _mean([neighbour.apply(xs) != task.apply(xs) for neighbour in mistaken_neighbours(task)])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0

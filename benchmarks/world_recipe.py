"""The world's recipe as benchmarks of training use it: its configuration for a folder that `crossjudge world` made."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import psutil

from crossjudge.client.stack import Stack
from crossjudge.trainer.training.config import RunConfig, load_config

C = TypeVar("C", bound=RunConfig)
RECIPE = Path(__file__).parent.parent / "recipes" / "zerocoder-world.yaml"


def recipe_of(kind: type[C], world: Path, *overrides: str) -> C:
    """The recipe with the problems, prompts and models of `world`. Raises `BadConfig`."""
    named = [f"problems={world / 'pool.jsonl'}", f"eval_problems={world / 'held_out.jsonl'}"]
    for role in ("coder", "tester"):
        named += [f"{role}.model={world / role}", f"{role}.prompt={world / role}.txt"]
    return load_config(kind, RECIPE, [*named, *overrides])


def cpu_seconds(stack: Stack) -> float:
    """What all processes of the stack have used so far, those that ended included."""
    return sum(_seconds(process) for process in _family(psutil.Process(stack.pid)))


def _family(first: psutil.Process) -> Iterator[psutil.Process]:
    yield first
    yield from first.children(recursive=True)


def _seconds(process: psutil.Process) -> float:
    try:
        spent = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(spent.user + spent.system + spent.children_user + spent.children_system)

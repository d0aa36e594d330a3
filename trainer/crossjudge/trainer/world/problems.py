"""The tasks as problems: who sees which of them, and the files that the trainer reads.

Half of the tasks are what the base models were trained on; 30 % are the pool that a run learns from without labels;
the rest is held out. The reference solution and tests are in both files, for measuring and for runs that are allowed
labels; a label-free run does not read them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from .grammar import Task, all_tasks, assertion
from .noise import mistaken_neighbours

LARGEST = 9  # items of lists are -9 to 9
TESTS_PER_PROBLEM = 8
_CANDIDATES = 24


@dataclass(frozen=True)
class Split:
    """The tasks, in three parts that share none."""

    pretraining: Sequence[Task]  # 50 %
    pool: Sequence[Task]  # 30 %
    held_out: Sequence[Task]  # 20 %


def split_tasks(seed: int) -> Split:
    tasks = list(all_tasks())
    Random(f"split/{seed}").shuffle(tasks)
    half, four_fifths = len(tasks) // 2, len(tasks) * 4 // 5
    return Split(tasks[:half], tasks[half:four_fifths], tasks[four_fifths:])


def random_list(random: Random, shortest: int, longest: int) -> list[int]:
    return [random.randint(-LARGEST, LARGEST) for _ in range(random.randint(shortest, longest))]


def reference_inputs(task: Task, seed: int) -> list[list[int]]:
    """Lists of 1 to 6 items that tell the task from those that it is mistaken for, and a few more.

    Of some random lists, those come first that tell most of the neighbours not yet told from the task.
    """
    random = Random(f"reference/{seed}/{task.id}")
    candidates = [random_list(random, 1, 6) for _ in range(_CANDIDATES)]
    right = [task.apply(xs) for xs in candidates]
    told = [
        {i for i, xs in enumerate(candidates) if neighbour.apply(xs) != right[i]}
        for neighbour in mistaken_neighbours(task)
    ]
    chosen: list[int] = []
    while len(chosen) < TESTS_PER_PROBLEM:
        rest = [i for i in range(_CANDIDATES) if i not in chosen]
        best = max(rest, key=lambda i: (sum(i in lists for lists in told), -i))
        chosen.append(best)
        told = [lists for lists in told if best not in lists]
    return [candidates[i] for i in chosen]


def problem_of(task: Task, seed: int) -> dict[str, Any]:
    """The problem as the trainer reads it."""
    tests = [assertion(xs, task.apply(xs)) for xs in reference_inputs(task, seed)]
    return {
        "id": task.id,
        "prompt": task.spec,
        "entry_point": "f",
        "reference_solution": task.code,
        "reference_tests": tests,
    }


def write_problems(folder: Path, seed: int = 0) -> None:
    """Writes `pool.jsonl` and `held_out.jsonl` into a folder that is there. Raises OSError where it cannot."""
    split = split_tasks(seed)
    _write(folder / "pool.jsonl", split.pool, seed)
    _write(folder / "held_out.jsonl", split.held_out, seed)


def _write(file: Path, tasks: Iterable[Task], seed: int) -> None:
    file.write_text("".join(json.dumps(problem_of(task, seed)) + "\n" for task in tasks), "utf-8")

"""What a base model gets wrong, and how often: components taken for others, in the data that it is trained on.

In the easy world every component is mistaken equally seldom, so the right answer is also the most frequent one. In the
hard world three components are mistaken more often than not: there the majority is wrong, and whoever trusts the
majority learns the mistake.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from .grammar import KINDS, Task

Trap = tuple[str, str]  # a kind and the beginning of a component's name

TRAPS: tuple[Trap, ...] = (("filter", "least"), ("mapping", "double"), ("reducer", "last"))


@dataclass(frozen=True)
class Noise:
    """How likely a component is mistaken: `usual`, or `trapped` where it is one of `TRAPS`."""

    usual: float
    trapped: float

    def rate(self, task: Task, kind: str) -> float:
        return self.trapped if _is_trapped(task, kind) else self.usual

    def mistake(self, task: Task, random: Random) -> Task:
        """The task as one who makes such mistakes reads it; each component is mistaken independently."""
        for kind in KINDS:
            if random.random() < self.rate(task, kind):
                task = task.mistaken(kind)
        return task


CODER_NOISE = {"easy": Noise(0.17, 0.17), "hard": Noise(0.12, 0.60)}
TESTER_NOISE = {"easy": Noise(0.05, 0.05), "hard": Noise(0.05, 0.25)}


def is_hard(task: Task) -> bool:
    """Whether any of the task's components is one that the hard world mistakes more often than not."""
    return any(_is_trapped(task, kind) for kind in KINDS)


def _is_trapped(task: Task, kind: str) -> bool:
    return any(kind == trap and getattr(task, kind).startswith(name) for trap, name in TRAPS)


def mistaken_neighbours(task: Task) -> Iterable[Task]:
    """The tasks that differ from this one by one mistake."""
    return (task.mistaken(kind) for kind in KINDS)

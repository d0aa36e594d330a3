"""An order in which changes are spread evenly over operators and lines. Knows nothing of syntax trees."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar


class _Change(Protocol):
    @property
    def operator(self) -> str: ...

    @property
    def line(self) -> int: ...


C = TypeVar("C", bound=_Change)


def spread(changes: Sequence[C], rng: random.Random) -> Iterator[C]:
    """All changes, so that the first k of them are a good choice of k.

    The operators take turns, in an order that `rng` draws; each offers one of its changes on a line that has been taken
    least often until then. Each turn looks at all that is left of one operator.
    """
    waiting: dict[str, list[C]] = {}
    for change in changes:
        waiting.setdefault(change.operator, []).append(change)
    turns = sorted(waiting)
    rng.shuffle(turns)
    for name in turns:
        rng.shuffle(waiting[name])
    taken = Counter[int]()
    while turns:
        for name in turns:
            queue = waiting[name]
            at = min(range(len(queue)), key=lambda index: taken[queue[index].line])
            change = queue.pop(at)
            taken[change.line] += 1
            yield change
        turns = [name for name in turns if waiting[name]]

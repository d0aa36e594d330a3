"""Mutable containers that both sides hold a copy of, and that are kept equal: what one side changes, the other gets.

Only one side runs at a time, so with each message the sender tells what it has changed since the last one. A container
that nobody but this table holds any more is forgotten on both sides: whoever still has it has it alone.
"""

import sys
from typing import Any

from .plain import Kind

_ONLY_OURS = 2  # references to a container that nobody else holds: the table's own, and that of the question


class Twin:
    """One container, with what was in it when both sides last agreed."""

    __slots__ = ("before", "box", "kind")

    def __init__(self, box: Any, kind: Kind) -> None:
        self.box = box
        self.kind = kind
        self.before: tuple[list[Any], ...] | None = None

    def agree(self) -> None:
        """Both sides hold this now."""
        self.before = self.kind.parts(self.box)

    def has_changed(self) -> bool:
        """Whether this side has changed it since."""
        return self.before is None or not self.kind.is_same(self.box, self.before)


class Twins:
    """All that both sides hold. This side's own numbers step by two from `first`, the other side's are the others."""

    def __init__(self, first: int) -> None:
        self.reading = 0
        """Messages that are just being read: what they refer to is not yet held by anybody, and still needed."""
        self._next = first
        self._by_number: dict[int, Twin] = {}
        self._numbers: dict[int, int] = {}

    def number_of(self, box: Any) -> int | None:
        """The number of a container that is known to both sides."""
        return self._numbers.get(id(box))

    def add(self, box: Any, kind: Kind, number: int | None = None) -> int:
        """Note a container that is to be known to both sides."""
        if number is None:
            number, self._next = self._next, self._next + 2
        self._by_number[number] = Twin(box, kind)
        self._numbers[id(box)] = number
        return number

    def get(self, number: int) -> Twin | None:
        """The container of that number, where this side has it."""
        return self._by_number.get(number)

    def known(self, number: int) -> Twin:
        """The container of that number. Raises ValueError where this side has none."""
        twin = self._by_number.get(number)
        if twin is None:
            raise ValueError(f"no container {number!r}")
        return twin

    def changed(self) -> list[int]:
        """Numbers of all that this side has changed."""
        return [number for number, twin in self._by_number.items() if twin.has_changed()]

    def drop_unused(self) -> list[int]:
        """Forget what nobody else on this side holds; the numbers, for the other side to forget them too."""
        if self.reading:
            return []
        dropped = []
        for number in list(self._by_number):  # the outer before the inner: what an unused one holds is then unused too
            if sys.getrefcount(self._by_number[number].box) <= _ONLY_OURS:
                self.forget(number)
                dropped.append(number)
        return dropped

    def forget(self, number: Any) -> None:
        """From now on it is this side's alone."""
        twin = self._by_number.pop(number, None)
        if twin is not None:
            del self._numbers[id(twin.box)]

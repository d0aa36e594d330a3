"""Where a step's time goes."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """Seconds of each part of a step, as metrics `time/<part>` and their sum, `time/step`."""

    def __init__(self) -> None:
        self._parts: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._parts[name] = self._parts.get(name, 0.0) + time.perf_counter() - started

    def over(self, items: Iterable[T], name: str) -> Iterator[T]:
        """The items; the time that it takes to make each is the part's."""
        made = iter(items)
        while True:
            with self.part(name):
                try:
                    item = next(made)
                except StopIteration:
                    return
            yield item

    def metrics(self) -> dict[str, float]:
        return {
            **{f"time/{name}": spent for name, spent in self._parts.items()},
            "time/step": sum(self._parts.values()),
        }

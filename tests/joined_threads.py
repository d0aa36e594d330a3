"""Threads that stand for processes which train together: what one says the others hear, in the order of their ranks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

T = TypeVar("T")


class Joined:
    """One of `count`; `said` and `barrier` are common to all."""

    def __init__(self, rank: int, count: int, said: list[Any], barrier: Barrier) -> None:
        self.rank, self.count = rank, count
        self._said, self._barrier = said, barrier

    def gathered(self, own: T) -> list[T]:
        self._said[self.rank] = own
        self._barrier.wait(30)
        heard = list(self._said)
        self._barrier.wait(30)
        return heard

    def summed(self, own: Any) -> Any:
        return sum(self.gathered(own))


def joined(count: int, work: Callable[[Joined], T]) -> list[T]:
    """What the work of each is, by rank."""
    barrier, said = Barrier(count), [None] * count

    def run(rank: int) -> T:
        try:
            return work(Joined(rank, count, said, barrier))
        except BaseException:
            barrier.abort()  # the others need not wait for one that failed
            raise

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))

"""Cells per second of each way on each workload: in turns, in rotated order, each turn with problems of its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import figures
from .cells import count
from .steps import Tell
from .way import Turn, Way, Work
from .workloads import Workload

_FIRST_CELLS = 32
"""Cells of a way's first turn, which is not counted, for ways that go cell by cell."""

_MOST_CELLS = 50_000


@dataclass
class Row:
    """One way on one workload: its turns, and how its first verdicts compare with the others'."""

    way: Way
    first: Turn | None = None
    turns: list[Turn] = field(default_factory=list)
    differing: int = 0

    @property
    def rates(self) -> list[float]:
        return [turn.rate for turn in self.turns]


@dataclass
class Measured:
    """One workload: a row for each way that may run it."""

    workload: Workload
    rows: list[Row]

    def row(self, name: str) -> Row | None:
        return next((row for row in self.rows if row.way.name == name), None)

    def rate(self, name: str) -> float | None:
        row = self.row(name)
        return figures.median(row.rates) if row and row.turns else None


def may_run(way: Way, workload: Workload) -> bool:
    """Whether it locks up what the workload holds, or need not."""
    return way.is_sandboxed or workload.is_trusted


class Throughput:
    """Measures; `tell` hears of each turn before it begins."""

    def __init__(self, ways: Sequence[Way], workloads: Sequence[Workload], seconds: float, tell: Tell) -> None:
        self.found = [Measured(load, [Row(way) for way in ways if may_run(way, load)]) for load in workloads]
        self._seconds = seconds
        self._tell = tell

    @property
    def turns(self) -> int:
        """Turns of one round; there is one round more than are counted."""
        return sum(len(measured.rows) for measured in self.found)

    def warm_up(self) -> None:
        """A short turn of each, the same cells for all: how many cells fill a turn, and do all ways say the same?"""
        for measured in self.found:
            load = measured.workload
            for row in measured.rows:
                self._tell(f"{row.way.name}, {load.name}: warming up")
                problems = load.take(load.turn_problems or 1, f"warm-{row.way.name}")
                row.first = row.way.judge(Work(load.name, problems, load.limits, _FIRST_CELLS))
            _compare(measured.rows)

    def round(self, number: int) -> None:
        """One turn of each way on each workload; the next round begins with another way."""
        for measured in self.found:
            for row in figures.rotated(measured.rows, number):
                self._tell(f"{row.way.name}, {measured.workload.name}: round {number + 1}")
                row.turns.append(row.way.judge(self._work(measured.workload, row, number)))

    def _work(self, load: Workload, row: Row, number: int) -> Work:
        """About as much as the way does in the time of a turn, going by what it has done so far."""
        last = row.turns[-1] if row.turns else row.first
        assert last is not None, "warm_up comes first"
        wanted = min(_MOST_CELLS, max(1, math.ceil(last.rate * self._seconds)))
        problems = load.turn_problems or max(1, round(wanted / count(load.problems[:1])))
        start = number * problems if load.turn_problems else 0
        mark = f"{row.way.name}-{number}"
        return Work(load.name, load.take(problems, mark, start), load.limits, wanted)


def _compare(rows: Sequence[Row]) -> None:
    """Count the cells in which each way says otherwise than the one that has judged most of them."""
    firsts = [row.first.passed for row in rows if row.first is not None]
    widest = max(firsts, key=len, default={})
    for row in rows:
        assert row.first is not None
        row.differing = sum(widest.get(place, said) != said for place, said in row.first.passed.items())

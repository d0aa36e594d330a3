"""Cells of a row that share processes: all are run in one order and once more in the other, and are to say the same.

Of any two tests each comes first once, so that what one changes for another comes to light: a row of which two answers
differ has given itself away, and none of it counts. What crashes, or is over the little time that there is, is left
out: it is judged by itself.
"""

import abc
import re
from dataclasses import dataclass
from typing import Any

from . import observing
from .row import Row

FEWEST = 3  # with fewer, two runs are no gain
_TRIES = 3
_OWN = ("said", "phase", "message")
_ADDRESS = b" at 0x"  # where an object lies in memory is another place in another process
_LINE = re.compile(rb'\{"cell": (\d{1,9}), ')
WORDS: dict[str, Any] = {
    "stopped": None, "over": None, "ended": ["exit", 0], "said": None, "phase": "test", "message": None, "used": None,
    "output": None, "check": None, "stdout": "",
}  # fmt: skip
"""An outcome of which nothing is known yet."""
Tests = dict[int, dict[str, Any]]


@dataclass
class Heard:
    """What one run said: a line for each test, and how it ended."""

    lines: dict[int, bytes]
    outcome: dict[str, Any]

    @property
    def has_not_loaded(self) -> bool:
        """Whether it ended before the first test, and would in a process of any test's own."""
        if self.lines or (self.outcome["stopped"], self.outcome["said"]) != (None, "error"):
            return False
        return self.outcome["phase"] in ("load", "entry")

    def says_like(self, other: "Heard") -> bool:
        """Whether both ended alike, and said the same of it."""
        return all(self.outcome[name] == other.outcome[name] for name in ("stopped", "ended", *_OWN))


class Group(abc.ABC):
    """The tests that are to share processes, and what was heard of them."""

    def __init__(self, row: Row, work: dict[str, Any], tests: Tests) -> None:
        self._row = row
        self._work = work
        self._tests = tests
        self._left = list(tests)
        self._lines: dict[int, bytes] = {}
        self._cpu_ns = self._wall_ns = 0

    @abc.abstractmethod
    def _run(self, order: list[int]) -> Heard:
        """Run these tests in this order."""

    @abc.abstractmethod
    def _decided(self, index: int, line: bytes) -> dict[str, Any] | None:
        """What follows for a test; None where this way of running it cannot tell."""

    def _judged(self, heard: Heard) -> dict[int, dict[str, Any]]:
        """Given the first run of all, the outcomes of those tests that could be judged so."""
        if heard.has_not_loaded:
            again = self._run(self._left[::-1])
            is_sure = again.has_not_loaded and again.says_like(heard)
            return dict.fromkeys(self._left, again.outcome | self._share()) if is_sure else {}
        for tries in range(1, _TRIES + 1):
            self._lines |= heard.lines
            self._left = self._left[len(heard.lines) + 1 :]  # at the one between, it came to an end
            if tries == _TRIES or len(self._left) < FEWEST:
                break
            heard = self._run(self._left)
        order = list(self._lines)[::-1]
        again = self._run(order) if order else Heard({}, {})
        if any(self._lines[index] != line for index, line in again.lines.items()):
            return {}
        decided = {index: self._decided(index, self._lines[index]) for index in again.lines}
        return {
            index: its | self._share()
            for index, its in decided.items()
            if its is not None and _ADDRESS not in self._lines[index]
        }

    def _heard(self, seen: dict[str, Any], report: bytes, order: list[int]) -> Heard:
        self._cpu_ns += seen["cpu_ns"]
        self._wall_ns += seen["wall_ns"]
        return Heard(_lines(report, order), observing.outcome(seen))

    def _share(self) -> dict[str, int]:
        return {"cpu_ns": self._cpu_ns // len(self._tests), "wall_ns": self._wall_ns // len(self._tests)}


def _lines(report: bytes, order: list[int]) -> dict[int, bytes]:
    """By test, what was said of it, up to where it was not said in the order in which it was asked."""
    found: dict[int, bytes] = {}
    due = iter(order)
    for line in report.split(b"\n")[:-1]:
        if (mark := _LINE.match(line)) is not None:
            if next(due, None) != int(mark[1]):
                break
            found[int(mark[1])] = line
    return found

"""Cheap literal cells of a row share a process: the solution is loaded once, and all their pieces are evaluated.

Only where the solution provably keeps nothing between calls (see `stateless`): then what it answers to one test does
not depend on the others. What is expected never enters its process, as ever; but the arguments of other tests do, and
they may tell something of it. So all is run once more in the reverse order, in a process that knows nothing of the
first: of any two tests each comes first once, and a cell counts only where both said the very same of it. A row of
which two answers differ has given itself away, and none of it counts.

What crashes, is over the little time that there is, or cannot be decided, is left out: it is judged by itself.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from .. import observing, sources
from ..row import Row
from . import asking
from .deciding import Decision

FEWEST = 3  # with fewer, two processes are no gain
_TRIES = 3
_FIRST_SECONDS, _MORE_SECONDS = 0.03, 0.002  # what takes longer is better off in a process of its own
_NEEDED = ("pieces", "reserved", "borrowed")
_COMPILING_SECONDS = 0.1
_OWN = ("said", "phase", "message")
_ADDRESS = b" at 0x"  # where an object lies in memory is another place in another process
_LINE = re.compile(rb'\{"cell": (\d{1,9}), "pieces": ')
_WORDS: dict[str, Any] = {
    "stopped": None, "over": None, "ended": ["exit", 0], "said": None, "phase": "test", "message": None, "used": None,
    "output": None, "check": None, "stdout": "",
}  # fmt: skip
_Tests = dict[int, dict[str, Any]]


@dataclass
class _Heard:
    """What one process said: a line for each test, and how it ended."""

    lines: dict[int, bytes]
    outcome: dict[str, Any]

    @property
    def has_not_loaded(self) -> bool:
        """Whether it ended before the first test, and would in a process of any test's own."""
        if self.lines or (self.outcome["stopped"], self.outcome["said"]) != (None, "error"):
            return False
        return self.outcome["phase"] in ("load", "entry")

    def says_like(self, other: "_Heard") -> bool:
        """Whether both ended alike, and said the same of it."""
        return all(self.outcome[name] == other.outcome[name] for name in ("stopped", "ended", *_OWN))


def run(
    row: Row, work: dict[str, Any], prelude: str, source: tuple[str, str, int], tests: _Tests
) -> tuple[dict[str, Any] | None, dict[int, dict[str, Any]]]:
    """Compile a solution that comes after the text of a prelude, and run the tests, each of which has a plan.

    What is said of the solution, None where compiling took too long here; and the outcomes of those of the tests that
    could be judged so.
    """
    group = _Group(row, work, tests)
    compiled = group.begin(prelude, source)
    return compiled, group.outcomes() if compiled is not None and compiled.get("stateless") else {}


class _Group:
    """The tests that are to share processes, and what was heard of them."""

    def __init__(self, row: Row, work: dict[str, Any], tests: _Tests) -> None:
        self._row = row
        self._work = work
        self._tests = tests
        self._left = list(tests)
        self._lines: dict[int, bytes] = {}
        self._cpu_ns = self._wall_ns = 0

    def begin(self, prelude: str, source: tuple[str, str, int]) -> dict[str, Any] | None:
        """Compile the solution and, where it is stateless, run all tests in the same process."""
        then = self._task(self._left)
        seconds = _COMPILING_SECONDS + self._seconds(self._left)
        compiled, seen, report = sources.compile_and_go_on(self._row, prelude, source, then, seconds)
        if compiled is not None:
            self._work = self._work | {"solution": compiled["code"]}
        self._first = self._heard(seen, report, self._left)
        return compiled

    def outcomes(self) -> dict[int, dict[str, Any]]:
        """Run in the other order, and say what follows."""
        heard = self._first
        if heard.has_not_loaded:
            again = self._run(self._left[::-1])  # its report holds no code, and so none of the solution's own text
            is_sure = again.has_not_loaded and again.says_like(heard)
            return dict.fromkeys(self._left, again.outcome | self._share()) if is_sure else {}
        for tries in range(1, _TRIES + 1):
            self._lines |= heard.lines
            self._left = self._left[len(heard.lines) + 1 :]  # at the one between, it came to an end
            if tries == _TRIES or len(self._left) < FEWEST:
                break
            heard = self._run(self._left)
        again = self._run(list(self._lines)[::-1])
        if any(self._lines[index] != line for index, line in again.lines.items()):
            return {}
        decided = {index: _decided(self._tests[index], self._lines[index]) for index in again.lines}
        return {index: its | self._share() for index, its in decided.items() if its is not None}

    def _run(self, order: list[int]) -> _Heard:
        """Run these tests in this order."""
        if not order:
            return _Heard({}, {})
        seen = self._row.run(self._task(order), cpu_seconds=self._seconds(order))
        return self._heard(seen, bytes(seen["report"].head), order)

    def _heard(self, seen: dict[str, Any], report: bytes, order: list[int]) -> _Heard:
        self._cpu_ns += seen["cpu_ns"]
        self._wall_ns += seen["wall_ns"]
        return _Heard(_lines(report, order), observing.outcome(seen))

    def _task(self, order: list[int]) -> dict[str, Any]:
        asked = [(index, {name: self._tests[index]["plan"][name] for name in _NEEDED}) for index in order]
        return self._work | {"mode": "literal together", "tests": asked}

    @staticmethod
    def _seconds(order: list[int]) -> float:
        return _FIRST_SECONDS + _MORE_SECONDS * len(order)

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


def _decided(test: dict[str, Any], line: bytes) -> dict[str, Any] | None:
    """What follows for the test; None where this way of running it cannot tell."""
    if line.count(b",") + line.count(b"[") > asking.MOST_MARKS or _ADDRESS in line:
        return None
    decision = Decision(test["plan"], test["code"])
    try:
        words = _gone_through(decision, json.loads(line)["pieces"])
    except (ValueError, LookupError, TypeError, RecursionError):  # not what `answering` says
        return None
    return None if words is None or decision.said == "undecidable" else asking.judged(decision, words)


def _gone_through(decision: Decision, pieces: list[Any]) -> dict[str, Any] | None:
    """Take the answers in turn; what the process said of itself with the last one that was needed."""
    words = None
    due, number = decision.begin(), 0
    while due is not None:
        if due != number:  # one before it was not needed: by itself, the solution would not have been asked for it
            return None
        answer, used, output = pieces[number]
        words = _WORDS | observing.fields_of({"used": used, "output": output})
        if isinstance(answer, list) and len(answer) == 2:
            said = observing.fields_of({"said": answer[0], "message": answer[1]})
            return words | said | {"phase": "call"} if said.get("said") == "error" else None
        (value,) = answer
        due, number = decision.answer(value), number + 1
    return words

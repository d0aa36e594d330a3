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

from .. import observing
from ..row import Row
from . import asking
from .deciding import Decision

FEWEST = 3  # with fewer, two processes are no gain
_TRIES = 3
_FIRST_SECONDS, _MORE_SECONDS = 0.03, 0.002  # what takes longer is better off in a process of its own
_NEEDED = ("pieces", "reserved", "borrowed")
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


def run(row: Row, work: dict[str, Any], tests: _Tests) -> dict[int, dict[str, Any]]:
    """The outcomes of those of the tests that could be judged so. Each of them has a plan."""
    lines: dict[int, bytes] = {}
    spent, left = [0, 0], list(tests)
    for _ in range(_TRIES):
        if len(left) < FEWEST:
            break
        heard = _hear(row, work, tests, left, spent)
        if heard.has_not_loaded:
            again = _hear(row, work, tests, left[::-1], spent)
            is_same = _words(heard.outcome) == _words(again.outcome)
            return dict.fromkeys(left, heard.outcome | _share(spent, len(left))) if is_same else {}
        lines |= heard.lines
        left = left[len(heard.lines) + 1 :]  # at the one between, it came to an end
    again = _hear(row, work, tests, list(lines)[::-1], spent)
    if any(lines[index] != line for index, line in again.lines.items()):
        return {}
    decided = {index: _decided(tests[index], lines[index]) for index in again.lines}
    return {index: its | _share(spent, len(lines)) for index, its in decided.items() if its is not None}


def _hear(row: Row, work: dict[str, Any], tests: _Tests, order: list[int], spent: list[int]) -> _Heard:
    """Run these tests in this order, and note the time that it took; the lines are those of the first few."""
    if not order:
        return _Heard({}, {})
    asked = [(index, {name: tests[index]["plan"][name] for name in _NEEDED}) for index in order]
    task = work | {"mode": "literal together", "tests": asked}
    seen = row.run(task, cpu_seconds=_FIRST_SECONDS + _MORE_SECONDS * len(order))
    spent[0] += seen["cpu_ns"]
    spent[1] += seen["wall_ns"]
    return _Heard(_lines(bytes(seen["report"].head), order), observing.outcome(seen))


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


def _words(outcome: dict[str, Any]) -> tuple[Any, ...]:
    return outcome["stopped"], outcome["said"], outcome["phase"], outcome["message"], outcome["ended"]


def _share(spent: list[int], cells: int) -> dict[str, int]:
    return {"cpu_ns": spent[0] // cells, "wall_ns": spent[1] // cells}

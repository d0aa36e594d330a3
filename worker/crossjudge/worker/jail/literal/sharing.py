"""Cheap literal cells of a row share a process: the solution is loaded once, and all their pieces are evaluated.

Only where the solution provably keeps nothing between calls (see `stateless`): then what it answers to one test does
not depend on the others. What is expected never enters its process, as ever; but the arguments of other tests do, and
they may tell something of it. So all is run once more in the reverse order (see `together`), in a process that knows
nothing of the first. What cannot be decided is left out: it is judged by itself.
"""

import json
from typing import Any

from .. import observing, sources, together
from ..row import Row
from . import asking
from .deciding import Decision

_FIRST_SECONDS, _MORE_SECONDS = 0.03, 0.002  # what takes longer is better off in a process of its own
_NEEDED = ("pieces", "reserved", "borrowed")
_COMPILING_SECONDS = 0.1


def run(
    row: Row, work: dict[str, Any], prelude: str, source: tuple[str, str, int], tests: together.Tests
) -> tuple[dict[str, Any] | None, dict[int, dict[str, Any]]]:
    """Compile a solution that comes after the text of a prelude, and run the tests, each of which has a plan.

    What is said of the solution, None where compiling took too long here; and the outcomes of those of the tests that
    could be judged so.
    """
    return _Group(row, work, tests).run(prelude, source)


class _Group(together.Group):
    def run(
        self, prelude: str, source: tuple[str, str, int]
    ) -> tuple[dict[str, Any] | None, dict[int, dict[str, Any]]]:
        """Compile the solution and, where it is stateless, run all tests in the same process; then in the other order.

        The report of that first process holds code too, and so perhaps text of the solution's own.
        """
        then = self._task(self._left)
        seconds = _COMPILING_SECONDS + self._seconds(self._left)
        compiled, seen, report = sources.compile_and_go_on(self._row, prelude, source, then, seconds)
        if compiled is None or compiled.get("imports") is None:
            return compiled, {}
        self._work = self._work | {"solution": compiled["code"]}
        return compiled, self._judged(self._heard(seen, report, self._left))

    def _run(self, order: list[int]) -> together.Heard:
        seen = self._row.run(self._task(order), cpu_seconds=self._seconds(order))
        return self._heard(seen, bytes(seen["report"].head), order)

    def _task(self, order: list[int]) -> dict[str, Any]:
        asked = [(index, {name: self._tests[index]["plan"][name] for name in _NEEDED}) for index in order]
        return self._work | {"mode": "literal together", "tests": asked}

    @staticmethod
    def _seconds(order: list[int]) -> float:
        return _FIRST_SECONDS + _MORE_SECONDS * len(order)

    def _decided(self, index: int, line: bytes) -> dict[str, Any] | None:
        if line.count(b",") + line.count(b"[") > asking.MOST_MARKS:
            return None
        test = self._tests[index]
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
        words = together.WORDS | observing.fields_of({"used": used, "output": output})
        if isinstance(answer, list) and len(answer) == 2:
            said = observing.fields_of({"said": answer[0], "message": answer[1]})
            return words | said | {"phase": "call"} if said.get("said") == "error" else None
        (value,) = answer
        due, number = decision.answer(value), number + 1
    return words

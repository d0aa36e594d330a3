"""Cheap cells whose tests need an interpreter share a pair of processes: the solution's, and one for test after test.

Only where both are proven harmless (see `literal.stateless`): the solution keeps nothing between calls, and a test
changes nothing but what it has made itself. All is run once more in the reverse order (see `together`), in another pair
that knows nothing of the first.
"""

import json
from typing import Any

from .. import observing, together
from ..row import Row

_FIRST_SECONDS, _MORE_SECONDS = 0.06, 0.006  # what takes longer is better off in processes of its own
_NEEDED = ("solution_text", "entry_point", "wants_output")
_SAID = ("passed", "failed", "error")


def run(row: Row, work: dict[str, Any], tests: together.Tests) -> dict[int, dict[str, Any]]:
    """The outcomes of those tests, all of kind `assert`, that could be judged so."""
    return _Group(row, work, tests).run()


class _Group(together.Group):
    def run(self) -> dict[int, dict[str, Any]]:
        """Run all of them in one order and in the other."""
        heard = self._run(self._left)
        return self._judged(heard) if heard.lines else {}

    def _run(self, order: list[int]) -> together.Heard:
        asked = [(index, self._tests[index]["compiled"], self._tests[index]["code"]) for index in order]
        known = {name: self._work[name] for name in _NEEDED}
        seen = self._row.run_pair(
            known | {"mode": "asserts of a pair", "tests": asked},
            self._work | {"mode": "solution of a pair"},
            cpu_seconds=_FIRST_SECONDS + _MORE_SECONDS * len(order),
        )
        return self._heard(seen, bytes(seen["report"].head), order)

    def _decided(self, index: int, line: bytes) -> dict[str, Any] | None:
        try:
            words = observing.fields_of(json.loads(line))
        except (ValueError, RecursionError):
            return None
        return together.WORDS | words if words.get("said") in _SAID else None

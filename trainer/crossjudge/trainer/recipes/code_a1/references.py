"""What a reference program says of the tests that were written: which are right, and what the others should state.

A test is valid if the reference evaluates its call; a wrong stated answer is corrected to the reference's value. The
value is read from what the verifier says of a test that fails with it; it must be a literal that fits there. It came
out of the sandbox, so it counts only once the reference has passed the corrected test like any other solution.
"""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crossjudge.client import Grid, Problem
from crossjudge.contracts import AssertTest, Verdict
from crossjudge.trainer.data import StatedCall, TrainingProblem

_BEFORE, _AFTER = "AssertionError: <", "> (test.py line 1: "


@dataclass(frozen=True)
class Corrected:
    """What became of a written test. `test` is None where the reference raises, or gives what cannot be stated;
    `is_known` is False where the reference was not judged."""

    test: str | None
    is_right: bool = False
    is_known: bool = True


UNKNOWN = Corrected(None, is_known=False)


@dataclass(frozen=True)
class Question:
    """What the reference is asked about a problem's tests: each as it was written, then each call's value."""

    problem: TrainingProblem
    reference: str
    stated: tuple[StatedCall, ...]
    calls: tuple[str, ...]

    @staticmethod
    def of(problem: TrainingProblem, reference: str, written: Iterable[StatedCall]) -> "Question":
        stated = tuple(dict.fromkeys(written))
        return Question(problem, reference, stated, tuple(dict.fromkeys(each.call for each in stated)))

    def asked(self) -> Problem:
        """For the verifier, which must say its messages. There must be a test."""
        probes = [AssertTest(code=f"raise AssertionError('<' + repr({call}) + '>')") for call in self.calls]
        return Problem(
            id=self.problem.id, entry_point=self.problem.entry_point, prelude=self.problem.prelude,
            solutions=[self.reference], tests=[*(each.test for each in self.stated), *probes],
        )  # fmt: skip

    def answered(self, grid: Grid) -> Mapping[StatedCall, Corrected]:
        letters, cells = grid.verdicts[0], grid.cells
        assert cells is not None, "the messages were not asked for"
        first = len(self.stated)
        values = {call: _value(letters[first + at], cells[0][first + at].message) for at, call in enumerate(self.calls)}
        return {
            each: _corrected(each, letter, letters[first + self.calls.index(each.call)], values[each.call])
            for each, letter in zip(self.stated, letters, strict=False)
        }


def _corrected(stated: StatedCall, letter: str, probe: str, value: str | None) -> Corrected:
    is_right = letter == Verdict.PASSED
    if not is_right and not (Verdict(letter).is_scored and Verdict(probe).is_scored):
        return UNKNOWN
    if value is None:
        return Corrected(stated.test.code if is_right else None, is_right)
    return Corrected(stated.filled(value).code, is_right)


def _value(letter: str, message: str | None) -> str | None:
    """The literal in the message of a probe; None where the call raised, or gave what is none or too long."""
    text = message or ""
    if letter != Verdict.FAILED or not text.startswith(_BEFORE):
        return None
    value, found, _ = text.removeprefix(_BEFORE).partition(_AFTER)
    return value if found and _is_literal(value) else None


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):  # TypeError: a set of lists, say
        return False
    return True

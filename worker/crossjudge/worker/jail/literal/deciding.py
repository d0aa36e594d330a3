"""What follows from the answers: a plan's conditions computed over plain data, one answer after the other.

Python's own operators over Python's own types, so that a cell ends as one interpreter would have ended it: conditions
in order, operands in order, nothing asked for that one interpreter would not have evaluated. Pure: no process, no I/O.
"""

import sys
from collections.abc import Callable, Generator
from typing import Any

from . import constants, functions, plain
from .functions import Undecidable

_MAX_SHOWN = 120
_RAISED_BY_PROGRAMS = (TypeError, LookupError, ZeroDivisionError)
_Terms = list[Any]
_Asking = Generator[int, Any, Any]


class _CheckFailed(Exception):
    """A condition does not hold."""


class _ConditionRaised(Exception):
    """A condition cannot be computed, as in `None < 3`; says what Python says."""


class Decision:
    """One cell's way through a plan.

    `said` is None until the end is reached, then `passed`, `failed`, `error` or `undecidable`.
    """

    def __init__(self, plan: dict[str, Any], text: str) -> None:
        self.said: str | None = None
        self.message: str | None = None
        self._text = text
        self._decoder = plain.Decoder()
        self._literals = plain.Decoder(most_hashed=sys.maxsize)  # the plan is of our own making
        self._answers = 0
        self._compared: tuple[Any, ...] | None = None
        self._is_comparison = False
        self._seen: list[Any] = []
        self._line = 0
        self._way = self._through(plan["steps"])

    def begin(self) -> int | None:
        """The first piece that is needed; None where it is decided without one."""
        return self._go_on(None)

    def answer(self, tagged: Any) -> int | None:
        """Take the value of the piece that was asked for; the next piece that is needed, None at the end."""
        try:
            value = self._decoder.decode(tagged)
        except plain.NotPlain:
            self.end("undecidable")
            return None
        except plain.Malformed as error:
            self.end("error", f"what the solution's process answered is not a value: {error}")
            return None
        self._answers += 1
        self._seen.append(value)
        return self._go_on(value)

    def end(self, said: str, message: str | None = None) -> None:
        """It is decided; or, where it comes from outside, it will not be."""
        self.said, self.message = said, message

    def place(self, line: int) -> str:
        """A line of the test, as messages give it."""
        lines = self._text.splitlines()
        source = lines[line - 1].strip()[:_MAX_SHOWN] if 0 < line <= len(lines) else ""
        return f" (test.py line {line}: {source})" if source else f" (test.py line {line})"

    def _go_on(self, value: Any) -> int | None:
        try:
            return self._way.send(value)
        except StopIteration:
            self.end("passed")
            return None
        except Undecidable:
            self.end("undecidable")
            return None
        except _CheckFailed as error:
            self.end("failed", f"{error}{self.place(self._line)}")
            return None
        except _ConditionRaised as error:
            self.end("error", f"{error}{self.place(self._line)}")
            return None

    def _through(self, steps: list[Any]) -> _Asking:
        for step in steps:
            if step[0] == "run":
                yield step[1]
            else:
                yield from self._check(*step[1:])

    def _check(self, line: int, condition: _Terms, message: _Terms | None) -> _Asking:
        self._line = line
        self._seen.clear()
        self._compared, self._is_comparison = None, condition[0] == "compare"
        if not (yield from self._value(condition)):
            words = ["AssertionError", self._difference()]
            if message is not None:  # before it is known how the test ends: it may raise something else
                words.insert(1, _short((yield from self._value(message)), str))
            raise _CheckFailed(": ".join(words))

    def _difference(self) -> str:
        if self._is_comparison and self._compared is not None and self._compared[0] == "Eq":
            _, left, right, is_flipped = self._compared
            wanted, got = (left, right) if is_flipped else (right, left)
            return f"expected {_short(wanted)}, got {_short(got)}"
        return "got " + (", ".join(map(_short, self._seen)) or "nothing")

    def _value(self, term: _Terms) -> _Asking:
        kind = term[0]
        if kind == "value":
            return self._literals.decode(term[1])
        if kind == "ask":
            return (yield term[1])
        if kind == "unknown":
            raise Undecidable
        if kind == "type":
            return functions.TYPES[term[1]]
        if kind in ("both", "either"):
            return (yield from self._joined(term[1], goes_on=kind == "both"))
        if kind == "compare":
            return (yield from self._comparison(term[1], term[2]))
        return (yield from self._operation(kind, term))

    def _operation(self, kind: str, term: _Terms) -> _Asking:
        if kind in ("tuple", "list"):
            items = yield from self._operands(term[1])
            return tuple(items) if kind == "tuple" else items
        if kind == "compute":
            left, right = yield from self._operands(term[2:])
            return _done(functions.computed, term[1], left, right)
        if kind == "call":
            args = yield from self._operands([*term[2], *term[3].values()])
            named = dict(zip(term[3], args[len(term[2]) :], strict=True))
            return _done(functions.FUNCTIONS[term[1]].run, *args[: len(term[2])], **named)
        if kind == "item":
            index = term[2]
            base, key = yield from self._operands([term[1], ["value", None] if index[0] == "slice" else index])
            return _done(functions.item, base, slice(*index[1:]) if index[0] == "slice" else key)
        value = yield from self._value(term[1])
        return _done(functions.UNARY[kind], value)

    def _operands(self, terms: list[_Terms]) -> Generator[int, Any, list[Any]]:
        values = []
        for term in terms:
            values.append(((yield from self._value(term)), self._answers))
            self._fresh(values[:-1], terms)
        return [value for value, _ in values]

    def _fresh(self, held: list[tuple[Any, int]], terms: list[_Terms]) -> None:
        """What the solution gave before may by now be changed, where it can be: then only it knows what it is."""
        for (value, answers), term in zip(held, terms, strict=False):
            if answers != self._answers and term[0] != "value" and not constants.is_immutable(value):
                raise Undecidable

    def _joined(self, terms: list[_Terms], goes_on: bool) -> _Asking:
        value = None
        for term in terms:
            value = yield from self._value(term)
            if bool(value) is not goes_on:
                break
        return value

    def _comparison(self, first: _Terms, rest: list[Any]) -> _Asking:
        term, left = first, (yield from self._value(first))
        answers = self._answers
        holds: Any = True
        for operation, operand in rest:
            right = yield from self._value(operand)
            self._fresh([(left, answers)], [term])
            holds = _done(functions.COMPARISONS[operation], left, right)
            self._compared = (operation, left, right, term[0] == "value")
            if not holds:
                break
            term, left, answers = operand, right, self._answers
        return holds


def _done(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
    try:
        return function(*args, **named)
    except _RAISED_BY_PROGRAMS as error:
        raise _ConditionRaised(f"{type(error).__name__}: {error}") from error
    except (ValueError, ArithmeticError, RecursionError, MemoryError) as error:  # limits that a program may have moved
        raise Undecidable from error


def _short(value: Any, show: Callable[[Any], str] = repr) -> str:
    try:
        text = show(value)
    except (RecursionError, ValueError):
        text = f"a {type(value).__name__} too large to show"
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"

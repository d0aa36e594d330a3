"""What the test's process of a cell runs: the test, over mirrors of the solution's names. It writes the cell's report.

Nothing of the test is in the solution's process, and nothing of the solution's runs here.
"""

import builtins
import sys
import types
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NoReturn

from .. import asserting, pytests, shared, solution
from ..report import Report
from . import operators, streams, surroundings
from .channel import Channel
from .mirrors import Function
from .naming import Uses
from .peer import Peer

_LINK = 5
# What frameworks look for in a module's namespace by itself: a solution has no say in how a test is run.
_HOOKS = frozenset(
    [
        "load_tests",
        "setUpModule",
        "tearDownModule",
        "setup_module",
        "teardown_module",
        "setup_function",
        "teardown_function",
        "pytestmark",
        "pytest_plugins",
        "pytest_generate_tests",
        "__all__",
    ]
)


def run_assert(task: dict[str, Any], report: Report) -> None:
    """Run a test of kind `assert`."""
    asserting.run(Split(Other(report), task), task)


def run_asserts(task: dict[str, Any], report: Report) -> None:
    """Run tests of kind `assert`, one after the other, and say of each in a line how it ended."""
    other = Other(report)
    for number, code, text in task["tests"]:
        its = task | {"test": code, "test_text": text}
        with suppress(_Ended):
            asserting.run(_OneOfMany(other, its, number), its)
    report.end("returned", phase="test")


def run_pytest(task: dict[str, Any], report: Report) -> None:
    """Run a test of kind `pytest`."""
    pytests.judge(Split(Other(report), task), task)


class Other:
    """The solution's process, and what it says of itself before the first test."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.peer = Peer(Channel(_LINK), is_guarded=True, when_over=self.give_up)
        streams.serve_reading(self.peer)
        self.peer.around = surroundings.Surroundings(self.peer)
        self.home, names, self.told = self._greet()
        self.visible = [name for name in names if type(name) is str and _is_visible(name)]

    def _greet(self) -> tuple[Any, list[Any], dict[str, Any]]:
        """The solution's module, its names, and some of its functions. No process of ours answers anything else."""
        try:
            home, names, told = self.peer.ask("hello")
        except BaseException as error:
            self.give_up(f"the solution's process did not say what it has: {type(error).__name__}")
        functions = (
            {name: value for name, value in told.items() if type(value) is Function} if type(told) is dict else {}
        )
        return home, names if type(names) is list else [], functions

    def give_up(self, message: str) -> NoReturn:
        """The solution's process is gone: so the cell is over, whatever the test would make of it."""
        self.report.end("gone", message=message)


def _is_visible(name: str) -> bool:
    if not name.isidentifier() or name.startswith("__"):  # `__builtins__` would be the test's from then on
        return False
    return name not in _HOOKS and not name.startswith("pytest")


class Split:
    """A solution in the other process, as its test sees it."""

    def __init__(self, other: Other, task: dict[str, Any]) -> None:
        self._other = other
        self._report = other.report
        self._peer = other.peer
        self._visible = other.visible
        self._wants_output = task["wants_output"]
        self._entry_point = (task["entry_point"] or "").partition(".")[0]
        self._module = SolutionModule(self._peer, other.home, self._visible, Uses(task["test_text"]))
        sys.modules["solution"] = self._module
        solution.show_source(solution.SOLUTION_FILE, task["solution_text"])
        self._report.note(phase="test")
        self._names_data = False
        self._uses = 0

    def _value(self, name: str) -> Any:
        """What the solution's module holds under a name that it has told: to look it up cannot fail."""
        if name in self._other.told:
            return self._other.told[name]
        try:
            return getattr(self._module, name)
        except BaseException as error:
            self._other.give_up(f"the solution's process did not say what {name!r} is: {type(error).__name__}")

    def names(self, code: types.CodeType) -> dict[str, Any]:
        """Those names of the solution that the test's code uses: all where it has ways to find them unnamed."""
        used = set(shared.names_in(code))
        self._peer.foreseen = frozenset(used).union(_words_in(code.co_consts))
        every = not shared.REACHING.isdisjoint(used)
        wanted = [name for name in self._visible if name in used or (every and not name.lower().startswith("test"))]
        own = [name for name in wanted if name == self._entry_point or not hasattr(builtins, name)]
        # A solution's `abs` or `len` is the test's own unless it can only mean the solution's.
        found = {name: self._value(name) for name in own or (wanted if not every else ())}
        _own(self._module)["__all__"] = [  # what `from solution import *` gives
            name
            for name in self._visible
            if name in found or not (hasattr(builtins, name) or name.lower().startswith("test"))
        ]
        self._names_data = any(
            name in used and not operators.is_mirror(value) and not isinstance(value, types.ModuleType)
            for name, value in found.items()
        )
        self._uses = self._peer.uses
        return found

    def used(self, code: types.CodeType) -> bool:
        """Whether the test has asked anything of the solution, or names data of it."""
        return self._names_data or self._peer.uses > self._uses

    def said_of(self, error: BaseException) -> tuple[str, str] | None:
        """What the other process says of an exception that came about there."""
        space = operators.raw_dict(error) if operators.is_mirror(error) else error.__dict__
        if solution.WORDS not in space:
            return None
        return "memory" if isinstance(error, MemoryError) else "error", space[solution.WORDS] or type(error).__name__

    def end(self, said: str, used: bool, message: str | None = None) -> NoReturn:
        """Report how the test ended; a pass counts only where the solution's process is still there to say so."""
        shared.flush()
        if said != "passed":
            self._report.note(said=said, message=message, phase="test", used=used)
            self._peer.when_over = lambda message: self._report.end(said)
        output = self._peer.ask("bye")
        shared.flush()
        self._report.end(said, message=message, phase="test", used=used, output=output if self._wants_output else None)


class _Ended(BaseException):
    """One of many tests has ended."""


class _OneOfMany(Split):
    """As one of several tests sees it that are run one after the other."""

    def __init__(self, other: Other, task: dict[str, Any], number: int) -> None:
        super().__init__(other, task)
        self._number = number

    def end(self, said: str, used: bool, message: str | None = None) -> NoReturn:
        """Say how the test ended; where the solution's process does not answer, all is over, and this test unsaid."""
        output = self._peer.ask("bye")
        if not self._wants_output:
            output = None
        self._report.note(cell=self._number, said=said, message=message, phase="test", used=used, output=output)
        raise _Ended


_own: Any = vars(types.ModuleType)["__dict__"].__get__  # the dict of such a module itself


def _words_in(constants: Iterable[Any]) -> Iterator[str]:
    """Every text among a code's constants, those of its functions and in tuples included."""
    for each in constants:
        if isinstance(each, str):
            yield each
        elif isinstance(each, tuple | frozenset):
            yield from _words_in(each)
        elif isinstance(each, types.CodeType):
            yield from _words_in(each.co_consts)


class SolutionModule(types.ModuleType):
    """Module `solution`, whose attributes are in the other process."""

    def __init__(self, peer: Peer, home: Any, names: list[str], uses: Uses) -> None:
        super().__init__("solution")
        _own(self).update(
            {" peer": peer, " home": home, " uses": uses, "__all__": names, "__file__": solution.SOLUTION_FILE}
        )

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self.__getattr__("__doc__")

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        own = {name: value for name, value in _own(self).items() if not name.startswith(" ")}
        return own | {name: self._get(name) for name in own["__all__"]}

    def __getattr__(self, name: str) -> Any:
        value = self._get(name)
        if operators.is_class(value) and _own(self)[" uses"].is_class(name):
            _own(self)[" peer"].name_class(value)
        return value

    def _get(self, name: str) -> Any:
        return _own(self)[" peer"].ask("get", _own(self)[" home"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        _own(self)[" peer"].ask("set", _own(self)[" home"], name, value)

    def __delattr__(self, name: str) -> None:
        _own(self)[" peer"].ask("del", _own(self)[" home"], name)

    def __dir__(self) -> list[str]:
        return list(_own(self)["__all__"])

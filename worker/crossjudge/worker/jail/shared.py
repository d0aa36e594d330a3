"""The `shared` strategy: solution and test in one interpreter.

A solution that wants to can see the test here and forge what the cell reports: this is for tests that patch the
solution's internals, and for code one trusts. For `call` there is nothing to see: only the arguments are here, and the
supervisor compares what came back.
"""

import inspect
import sys
import types
from collections.abc import Iterator
from typing import Any, NoReturn

from . import asserting, solution, values
from .report import Report

_NOT_PLAIN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

# A test that uses one of these may reach the solution without naming anything in it.
REACHING = frozenset({"solution", "eval", "exec", "globals", "locals", "vars", "import_module", "__import__"})


class Shared:
    """A loaded solution as a test in the same interpreter sees it."""

    def __init__(self, task: dict[str, Any], report: Report) -> None:
        self.report = report
        module, self._recorder = load_for_test(task, report)
        self._names = visible_names(module, self._recorder)

    def names(self, code: types.CodeType) -> dict[str, Any]:
        """What the test's code finds in its namespace."""
        return self._names

    def used(self, code: types.CodeType) -> bool:
        """Whether the test has to do with the solution."""
        return uses(code, self._names)

    def said_of(self, error: BaseException) -> tuple[str, str] | None:
        """What is to be said of an exception that did not come about in this process."""
        return None

    def end(self, said: str, used: bool, message: str | None = None) -> NoReturn:
        """Report how the test ended, and end the cell."""
        flush()
        self.report.end(said, message=message, phase="test", used=used, output=digest(self._recorder))


def run_assert(task: dict[str, Any], report: Report) -> None:
    """Run the test's code to its end, over the solution's public names."""
    asserting.run(Shared(task, report), task)


def run_call(task: dict[str, Any], report: Report) -> None:
    """Call the entry point and hand back what it returned."""
    module = solution.load(task, report)
    function = solution.entry_point(module, task["entry_point"], report)
    report.note(phase="test")
    try:
        value = function(*task["args"], **task["kwargs"])
    except BaseException as error:
        flush()
        output = values.digest([["raised", type(error).__name__]]) if task["wants_output"] else None
        solution.end_with(error, report, phase="call", used=True, output=output)
    flush()
    try:
        encoded = values.encode(value, task["most_items"])
    except BaseException as error:
        solution.end_with(error, report, phase="call", used=True)
    output = values.digest([["returned", encoded]]) if task["wants_output"] else None
    report.note(said="returned", phase="test", used=True, output=output)
    report.end("returned", value=encoded)  # on a line of its own: where it is too long, what is above still counts


def load_for_test(task: dict[str, Any], report: Report) -> tuple[types.ModuleType, solution.Recorder | None]:
    """The solution's module, once it is loaded and has its entry point; and a recorder where digests are wanted."""
    module = solution.load(task, report)
    if task["entry_point"] is not None:
        solution.entry_point(module, task["entry_point"], report)
    report.note(phase="test")
    return module, solution.Recorder() if task["wants_output"] else None


def visible_names(module: types.ModuleType, recorder: solution.Recorder | None) -> dict[str, Any]:
    """What the test sees; the solution's own functions note what they give back where a recorder is there."""
    names = solution.names_for_test(module)
    if recorder is None:
        return names
    for name, value in names.items():
        is_plain = isinstance(value, types.FunctionType) and not value.__code__.co_flags & _NOT_PLAIN
        if is_plain and value.__code__.co_filename == solution.SOLUTION_FILE:
            names[name] = recorder.wrap(value)
    return names


def uses(code: types.CodeType, names: dict[str, Any]) -> bool:
    """Whether a test's code names the solution or anything public that is the solution's own, not imported by it."""
    return any(name in REACHING or (name in names and _is_own(name, names[name])) for name in names_in(code))


def _is_own(name: str, value: Any) -> bool:
    if isinstance(value, types.ModuleType):
        return False
    home = sys.modules.get(str(getattr(value, "__module__", None)))
    return home is None or home.__name__ == "solution" or getattr(home, name, None) is not value


def names_in(code: types.CodeType) -> Iterator[str]:
    """Every name that the code uses, that of its functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_in(constant)


def digest(recorder: solution.Recorder | None) -> str | None:
    """The recorder's digest, where there is a recorder."""
    return recorder.digest() if recorder else None


def flush() -> None:
    """Let what was printed reach the pipe; the cell ends without the interpreter's own clean-up."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException as error:  # a stream of the program's own, or a closed one: nothing to keep
            del error

"""The `shared` strategy: solution and test in one interpreter.

A solution that wants to can see the test here and forge what the cell reports: this is for tests that patch the
solution's internals, and for code one trusts. For `call` there is nothing to see: only the arguments are here, and the
supervisor compares what came back.
"""

import inspect
import marshal
import sys
import types
from collections.abc import Iterator
from typing import Any

from . import solution, values
from .report import Report

_NOT_PLAIN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

# A test that uses one of these may reach the solution without naming anything in it.
_REACHING = frozenset({"solution", "eval", "exec", "globals", "locals", "vars", "import_module", "__import__"})


def run_assert(task: dict[str, Any], report: Report) -> None:
    """Run the test's code to its end, over the solution's public names."""
    module, recorder = load_for_test(task, report)
    test = solution.new_module("__main__")
    names = visible_names(module, recorder)
    test.__dict__.update(names)
    code = marshal.loads(task["test"])
    used = uses(code, names)
    solution.show_source(solution.TEST_FILE, task["test_text"])
    try:
        exec(code, test.__dict__)
    except BaseException as error:
        flush()
        if (verdict := _unittest_verdict(error)) is not None:
            message = None if verdict else "unittest: not every test passed"
            said = "passed" if verdict else "failed"
            report.end(said, message=message, phase="test", used=used, output=digest(recorder))
        solution.end_with(error, report, phase="test", used=used, output=digest(recorder))
    flush()
    report.end("passed", phase="test", used=used, output=digest(recorder))


def _unittest_verdict(error: BaseException) -> bool | None:
    """Whether all passed in `unittest.main()`, which ends by exiting: the test's end and not an early one."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if (
        not isinstance(error, SystemExit)
        or trace is None
        or trace.tb_frame.f_globals.get("__name__") != "unittest.main"
    ):
        return None
    return not error.code if isinstance(error.code, int) and error.code in (0, 1) else None


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
    return any(name in _REACHING or (name in names and _is_own(name, names[name])) for name in _names_in(code))


def _is_own(name: str, value: Any) -> bool:
    if isinstance(value, types.ModuleType):
        return False
    home = sys.modules.get(str(getattr(value, "__module__", None)))
    return home is None or home.__name__ == "solution" or getattr(home, name, None) is not value


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


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

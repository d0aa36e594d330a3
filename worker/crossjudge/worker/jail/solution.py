"""Loading a solution as a module, and saying where an exception came from. Runs in a cell's process."""

import builtins
import functools
import linecache
import marshal
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

from . import noting, values
from .report import Report

SOLUTION_FILE = "solution.py"
TEST_FILE = "test.py"
PRELUDE_FILE = "prelude.py"
_OURS = (SOLUTION_FILE, TEST_FILE, PRELUDE_FILE)
_MAX_MESSAGE = 2000

WORDS = " words"
"""In the dict of an exception that came from the solution's own process: what that process says of it."""


def new_module(name: str) -> types.ModuleType:
    """An empty module, entered in `sys.modules`."""
    module = types.ModuleType(name)
    module.__dict__["__builtins__"] = builtins
    sys.modules[name] = module
    return module


def execute(task: dict[str, Any], module: types.ModuleType) -> None:
    """Run prelude and solution in the module; raises what they raise."""
    module.__file__ = SOLUTION_FILE
    show_source(SOLUTION_FILE, task["solution_text"])
    if task["prelude"]:
        exec(marshal.loads(task["prelude"]), module.__dict__)
    exec(marshal.loads(task["solution"]), module.__dict__)


def load(task: dict[str, Any], report: Report) -> types.ModuleType:
    """The solution as module `solution`; where it does not load, the cell ends here."""
    module = new_module("solution")
    try:
        execute(task, module)
    except BaseException as error:
        end_with(error, report, phase="load")
    return module


def show_source(name: str, text: str) -> None:
    """Let `inspect` and tracebacks find the lines of a source that is in no file."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


def entry_point(module: types.ModuleType, path: str, report: Report) -> Callable[..., Any]:
    """The function named by the entry point; of `Class.method`, the method of a new instance.

    The cell ends here where the solution does not define it.
    """
    found: Any = module
    try:
        for name in path.split("."):
            if isinstance(found, type) and not isinstance(found.__dict__.get(name), (staticmethod, classmethod)):
                found = found()
            found = getattr(found, name)
    except AttributeError:
        report.end("error", phase="entry", message=f"the solution does not define the entry point {path!r}")
    except BaseException as error:
        end_with(error, report, phase="entry")
    if not callable(found):
        report.end("error", phase="entry", message=f"the entry point {path!r} is not callable")
    function: Callable[..., Any] = found
    return function


def names_for_test(module: types.ModuleType) -> dict[str, Any]:
    """What a test sees of a solution: every public name, and the private ones too, since real tests name them."""
    return {name: value for name, value in module.__dict__.items() if not name.startswith("__")}


def end_with(error: BaseException, report: Report, **fields: Any) -> NoReturn:
    """End the cell with an exception: a failed check where the test raised AssertionError, an error otherwise."""
    said, message = say(error, phase=fields.get("phase"))
    report.end(said, message=message, **fields)


def say(error: BaseException, *, phase: str | None) -> tuple[str, str]:
    """How a cell ended that ended with this exception, and a message for people."""
    place, line = innermost(error)
    if isinstance(error, MemoryError):
        said = "memory"
    elif _is_failed_check(error) and place != SOLUTION_FILE and phase == "test":
        said = "failed"
    else:
        said = "error"
    return said, describe(error, place, line)


def _is_failed_check(error: BaseException) -> bool:
    """An assertion, or what `pytest.fail` and a `pytest.raises` that saw nothing raise."""
    outcomes = sys.modules.get("_pytest.outcomes")
    return isinstance(error, AssertionError) or (outcomes is not None and isinstance(error, outcomes.Failed))


def describe(error: BaseException, place: str | None, line: int | None) -> str:
    """One line: what was raised, with what words, where."""
    try:
        words = str(error)
    except BaseException:  # a __str__ of the program's own
        words = ""
    name = type(error).__name__
    if not words and isinstance(error, AssertionError):
        words = _compared(error, line) or ""
    text = f"{name}: {words}" if words else name
    if place is not None and line is not None:
        source = linecache.getline(place, line).strip()
        text += f" ({place} line {line}: {source})" if source else f" ({place} line {line})"
    return text[:_MAX_MESSAGE]


def _compared(error: BaseException, line: int | None) -> str | None:
    """What a failed assert of the test's compared."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None or line is None or trace.tb_frame.f_code.co_filename != TEST_FILE:
        return None
    return noting.words(trace.tb_frame, line)


def innermost(error: BaseException) -> tuple[str | None, int | None]:
    """File and line of the deepest frame that is the solution's, the test's or the prelude's."""
    place, line = None, None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in _OURS:
            place, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return place, line


class Recorder:
    """Keeps what the solution's functions gave back to a test, for the cell's output digest."""

    _MOST = 1000

    def __init__(self) -> None:
        self.given: list[Any] = []

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, noted."""

        def recorded(*args: Any, **kwargs: Any) -> Any:
            try:
                value = function(*args, **kwargs)
            except BaseException as error:
                self.add(["raised", type(error).__name__])
                raise
            self.add(["returned", values.encode(value)])
            return value

        functools.update_wrapper(recorded, function)
        return recorded

    def add(self, item: Any) -> None:
        if len(self.given) < self._MOST:
            self.given.append(item)

    def digest(self) -> str | None:
        """None where nothing came back."""
        return values.digest(self.given) if self.given else None

    def finish(self) -> str | None:
        """The digest of one test; what comes back next is another's."""
        digest, self.given = self.digest(), []
        return digest

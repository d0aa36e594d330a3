"""The `pytest` kind: the test's code collected and run by pytest itself, in a zygote that has it imported."""

import marshal
import os
import types
from typing import Any, NoReturn

from . import asserting, shared, solution
from .asserting import Session
from .report import Report

_ARGUMENTS = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "--noconftest", "-c", "/dev/null"]


def run(task: dict[str, Any], report: Report) -> None:
    """Solution and test in one interpreter."""
    judge(shared.Shared(task, report), task)


def judge(session: Session, task: dict[str, Any]) -> NoReturn:
    """Let pytest run the code, say the first thing that did not pass, and end the cell."""
    try:
        import pytest
    except ImportError as error:
        session.end("error", False, f"{type(error).__name__}: {error}")
    folder = os.getcwd()
    path = f"{folder}/test_solution.py"
    code = marshal.loads(task["test"])
    with open(path, "w", encoding="utf-8"):  # to be found; the code is in memory, where the solution cannot read it
        names = session.names(code)
    solution.show_source(solution.TEST_FILE, task["test_text"])
    watcher = _watcher(pytest, session, code, path, names)
    try:
        status = pytest.main([*_ARGUMENTS, f"--rootdir={folder}", path], plugins=[watcher])
    except BaseException as error:
        asserting.end_with(session, error, session.used(code))
    if watcher.ended is None and not watcher.passed:
        watcher.ended = ("error", "pytest found no test to run in the code")
    elif watcher.ended is None and status != 0:
        watcher.ended = ("error", f"pytest ended early, with status {status}")
    said, message = watcher.ended or ("passed", None)
    session.end(said, session.used(code), message)


def _watcher(pytest: Any, session: Session, code: types.CodeType, path: str, names: dict[str, Any]) -> Any:
    """A plugin that collects the code from memory, with the solution's names in it, and notes each outcome."""

    class InMemory(pytest.Module):  # type: ignore[misc]  # pytest exists only inside the jail
        def _getobj(self) -> types.ModuleType:
            test = solution.new_module("test_solution")
            test.__dict__.update(names, __file__=path)
            try:
                exec(code, test.__dict__)
            except BaseException as error:
                watcher.note("the code", error)
                raise
            return test

    class Watcher:
        def __init__(self) -> None:
            self.passed = 0
            self.ended: tuple[str, str] | None = None

        def pytest_pycollect_makemodule(self, module_path: Any, parent: Any) -> Any:
            return InMemory.from_parent(parent, path=module_path)

        @pytest.hookimpl(wrapper=True)  # type: ignore[untyped-decorator]  # as above
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
            result = yield
            self.passed += result.when == "call" and result.passed
            if result.failed and call.excinfo is not None:
                self.note(item.name, call.excinfo.value)
            elif result.skipped and self.ended is None:
                self.ended = ("error", f"{item.name} was skipped: every test has to pass")
            return result

        @pytest.hookimpl(wrapper=True)  # type: ignore[untyped-decorator]  # as above
        def pytest_make_collect_report(self, collector: Any) -> Any:
            result = yield
            if result.failed and self.ended is None:
                self.ended = ("error", f"the code could not be collected: {result.longreprtext}")
            return result

        def note(self, name: str, error: BaseException) -> None:
            if self.ended is None:
                said, message = session.said_of(error) or _say(pytest, error)
                self.ended = (said, f"{name}: {message}")

    watcher = Watcher()
    return watcher


def _say(pytest: Any, error: BaseException) -> tuple[str, str]:
    place, line = solution.innermost(error)
    if isinstance(error, MemoryError):
        said = "memory"
    elif isinstance(error, (AssertionError, pytest.fail.Exception)) and place != solution.SOLUTION_FILE:
        said = "failed"
    else:
        said = "error"
    return said, solution.describe(error, place, line)

"""The `pytest` kind: the test's code collected and run by pytest itself, in a zygote that has it imported."""

import marshal
import os
import types
from typing import Any

from . import shared, solution
from .report import Report

_ARGUMENTS = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-c", "/dev/null"]


def run(task: dict[str, Any], report: Report) -> None:
    """Load the solution, let pytest run the code, report the first thing that did not pass."""
    try:
        import pytest
    except ImportError as error:
        solution.end_with(error, report, phase="test")
    folder = os.getcwd()
    path = f"{folder}/test_solution.py"
    module, recorder = shared.load_for_test(task, report)
    names = shared.visible_names(module, recorder)
    code = marshal.loads(task["test"])
    with open(path, "w", encoding="utf-8") as file:
        file.write(task["test_text"])
    solution.show_source(solution.TEST_FILE, task["test_text"])
    watcher = _watcher(pytest, code, path, names)
    used = shared.uses(code, names)
    status = None
    try:
        status = pytest.main([*_ARGUMENTS, f"--rootdir={folder}", path], plugins=[watcher])
    except BaseException as error:
        solution.end_with(error, report, phase="test", used=used)
    shared.flush()
    if watcher.ended is None and not watcher.passed:
        watcher.ended = ("error", "pytest found no test to run in the code")
    elif watcher.ended is None and status != 0:
        watcher.ended = ("error", f"pytest ended early, with status {status}")
    said, message = watcher.ended or ("passed", None)
    report.end(said, message=message, phase="test", used=used, output=shared.digest(recorder))


def _watcher(pytest: Any, code: types.CodeType, path: str, names: dict[str, Any]) -> Any:
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
                place, line = solution.innermost(error)
                self.ended = (_said(pytest, error), f"{name}: {solution.describe(error, place, line)}")

    watcher = Watcher()
    return watcher


def _said(pytest: Any, error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "memory"
    place, _ = solution.innermost(error)
    is_check = isinstance(error, (AssertionError, pytest.fail.Exception)) and place != solution.SOLUTION_FILE
    return "failed" if is_check else "error"

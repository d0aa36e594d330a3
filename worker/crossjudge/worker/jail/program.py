"""The `stdio` kind: the solution run as a program. What counts, its exit status and output, is seen from outside."""

import atexit
import gc
import os
import sys
import threading
import traceback
from typing import Any

from . import shared, solution
from .report import Report


def run(task: dict[str, Any], report: Report) -> None:
    """Run the solution as `__main__`, then end as an interpreter would: threads, exit handlers, flush, status."""
    report.note(phase="test")
    status = 0
    module = solution.new_module("__main__")
    try:
        solution.execute(task, module)
    except SystemExit as error:
        status = _exit_status(error)
    except BaseException as error:
        status = 1
        message = solution.describe(error, *solution.innermost(error))
        report.note(said="memory" if isinstance(error, MemoryError) else "error", message=message)
        traceback.print_exception(error)
    threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter does first when a program ends
    atexit._run_exitfuncs()
    module.__dict__.clear()  # files that the program left open are closed, and so written
    gc.collect()
    shared.flush()
    os._exit(status)


def _exit_status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1

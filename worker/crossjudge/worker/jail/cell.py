"""What a fork of the keeper becomes: it gives up every right, then runs untrusted code.

A cell process starts with `DESCRIPTORS` descriptors, put at 0 to 5: its input, its output, its errors, its task (a file
with a marshalled dict), its report (a pipe to the supervisor), and a link to the cell's other member, or /dev/null.
The task's `mode` names what it does; see `shared`, `program` and `compiling`.
"""

import gc
import marshal
import os
import random
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from . import compiling, frames, kernel, program, pytests, shared
from .literal import answering
from .report import BEGAN, Report
from .split import solution_side, test_side

DESCRIPTORS = 6
_TASK, _REPORT, _LINK = 3, 4, 5
_OPEN_FILES = 256
_STACK_BYTES = 64 << 20
USER = 1000  # inside the jail, where the worker may map more than its own user

_MODES: dict[str, Callable[[dict[str, Any], Report], None]] = {
    "assert": shared.run_assert,
    "call": shared.run_call,
    "compile": compiling.run,
    "literal": answering.run,
    "literal together": answering.run_together,
    "pytest": pytests.run,
    "stdio": program.run,
    "solution of a pair": solution_side.run,
    "assert of a pair": test_side.run_assert,
    "asserts of a pair": test_side.run_asserts,
    "pytest of a pair": test_side.run_pytest,
}


def main(descriptors: list[int], limits: dict[str, Any]) -> NoReturn:
    """Become the cell; never returns."""
    report = Report(_REPORT)
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        os.setsid()
        _wire(descriptors)
        task = marshal.loads(
            frames.read_file(_TASK)
        )  # before the limits: to be too small for it is the program's fault
        os.close(_TASK)
        _give_up_rights(limits)
        _fix_chance()
        os.write(_REPORT, BEGAN)
        _MODES[task["mode"]](task, report)
    except BaseException as error:
        report.note(said="broken", message=f"{type(error).__name__}: {error}")
    finally:
        os._exit(0)


def _wire(descriptors: list[int]) -> None:
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target, inheritable=target < _TASK)
    os.closerange(_LINK + 1, 512)


def _give_up_rights(limits: dict[str, Any]) -> None:
    cpu_seconds = int(limits["cpu_seconds"] * limits.get("band", 1) * limits["drift"])
    for kind, soft, hard in (
        (resource.RLIMIT_AS, limits["address_space"], limits["address_space"]),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, cpu_seconds + 2, cpu_seconds + 3),  # the keeper is there first
        (resource.RLIMIT_FSIZE, limits["disk_mb"] << 20, limits["disk_mb"] << 20),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
        (resource.RLIMIT_NPROC, limits["processes"], limits["processes"]),
        (resource.RLIMIT_STACK, _STACK_BYTES, _STACK_BYTES),
    ):
        resource.setrlimit(kind, (soft, hard))
    if limits["user"] is not None:
        os.setresgid(USER, USER, USER)
        os.setresuid(USER, USER, USER)
    kernel.drop_capabilities()
    kernel.forbid_core_dumps()


def _fix_chance() -> None:
    """The same random numbers in every cell that does not ask for others: judged twice, judged alike."""
    random.seed(0)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(0)
    gc.enable()

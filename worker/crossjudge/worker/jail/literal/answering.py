"""The solution's process of a literal cell: evaluates piece after piece, hands back plain data.

Runs untrusted code and holds what it may see: the pieces that were due so far. A piece is evaluated in a namespace like
that of a test in one interpreter, so that names, exceptions and their lines are the same.
"""

import marshal
import math
import os
import types
from typing import Any

from .. import frames, shared, solution
from ..report import Report
from . import plain

LINK = 5
LAST, NOT_LAST = b"\1", b"\0"


def run(task: dict[str, Any], report: Report) -> None:
    """Answer until the last piece, or until the supervisor has heard enough and hangs up."""
    module, recorder = shared.load_for_test(task, report)
    names = shared.visible_names(module, recorder)
    namespace = solution.new_module("__main__").__dict__
    namespace.update(names)
    noted = _noted(module, names)
    owner, encoder, used = os.getpid(), plain.Encoder(), False
    piece: bytes | None = task["piece"]
    if _has_other_meanings(task, names):
        report.note(answer=None)
        piece = None
    while piece is not None:
        before, expression = marshal.loads(piece[1:])
        used = used or shared.uses(expression, names) or (before is not None and shared.uses(before, names))
        try:
            if before is not None:
                exec(before, namespace)
                namespace.update((name, noted[id(each)]) for name, each in [*namespace.items()] if id(each) in noted)
            value = eval(expression, namespace)
        except BaseException as error:
            shared.flush()
            solution.end_with(error, report, phase="call", used=used, output=shared.digest(recorder))
        if os.getpid() != owner:  # a fork of the program's that came back has nothing to say
            os._exit(0)
        report.note(answer=_plain(value, encoder))
        piece = None if piece.startswith(LAST) else frames.read_frame(LINK)
    shared.flush()
    report.end("returned", phase="test", used=used, output=shared.digest(recorder))


def _noted(module: types.ModuleType, names: dict[str, Any]) -> dict[int, Any]:
    """By the id of the solution's functions, those in their place that note what they give back, where there are any;

    and a module that has these, for `solution.f` and `from solution import f`.
    """
    noted = {id(value): names[name] for name, value in vars(module).items() if names.get(name, value) is not value}
    if noted:
        noted[id(module)] = _Noted(module, noted)
    return noted


class _Noted(types.ModuleType):
    def __init__(self, module: types.ModuleType, noted: dict[int, Any]) -> None:
        super().__init__(module.__name__)
        self.__dict__.update(_module=module, _noted=noted)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._module, name)
        return self._noted.get(id(value), value)


def _has_other_meanings(task: dict[str, Any], names: dict[str, Any]) -> bool:
    """Whether a name that the test's conditions use is not what it usually is."""
    return any(name in names for name in task["reserved"]) or any(
        names.get(name) is not (math if name == "math" else getattr(math, name)) for name in task["borrowed"]
    )


def _plain(value: Any, encoder: plain.Encoder) -> list[Any] | None:
    """The value in a list; None where it is no plain data."""
    try:
        return [encoder.encode(value)]
    except (plain.NotPlain, RuntimeError, MemoryError):  # changed by a thread; too deep for the program's own limit
        return None

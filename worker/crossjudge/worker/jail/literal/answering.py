"""The solution's process of literal cells: evaluates their pieces, hands back plain data.

Runs untrusted code and holds what it may see. In a cell of its own (`run`) a test's pieces are handed in one by one,
when they are due; where tests share a process (`run_together`, see `sharing`) all are there from the start. A piece is
evaluated in a namespace like that of a test in one interpreter, so that names, exceptions and their lines are the same.
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
    test = _Test(_Loaded(task, report), task)
    piece: bytes | None = task["piece"]
    if test.has_other_meanings:
        report.note(answer=None)
        piece = None
    while piece is not None:
        try:
            answer = test.answer(piece[1:])
        except BaseException as error:
            shared.flush()
            solution.end_with(error, report, phase="call", used=test.used, output=test.digest())
        report.note(answer=answer)
        piece = None if piece.startswith(LAST) else frames.read_frame(LINK)
    shared.flush()
    report.end("returned", phase="test", used=test.used, output=test.digest())


def run_together(task: dict[str, Any], report: Report) -> None:
    """Answer all pieces of all tests, a line for each test, whatever comes of them."""
    loaded = _Loaded(task, report)
    for number, its in task["tests"]:
        test = _Test(loaded, its)
        said: list[Any] = []
        for piece in its["pieces"] if not test.has_other_meanings else ():
            try:
                answer: Any = test.answer(piece)
            except BaseException as error:
                answer = solution.say(error, phase="call")
            said.append((answer, test.used, test.digest()))
        report.note(cell=number, pieces=said)
    report.end("returned", phase="test")


class _Loaded:
    """The solution, as tests see it."""

    def __init__(self, task: dict[str, Any], report: Report) -> None:
        self.module, self.recorder = shared.load_for_test(task, report)
        self.names = shared.visible_names(self.module, self.recorder)
        self.noted = _noted(self.module, self.names)


class _Test:
    """One test under way."""

    def __init__(self, loaded: _Loaded, task: dict[str, Any]) -> None:
        self.used = False
        self.has_other_meanings = _has_other_meanings(task, loaded.names)
        self._loaded = loaded
        self._encoder = plain.Encoder()
        self._owner = os.getpid()
        self._namespace = solution.new_module("__main__").__dict__
        self._namespace.update(loaded.names)
        if loaded.recorder is not None:
            loaded.recorder.given = []

    def answer(self, piece: bytes) -> list[Any] | None:
        """The value of a piece in a list, None where it is no plain data; raises what the piece raises."""
        before, expression = marshal.loads(piece)
        names, noted, space = self._loaded.names, self._loaded.noted, self._namespace
        self.used = self.used or any(shared.uses(code, names) for code in (before, expression) if code is not None)
        try:
            if before is not None:
                exec(before, space)
                space.update((name, noted[id(each)]) for name, each in [*space.items()] if id(each) in noted)
            value = eval(expression, space)
        finally:
            if os.getpid() != self._owner:  # a fork of the program's that came back has nothing to say
                os._exit(0)
        return _plain(value, self._encoder)

    def digest(self) -> str | None:
        """What the solution has given back so far, where digests are wanted."""
        return shared.digest(self._loaded.recorder)


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

"""Our own code run a few times before any process is forked to run a cell.

The interpreter learns as it runs: it fits instructions to what they meet, and remembers where methods were found. A
cell that has to learn this anew writes to pages that it shares with the process it was forked from, and each of them is
then copied. What is learned before the fork is learned once.

Nothing of a rehearsal stays: what it loads is its own small solution, and what it enters is taken out again.
"""

import linecache
import marshal
import os
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from . import shared, solution
from .literal import answering
from .report import Report
from .split import solution_side
from .split.channel import Channel
from .split.peer import Peer

_TIMES = 20  # after about as many the interpreter has nothing more to learn
_TEXT = "from typing import List\n\ndef f(xs: List[int]) -> List[int]:\n    return sorted(xs)[:4] + [3]\n"
_PIECE = "f([3, 1, -2])[-1]"


class _Over(BaseException):
    """Stands for the end of a process."""


def rehearse() -> None:
    """Load a solution, answer literal tests about it, hold a conversation about it; time and again."""
    modules, nothing = dict(sys.modules), os.open("/dev/null", os.O_RDWR)
    try:
        with _ends_raised():
            for _ in range(_TIMES):
                _answer(Report(nothing))
                _converse(Report(nothing))
    finally:
        os.close(nothing)
        linecache.cache.clear()
        for name in sys.modules.keys() - modules.keys():
            del sys.modules[name]
        sys.modules.update(modules)


@contextmanager
def _ends_raised() -> Iterator[None]:
    """In place of ending this process, raise `_Over`."""
    end = os._exit
    os._exit = _raise_over
    try:
        yield
    finally:
        os._exit = end


def _raise_over(status: Any) -> NoReturn:
    raise _Over


def _task() -> dict[str, Any]:
    code = marshal.dumps(compile(_TEXT, solution.SOLUTION_FILE, "exec"))
    return {"solution": code, "solution_text": _TEXT, "prelude": b"", "entry_point": "f", "wants_output": False}


def _answer(report: Report) -> None:
    piece = marshal.dumps((None, compile(_PIECE, solution.TEST_FILE, "eval")))
    test = {"pieces": [piece], "reserved": ["len"], "borrowed": []}
    with suppress(_Over):
        answering.run(_task() | test | {"piece": answering.LAST + piece}, report)
    with suppress(_Over):
        answering.run_together(_task() | {"tests": [(0, test), (1, test)]}, report)


def _converse(report: Report) -> None:
    """Both sides of a cell, in turns; a thread for one would leave memory in a different state each time."""
    module, _ = shared.load_for_test(_task(), report)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        there = Peer(_Theirs(theirs.fileno()), is_guarded=False, when_over=_raise_over)
        there.serving.add("hello", lambda: solution_side.greeting(module))
        here = Peer(_Ours(ours.fileno(), there), is_guarded=True, when_over=_raise_over)
        home, _, _ = here.ask("hello")
        assert here.ask("get", home, "f")([3, 1, -2]) == [-2, 1, 3, 3]


class _Ours(Channel):
    """Has the other side answer what it was asked, when an answer is waited for."""

    def __init__(self, descriptor: int, there: Peer) -> None:
        super().__init__(descriptor)
        self._there = there

    def receive(self) -> bytes:
        with suppress(_Over):
            self._there.serve()
        return super().receive()


class _Theirs(Channel):
    """Ends where there is nothing more to answer."""

    def receive(self) -> bytes:
        if not select.select([self.descriptor], [], [], 0)[0]:
            raise _Over
        return super().receive()

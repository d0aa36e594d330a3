"""Our own code run a few times before any process is forked to run a cell.

The interpreter learns as it runs: it fits instructions to what they meet, and remembers where methods were found. A
cell that has to learn this anew writes to pages that it shares with the process it was forked from, and each of them is
then copied. What is learned before the fork is learned once.

Nothing of a rehearsal stays: what it loads is its own small solution, and what it enters is taken out again.
"""

import linecache
import marshal
import os
import socket
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from . import shared, solution
from .literal import answering
from .report import Report
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
    """Both sides of a cell in this one process."""
    pairs = [socket.socketpair() for _ in range(_TIMES)]
    module, _ = shared.load_for_test(_task(), report)
    thread = threading.Thread(target=_serve, args=[module, [theirs for _, theirs in pairs]])
    thread.start()
    for ours, _ in pairs:
        peer = Peer(Channel(ours.fileno()), is_guarded=True, when_over=_raise_over)
        home, _ = peer.ask("hello")
        assert peer.ask("get", home, "f")([3, 1, -2]) == [-2, 1, 3, 3]
        ours.close()
    thread.join()


def _serve(module: types.ModuleType, links: list[socket.socket]) -> None:
    for link in links:
        peer = Peer(Channel(link.fileno()), is_guarded=False, when_over=_raise_over)
        peer.serving.add("hello", lambda: (module, list(solution.names_for_test(module))))
        with link, suppress(_Over):
            peer.serve()

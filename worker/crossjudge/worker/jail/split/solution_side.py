"""What the solution's process of a cell runs: it loads the solution, then does what the test's process asks for."""

import inspect
import types
from typing import Any

from .. import solution, values
from ..report import Report
from . import describing, operators, streams, surroundings
from .channel import Channel
from .peer import Peer

_LINK = 5
_MOST_TOLD = 8
_NOT_PLAIN = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


def run(task: dict[str, Any], report: Report) -> None:
    """Load, then serve until the test's process is gone; where the solution does not load, the cell ends here."""
    peer = Peer(Channel(_LINK), is_guarded=False)
    streams.install(peer)
    surroundings.follow(peer)
    module = solution.load(task, report)
    if task["entry_point"] is not None:
        solution.entry_point(module, task["entry_point"], report)
    report.note(phase="test")
    recorder = solution.Recorder()
    if task["wants_output"]:
        peer.serving.called = lambda function, how, value: _note(recorder, function, how, value)
    peer.serving.add("hello", lambda: greeting(module))
    peer.serving.add("bye", recorder.finish)
    surroundings.hand_on_warnings(peer)
    peer.serve()


def greeting(module: types.ModuleType) -> tuple[Any, list[str], dict[str, types.FunctionType]]:
    """The module, the names in it, and those that are functions of its own: most tests ask for one of these next."""
    found = solution.names_for_test(module)
    functions = {name: value for name, value in found.items() if type(value) is types.FunctionType}
    return describing.Unseen(module), list(found), dict(list(functions.items())[:_MOST_TOLD])


def _note(recorder: solution.Recorder, function: Any, how: str, value: Any) -> None:
    """What one of the solution's functions gave back, for the cell's output digest."""
    if not isinstance(function, types.FunctionType) or function.__code__.co_flags & _NOT_PLAIN:
        return
    if function.__code__.co_filename == solution.SOLUTION_FILE:
        shown = type(value).__name__ if how == "raised" else values.encode(_bare(value))
        recorder.add([how, shown])


def _bare(value: Any) -> Any:
    return object() if operators.is_mirror(value) and not operators.is_class(value) else value

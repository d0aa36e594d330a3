"""The two processes of a split cell, each a fork that runs its real side, and whoever stands between them."""

import contextlib
import fcntl
import json
import marshal
import os
import resource
import select
import signal
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from crossjudge.worker.jail import frames, observing
from crossjudge.worker.jail.report import Report
from crossjudge.worker.jail.split import solution_side, test_side

_LINK = 5
_CPU_SECONDS, _WALL_SECONDS = 4, 30
_SILENT_SECONDS = 2
_MEMORY_BYTES = 1 << 30
_MOST_FRAMES = 400

Between = Callable[[int, bytes], bytes | None]
"""Given the number of a frame and its body, the body to hand on; None to hang up."""


@dataclass(frozen=True)
class Ended:
    """How a member ended, and what it said."""

    report: dict[str, Any]
    signal: int | None


@dataclass(frozen=True)
class Session:
    """What became of a cell, and what the two sent before anybody changed it."""

    test: Ended
    solution: Ended
    from_test: list[bytes]
    from_solution: list[bytes]


class Member:
    """One forked side."""

    def __init__(self, run: Callable[[dict[str, Any], Report], None], task: dict[str, Any]) -> None:
        self.link, theirs = socket.socketpair()
        self._report, report = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _become(run, task, theirs.fileno(), report)
        theirs.close()
        os.close(report)

    def end(self) -> Ended:
        """Hang up, and see how it ends; it is killed where it does not."""
        self.link.close()
        with os.fdopen(self._report, "rb") as said:
            report = said.read()
        _, status = os.waitpid(self._pid, 0)
        return Ended(observing.read_report(report), os.WTERMSIG(status) if os.WIFSIGNALED(status) else None)


def _become(run: Callable[[dict[str, Any], Report], None], task: dict[str, Any], link: int, report: int) -> NoReturn:
    """Only the link and the report are left, at the places where a cell has them."""
    signal.alarm(_WALL_SECONDS)
    held = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 100) for descriptor in (link, report)]
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.closerange(3, 100)
    os.dup2(held[0], _LINK)
    own = Report(held[1])
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123  # as few steps as can be between fork and limits
        held_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held_bytes + _MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    try:
        run(task, own)
    except BaseException as error:
        own.note(said="broken", message="".join(traceback.format_exception(error))[-400:])
    finally:
        os._exit(0)


def hold_session(solution: str, test: str, to_test: Between, to_solution: Between) -> Session:
    """Run the cell with these two between solution and test."""
    task = {"wants_output": False, "entry_point": None, "prelude": b"", "solution_text": solution, "test_text": test}
    task["solution"] = marshal.dumps(compile(solution, "solution.py", "exec"))
    task["test"] = marshal.dumps(compile(test, "test.py", "exec"))
    one = Member(solution_side.run, task)
    other = Member(test_side.run_assert, task)
    sent: dict[socket.socket, list[bytes]] = {one.link: [], other.link: []}
    with contextlib.suppress(OSError):
        _relay({one.link: (other.link, to_test), other.link: (one.link, to_solution)}, sent)
    from_solution, from_test = sent[one.link], sent[other.link]
    return Session(other.end(), one.end(), from_test, from_solution)


def _relay(ways: dict[socket.socket, tuple[socket.socket, Between]], sent: dict[socket.socket, list[bytes]]) -> None:
    while sum(map(len, sent.values())) < _MOST_FRAMES:
        ready = select.select([*ways], [], [], _SILENT_SECONDS)[0]
        if not ready:  # each waits for the other: a cell's wall limit would end it
            return
        for source in ready:
            body = frames.read_frame(source.fileno())
            if body is None:
                return
            sent[source].append(body)
            target, between = ways[source]
            changed = between(len(sent[source]) - 1, body)
            if changed is None:
                return
            frames.write_frame(target.fileno(), changed)


def unchanged(number: int, body: bytes) -> bytes:
    """Nobody in between."""
    return body


def as_json(body: bytes) -> Any:
    """A message as JSON; None where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None

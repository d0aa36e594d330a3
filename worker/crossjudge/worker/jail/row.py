"""One row's keeper as the supervisor sees it: cells go in, what was observed of them comes out."""

import contextlib
import marshal
import os
import signal
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from . import frames, meters, observing, turns
from .report import BEGAN

# Compilers write nothing; the others are for programs that are proven to change nothing (see `literal.stateless`).
_CLEAN = ("compile", "literal together", "solution of a pair", "asserts of a pair")


class Zygote:
    """A channel to a process that rows are cloned from."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link

    def clone(self, *request: Any) -> tuple[int, socket.socket]:
        """Have a process cloned; its id, and our end of its channel."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._link, [marshal.dumps(request)], [theirs.fileno()])
        answer = self._link.recv(64)
        if not answer:
            raise observing.KeeperLost("the zygote ended")
        return int(answer), ours


class Row:
    """A keeper of its own for one row, ended with everything in its namespaces when the block is left."""

    def __init__(self, zygote: Zygote, limits: dict[str, Any]) -> None:
        self._zygote = zygote
        self._limits = limits
        self.is_clean = True
        """Whether no cell has run in it but such as cannot leave anything behind."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def fits(self, zygote: Zygote, limits: dict[str, Any]) -> bool:
        """Whether it was cloned from this zygote, with these limits."""
        return self._zygote is zygote and self._limits == limits

    def start(self) -> None:
        """Have a keeper."""
        self._kills = meters.Kills()
        self._pid, self._link = self._zygote.clone("keeper")
        self._link.send(marshal.dumps(self._limits))

    def end(self) -> int | None:
        """End the keeper, and all that it has started. The wait status of the keeper, where it had one left."""
        self._link.close()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):  # ended, and reaped, before
            os.kill(self._pid, signal.SIGKILL)  # from outside its namespace it is a process like any other
            return os.waitpid(self._pid, 0)[1]
        return None

    def run(
        self,
        task: dict[str, Any],
        *,
        stdin: bytes | None = None,
        report_cap: int = observing.MAX_REPORT_BYTES,
        output_cap: int = 0,
        cpu_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Run one cell of one process. With `stdin` its output is kept apart from its errors.

        Of the report `report_cap` bytes are kept, of the output what the limits say or `output_cap` if that is more.
        It is stopped after `cpu_seconds` even if the limits leave it more.

        The answer holds `stopped`, `ended`, `cpu_ns` and `wall_ns` from the keeper, and the drained `report` and
        `stdout`. Raises `KeeperLost`.
        """
        seen = self._run([task], stdin, report_cap, output_cap, cpu_seconds=cpu_seconds)
        return seen | {"report": seen["reports"][0], "ended": _ended(seen["statuses"][0])}

    def run_pair(
        self, first: dict[str, Any], second: dict[str, Any], cpu_seconds: float | None = None
    ) -> dict[str, Any]:
        """Run one cell of two processes that are linked with each other; it ends when the first one does.

        The answer is that of `run` for the first; `other` is the drained report of the second, and `other_ended` how
        that one ended, where it did so before it was killed with the cell. Raises `KeeperLost`.
        """
        seen = self._run([first, second], None, observing.MAX_REPORT_BYTES, 0, cpu_seconds=cpu_seconds)
        ours, others = (_ended(status) for status in seen["statuses"])
        return seen | {"report": seen["reports"][0], "ended": ours, "other": seen["reports"][1], "other_ended": others}

    def run_listening(
        self, task: dict[str, Any], listen: Callable[[int, int], observing.Drain], link: int
    ) -> dict[str, Any]:
        """Run one cell of one process that answers as it goes, and give it the descriptor `link` for what it is asked.

        `listen` makes the drain of its report out of the pipe's descriptor and a cap. The answer is that of `run`.
        """
        seen = self._run([task], None, observing.MAX_REPORT_BYTES, 0, listen, link)
        return seen | {"report": seen["reports"][0], "ended": _ended(seen["statuses"][0])}

    def _run(
        self,
        tasks: list[dict[str, Any]],
        stdin: bytes | None,
        report_cap: int,
        output_cap: int,
        listen: Callable[[int, int], observing.Drain] = observing.Drain,
        link: int | None = None,
        cpu_seconds: float | None = None,
    ) -> dict[str, Any]:
        self.is_clean = self.is_clean and all(task["mode"] in _CLEAN for task in tasks)
        output, output_in = _pipe()
        pipes = [_pipe() for _ in tasks]
        theirs = self._descriptors(tasks, stdin, output_in, [writing for _, writing in pipes], link)
        self._enter_room()
        try:
            socket.send_fds(self._link, [marshal.dumps((len(tasks), cpu_seconds))], theirs)
        except OSError as error:
            raise observing.KeeperLost(f"it ended ({error})") from error
        finally:
            for descriptor in set(theirs):
                os.close(descriptor)
        reports = [listen(reading, report_cap) for reading, _ in pipes]
        stdout = observing.Drain(output, max(self._limits["output_kb"] << 10, output_cap))
        started = time.monotonic_ns()
        seen = self._watch([*reports, stdout]) or self._lost_for_memory(len(tasks), started)
        turns.leave()
        if seen["stopped"] == "machine":
            raise observing.KeeperLost("this machine, or container, has run out of memory in the middle of a cell")
        if not reports[0].head.startswith(BEGAN) and seen["stopped"] is None:
            raise observing.KeeperLost(f"a cell could not be started: {bytes(reports[0].head[:500])!r}")
        if seen.pop("left_files"):
            self.end()
            self.start()
        return seen | {"reports": reports, "stdout": stdout}

    def _enter_room(self) -> None:
        if self._limits.get("band", 1.0) > 1:  # else the worker has the machine to itself for this one
            turns.enter(observing.say_alive)

    def _descriptors(
        self, tasks: list[dict[str, Any]], stdin: bytes | None, output: int, reports: list[int], link: int | None
    ) -> list[int]:
        """What each of the cell's processes starts with, in the order of `cell.DESCRIPTORS`."""
        nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        source = nothing if stdin is None else frames.memory_file(stdin)
        errors = output if stdin is None else nothing
        one = nothing if link is None else link
        links = [each.detach() for each in socket.socketpair()] if len(tasks) == 2 else [one]
        given = []
        for task, report, its_link in zip(tasks, reports, links, strict=True):
            given += [source, output, errors, frames.memory_file(marshal.dumps(task)), report, its_link]
        return given

    def _watch(self, drains: list[observing.Drain]) -> dict[str, Any] | None:
        """What the keeper saw; None where the cell has taken it along: it took so much memory that no other was left.

        Raises `KeeperLost`.
        """
        try:
            seen: dict[str, Any] = marshal.loads(observing.watch(self._link, drains))
        except observing.KeeperLost as error:
            status = self.end()  # and with it whatever still writes into the pipes
            if self._kills.why() == "memory":
                return None
            raise observing.KeeperLost(f"{error}, with wait status {status}") from error
        finally:
            for drain in drains:
                drain.finish()
        if seen["stopped"] is not None:
            self._kills.forget()
        return seen

    def _lost_for_memory(self, members: int, started: int) -> dict[str, Any]:
        """What is known of a cell where nobody is left to say it. Its keeper's namespaces are gone, and all in them."""
        meters.lift_limit()
        self.start()
        unknown = {"statuses": [None] * members, "over": None, "cpu_ns": 0, "left_files": False}
        return unknown | {"stopped": "memory", "wall_ns": time.monotonic_ns() - started}


def _pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    return reading, writing


def _ended(status: int | None) -> list[Any] | None:
    """`["exit", status]`, `["signal", number]`, or None for a process that was killed from outside."""
    if status is None:
        return None
    if os.WIFSIGNALED(status):
        return ["signal", os.WTERMSIG(status)]
    return ["exit", os.WEXITSTATUS(status)]

"""One row's keeper as the supervisor sees it: cells go in, what was observed of them comes out."""

import contextlib
import marshal
import os
import signal
import socket
from types import TracebackType
from typing import Any, Self

from . import frames, observing
from .report import BEGAN


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

    def __enter__(self) -> Self:
        self._start_keeper()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_keeper()

    def _start_keeper(self) -> None:
        self._pid, self._link = self._zygote.clone("keeper")
        self._link.send(marshal.dumps(self._limits))

    def _end_keeper(self) -> None:
        self._link.close()
        with contextlib.suppress(ProcessLookupError, ChildProcessError):  # ended, and reaped, before
            os.kill(self._pid, signal.SIGKILL)  # from outside its namespace it is a process like any other
            os.waitpid(self._pid, 0)

    def run(
        self,
        task: dict[str, Any],
        *,
        stdin: bytes | None = None,
        report_cap: int = observing.MAX_REPORT_BYTES,
        output_cap: int = 0,
    ) -> dict[str, Any]:
        """Run one cell of one process. With `stdin` its output is kept apart from its errors.

        Of the report `report_cap` bytes are kept, of the output what the limits say or `output_cap` if that is more.

        The answer holds `stopped`, `ended`, `cpu_ns` and `wall_ns` from the keeper, and the drained `report` and
        `stdout`. Raises `KeeperLost`.
        """
        report, report_in = _pipe()
        output, output_in = _pipe()
        nothing = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        source = nothing if stdin is None else frames.memory_file(stdin)
        work = frames.memory_file(marshal.dumps(task))
        errors = output_in if stdin is None else nothing
        theirs = [source, output_in, errors, work, report_in, nothing]
        try:
            socket.send_fds(self._link, [b"1"], theirs)
        except OSError as error:
            raise observing.KeeperLost(f"it ended ({error})") from error
        finally:
            for descriptor in set(theirs):
                os.close(descriptor)
        drains = [
            observing.Drain(report, report_cap),
            observing.Drain(output, max(self._limits["output_kb"] << 10, output_cap)),
        ]
        try:
            answer = observing.watch(self._link, drains)
        except observing.KeeperLost:
            self._end_keeper()  # and with it whatever still writes into the pipes
            raise
        finally:
            for drain in drains:
                drain.finish()
        seen: dict[str, Any] = marshal.loads(answer)
        if not drains[0].head.startswith(BEGAN) and seen["stopped"] is None:
            raise observing.KeeperLost(f"a cell could not be started: {drains[0].head[:500]!r}")
        if seen.pop("left_files"):
            self._end_keeper()
            self._start_keeper()
        return seen | {"ended": _ended(seen.pop("statuses")[0]), "report": drains[0], "stdout": drains[1]}


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

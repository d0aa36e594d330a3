"""The work of `verify`: reads problems, has them judged, hands results on as they come."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console

from crossjudge.contracts import BatchStatus, Problem, ProblemResult

from ._sync import Client
from .errors import CrossjudgeError
from .json_lines import BadLine, opened
from .problem_file import ProblemLine, ProblemReader, Survey
from .progress import CellCount, CellProgress
from .results_file import result_line
from .summary import Summary


class Sink(Protocol):
    """Where results go."""

    def open(self, on_earlier: Callable[[ProblemResult], None]) -> None: ...
    def write(self, result: ProblemResult) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class StandardOutput:
    """Results as lines on stdout."""

    def open(self, on_earlier: Callable[[ProblemResult], None]) -> None: ...

    def write(self, result: ProblemResult) -> None:
        sys.stdout.buffer.write(result_line(result))
        sys.stdout.buffer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Verification:
    """One run over one file. `found` is what was counted in it before; None where it can be read only once."""

    def __init__(
        self,
        client: Client,
        file: str,
        found: Survey | None,
        console: Console,
        *,
        keep: bool = False,
        batch: tuple[int, int] = (4000, 4),
    ) -> None:
        self.client = client
        self.file = file
        self.found = found
        self.summary = Summary()
        self.read_so_far = Survey() if found is None else found
        self._console = console
        self._kept: list[ProblemResult] | None = [] if keep else None
        self._cells_per_batch, self._in_flight = batch
        self._finished: set[str] = set()
        self._lines: dict[int, int] = {}  # from index in the stream to line number, of problems in flight
        self._count = CellCount()

    def earlier(self, result: ProblemResult) -> None:
        """Take note of a result of an earlier run."""
        self._finished.add(result.id)
        self._note(result, resumed=True)

    @property
    def is_over(self) -> bool:
        """True where an earlier run left nothing to do."""
        return self.found is not None and self.found.order.keys() <= self._finished

    def run(self, sink: Sink) -> None:
        """Judge what has no result yet. Raises what `Client.stream` raises."""
        started = time.monotonic()
        total = None if self.found is None else self.found.cells
        self._count = CellCount(already=self.summary.cells)
        try:
            with CellProgress(self._console, total, self._count.already) as progress:
                self._stream(sink, progress)
        finally:
            self.summary.wall_seconds = time.monotonic() - started
            self.summary.executed, self.summary.cached = self._count.executed, self._count.cached

    def kept_in_order(self) -> list[ProblemResult]:
        """The matrices, without details, in the order of the file."""
        order = self.read_so_far.order
        return sorted(self._kept or [], key=lambda result: order.get(result.id, len(order)))

    def _stream(self, sink: Sink, progress: CellProgress) -> None:
        def on_status(status: BatchStatus) -> None:
            self._count.seen(status)
            progress.update(self._count.done)

        grids = self.client.stream(
            self._problems(sink), cells_per_batch=self._cells_per_batch, in_flight=self._in_flight,
            on_refused=self._refused, on_status=on_status,
        )  # fmt: skip
        with closing(grids):
            for grid in grids:
                sink.write(grid.result)
                del self._lines[grid.index]
                self._note(grid.result)

    def _problems(self, sink: Sink) -> Iterator[Problem]:
        """What is to be sent, in the order of the file; what needs no judging is answered on the way."""
        index = 0
        with opened(self.file) as source:
            for line in ProblemReader(source):
                if self.found is None:
                    self._take_in(line)
                if isinstance(line, BadLine) or line.problem.id in self._finished:
                    continue
                if line.result is not None:
                    sink.write(line.result)
                    self._note(line.result)
                    continue
                self._lines[index] = line.number
                index += 1
                yield line.problem

    def _take_in(self, line: ProblemLine | BadLine) -> None:
        """Count a line of a file that nobody counted before."""
        self.read_so_far.add(line)
        if isinstance(line, BadLine):
            tell_bad_line(self._console, self.file, line)

    def _note(self, result: ProblemResult, *, resumed: bool = False) -> None:
        self.summary.add(result, resumed=resumed)
        if self._kept is not None:
            self._kept.append(result.model_copy(update={"outputs": None, "cells": None}))

    def _refused(self, index: int, error: CrossjudgeError) -> None:
        line, detail = self._lines.pop(index), str(error).replace(f"$.problems[{index}]", "$")
        self._console.print(f"{self.file}, line {line}: the service refused it: {detail}", markup=False)
        self.summary.refused.append({"line": line, "status": error.status, "detail": detail})


def tell_bad_line(console: Console, file: str, bad: BadLine) -> None:
    console.print(bad.told(file), markup=False)

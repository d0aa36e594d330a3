"""How far a run has come, on stderr: a bar on a terminal, a plain line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from crossjudge.contracts import BatchStatus

PLAIN_EVERY_SECONDS = 15.0


class CellCount:
    """Cells that are done: those of finished batches, and so far of those that run."""

    def __init__(self, already: int = 0) -> None:
        self.already = already
        self.executed = 0
        self.cached = 0
        self._settled = 0
        self._running: dict[str, int] = {}

    def seen(self, status: BatchStatus) -> None:
        self._running[status.id] = status.cells.done
        if status.status.is_final:
            self._settled += self._running.pop(status.id)
            self.executed += status.cells.executed
            self.cached += status.cells.cached

    @property
    def judged(self) -> int:
        """Of this run alone."""
        return self._settled + sum(self._running.values())

    @property
    def done(self) -> int:
        return self.already + self.judged


class CellProgress:
    """Shows `done` of `total` cells (None: not known) with rate and time left."""

    def __init__(self, console: Console, total: int | None, already: int = 0) -> None:
        self.console = console
        self._total = total
        self._already = already
        self._started = self._last_line = time.monotonic()
        columns: list[str | ProgressColumn] = [
            "cells",
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            _Rate(),
            "left",
            TimeRemainingColumn(),
        ]
        self._bar: Progress | None = None
        self._task = TaskID(0)
        if console.is_terminal:
            self._bar = Progress(*columns, console=console, refresh_per_second=4, speed_estimate_period=60)
            self._task = self._bar.add_task("", total=total, completed=already, count=self._count(already))

    def update(self, done: int) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=self._clamped(done), count=self._count(done))
        elif time.monotonic() - self._last_line >= PLAIN_EVERY_SECONDS:
            self._last_line = time.monotonic()
            self.console.print(self.line(done))

    def line(self, done: int) -> str:
        rate = (done - self._already) / max(time.monotonic() - self._started, 1e-9)
        left = ""
        if self._total is not None and rate > 0:
            left = f", {max(self._total - done, 0) / rate:,.0f} s left"
        return f"{self._count(done)} cells, {rate:,.0f} cells/s{left}"

    def _count(self, done: int) -> str:
        return f"{self._clamped(done):,}" + (f" of {self._total:,}" if self._total is not None else "")

    def _clamped(self, done: int) -> int:
        return done if self._total is None else min(done, self._total)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} cells/s" if task.speed else "")

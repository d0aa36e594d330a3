"""How far an evaluation is, on stderr: a bar on a terminal, a plain line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

PLAIN_EVERY_SECONDS = 15.0


class EvalProgress:
    """Problems of one phase after the other."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name, self._done, self._total = "", 0, 0
        self._last_line = time.monotonic()
        self._task: TaskID | None = None
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), "problems, left",
                TimeRemainingColumn(), console=console,
            )  # fmt: skip

    def begin(self, name: str, total: int) -> None:
        self._name, self._done, self._total = name, 0, total
        if self._bar is not None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(name, total=total)

    def advance(self, count: int) -> None:
        self._done += count
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)
        elif time.monotonic() - self._last_line >= PLAIN_EVERY_SECONDS:
            self._last_line = time.monotonic()
            self._console.print(f"{self._name}: {self._done:,} of {self._total:,} problems", markup=False)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

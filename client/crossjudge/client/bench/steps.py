"""How far the benchmark has come, on stderr: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Tell = Callable[[str], None]
"""Says what begins now."""

_PLAIN_EVERY_S = 5.0


class Steps:
    """`tell` says what begins now; the bar counts those steps that were expected."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=None)
        self._last_line = float("-inf")

    def expect(self, steps: int | None) -> None:
        """So many steps come next, or nobody knows how many."""
        self._bar.update(self._task, total=steps, completed=0)

    def tell(self, what: str) -> None:
        if self._console.is_terminal:
            self._bar.update(self._task, description=what, advance=1)
        elif time.monotonic() - self._last_line >= _PLAIN_EVERY_S:
            self._last_line = time.monotonic()
            self._console.print(what, markup=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

"""How far the base models are, on stderr: a bar each on a terminal, a plain line now and then elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from .processes import Made, Message, Trained
from .settings import Role, WorldSettings

PLAIN_EVERY_SECONDS = 15.0


class ModelProgress:
    """Hears the messages of `build`. A model has no bar before it is begun, and none at all if it was cached."""

    def __init__(self, console: Console, settings: WorldSettings) -> None:
        self._console = console
        self._settings = settings
        self._last_line: dict[Role, float] = {}
        self._bars: dict[Role, TaskID] = {}
        self._shown: Progress | None = None
        if console.is_terminal:
            self._shown = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), "steps, loss",
                TextColumn("{task.fields[loss]}"), "left", TimeRemainingColumn(), console=console,
            )  # fmt: skip

    def __call__(self, message: Message) -> None:
        if isinstance(message, Trained):
            self._trained(message)
        elif isinstance(message, Made):
            self._console.print(f"{message.role}: trained and measured")

    def _trained(self, message: Trained) -> None:
        total, loss = self._settings.steps(message.role), f"{message.loss:.3f}"
        if self._shown is not None:
            if message.role not in self._bars:
                self._bars[message.role] = self._shown.add_task(message.role, total=total, loss=loss)
            self._shown.update(self._bars[message.role], completed=message.steps, loss=loss)
        elif time.monotonic() - self._last_line.get(message.role, 0.0) >= PLAIN_EVERY_SECONDS:
            self._last_line[message.role] = time.monotonic()
            self._console.print(f"{message.role}: {message.steps} of {total} steps, loss {loss}")

    def __enter__(self) -> Self:
        if self._shown is not None:
            self._shown.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown is not None:
            self._shown.stop()

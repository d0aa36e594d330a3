"""What `crossjudge up` shows: a table for a person, or one line of JSON for a program. Knows nothing of processes."""

import json
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class Running:
    """Where everything listens, once it does."""

    url: str
    redis_url: str
    """Without its password: what is shown ends up in logs."""
    workers: int
    data: str
    sandbox: str
    pids: dict[str, int]


class Screen:
    """Standard output for what was asked for, standard error for what happens."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self._as_json = as_json
        self._quiet = quiet
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    def ready(self, running: Running) -> None:
        """Everything answers."""
        if self._as_json:
            print(json.dumps(asdict(running)), flush=True)
        elif not self._quiet:
            self._out.print(_table(running))
            self._out.print("Ctrl-C stops all of it.", style="dim")

    def note(self, text: str) -> None:
        """Something on the way, which a program or a quiet caller does not want to hear."""
        if not self._quiet and not self._as_json:
            self._err.print(escape(text), style="dim")

    def warn(self, text: str) -> None:
        """Something went wrong and is being mended."""
        self._err.print(escape(text), style="yellow")


def _table(running: Running) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    for name, value in (
        ("service", running.url),
        ("dashboard", f"{running.url}/"),
        ("API", f"{running.url}/docs"),
        ("Redis", running.redis_url),
        ("workers", f"{running.workers}, sandbox: {running.sandbox}"),
        ("data, logs", running.data),
    ):
        table.add_row(name, escape(value))
    return table

"""What `crossjudge study` does: each part measured, shown, written."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from crossjudge.client.errors import CommandError
from crossjudge.trainer.selectors import SelectorError

from .field import Progress
from .judging import judge
from .parts import Part, drift, real, simulation, theorem
from .real_data import read_labelled
from .sources import read_sources
from .tables import markdown, show

_WIDE = 200


@dataclass(frozen=True)
class Choices:
    """The options, as they were given."""

    part: str
    data: str | None
    results: Path | None
    output: Path
    url: str | None
    draws: int
    seed: int
    restart: bool
    pictures: bool
    as_json: bool


def run(choices: Choices) -> None:
    """Each part in its turn; the folder has what is finished even where a later one fails."""
    _check(choices)
    terminal = Console(stderr=True, highlight=False, soft_wrap=True)
    found: dict[str, dict[str, Any]] = {}
    if choices.part == "all" and choices.data is None:
        terminal.print("real data are left out: name a file of problems with --data", markup=False)
    try:
        for measure in _parts(choices):
            with terminal.status("") as status:
                part = measure(_teller(terminal, status.update))
            found[part.name] = part.as_json()
            saved = _write(part, found[part.name], choices)
            if not choices.as_json:
                show(part, _screen())
            terminal.print(f"{part.name}: {', '.join(str(path) for path in saved)}", markup=False)
    except SelectorError as error:
        raise CommandError(str(error)) from error
    if choices.as_json:
        typer.echo(json.dumps(found))


def _check(choices: Choices) -> None:
    """What can be seen to be wrong before minutes are spent."""
    if choices.part == "real" and choices.data is None:
        raise CommandError("`study real` needs --data FILE: problems with solutions, tests and reference_test")
    if choices.data is not None and choices.part in ("simulation", "drift", "theorem"):
        raise CommandError(f"`study {choices.part}` looks at no data: leave --data out, or study `real` or `all`")
    if choices.results is not None and choices.data is None:
        raise CommandError("--results are of a file of problems: name it with --data")
    if choices.pictures and find_spec("matplotlib") is None:
        raise CommandError("drawing needs matplotlib: pip install 'crossjudge[plot]', or add --no-pictures")
    try:
        choices.output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandError(f"cannot make the folder {choices.output}: {error.strerror or error}") from error


def _parts(choices: Choices) -> Iterator[Callable[[Progress], Part]]:
    if choices.part in ("simulation", "all"):
        yield lambda tell: simulation(choices.draws, choices.seed, tell)
    if choices.part in ("drift", "all"):
        yield lambda tell: drift(choices.draws, choices.seed, tell)
    if choices.part in ("theorem", "all"):
        yield lambda tell: theorem(choices.draws, choices.seed, tell)
    if choices.data is not None:
        file = choices.data
        sources = read_sources(file)
        folder = choices.results or choices.output / "judged"
        if choices.results is None:
            judge(file, sources, folder, choices.url, restart=choices.restart)
        problems, inventory = read_labelled(sources, folder)
        yield lambda tell: real(problems, inventory, choices.seed, tell)


def _screen() -> Console:
    """Standard output; where it is no terminal a table is as wide as it needs."""
    screen = Console(highlight=False)
    return screen if screen.is_terminal else Console(highlight=False, width=_WIDE)


def _teller(terminal: Console, update: Progress) -> Progress:
    """A line that changes on a terminal; elsewhere a line each."""
    return update if terminal.is_terminal else lambda text: terminal.print(text, markup=False)


def _write(part: Part, found: dict[str, Any], choices: Choices) -> list[Path]:
    folder = choices.output
    written = [folder / f"{part.name}.json", folder / f"{part.name}.md"]
    try:
        written[0].write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        written[1].write_text(markdown(part) + "\n", "utf-8")
        if choices.pictures:
            from .pictures import save

            written += save(part, folder)
    except OSError as error:
        raise CommandError(f"cannot write to {folder}: {error.strerror or error}") from error
    return written

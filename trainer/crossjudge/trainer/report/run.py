"""What `crossjudge report` does: reads the runs, writes the page, the pictures and the table."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crossjudge.client.errors import CommandError

from .arms import Arm, arms_of
from .history import read_history
from .summary import as_json, markdown, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE, COMPARISON = "report.html", "comparison.html"
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Choices:
    """The options, as they were given."""

    runs: Sequence[str]
    output: Path | None
    png: Path | None
    markdown: bool
    as_json: bool


def run(choices: Choices) -> None:
    """The page and the pictures, and the table where it was asked for."""
    if choices.markdown and choices.as_json:
        raise CommandError("--markdown and --json print the same figures: choose one")
    arms = read_arms(choices.runs)
    output = _output(choices, arms)
    if (output is not None or choices.png is not None) and find_spec("matplotlib") is None:
        raise CommandError("drawing needs matplotlib, which is not installed: pip install 'crossjudge[plot]'")
    if output is not None:
        _write_page(arms, output)
    if choices.png is not None:
        _save_pictures(arms, choices.png)
    if choices.as_json:
        typer.echo(json.dumps(as_json(arms), indent=1))
    elif choices.markdown:
        typer.echo(markdown(table(arms)))


def read_arms(given: Sequence[str]) -> list[Arm]:
    """The runs' folders as arms; one that is named twice counts once."""
    found: dict[Path, tuple[str | None, Path]] = {}
    for each in given:
        name, path = _named(each)
        found.setdefault(path.resolve(), (name, path))
    return arms_of([read_history(path) for _, path in found.values()], [name for name, _ in found.values()])


def _named(given: str) -> tuple[str | None, Path]:
    """`NAME=FOLDER`, or a folder alone, though there be a `=` in its name."""
    name, sign, path = given.partition("=")
    if not sign or not path or not name or Path(given).is_dir():
        return None, Path(given)
    if len(name) > _LONGEST_NAME:
        raise CommandError(f"{name[:_LONGEST_NAME]}…: the name of an arm has at most {_LONGEST_NAME} characters")
    return name, Path(path)


def _output(choices: Choices, arms: Sequence[Arm]) -> Path | None:
    """Where the page goes; None where only a table was asked for."""
    if choices.output is not None:
        return choices.output
    if choices.markdown or choices.as_json:
        return None
    return arms[0].runs[0].path / PAGE if _is_one(arms) else Path(COMPARISON)


def _is_one(arms: Sequence[Arm]) -> bool:
    return len(arms) == 1 and len(arms[0].runs) == 1


def _write_page(arms: Sequence[Arm], output: Path) -> None:
    from .comparison import of_arms
    from .run_page import of_run

    text = of_run(arms[0]) if _is_one(arms) else of_arms(arms)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror or error}; name another --output") from error
    typer.echo(f"Page: {output}", err=True)


def _save_pictures(arms: Sequence[Arm], folder: Path) -> None:
    from crossjudge.trainer.picture_frame import save_small

    try:
        folder.mkdir(parents=True, exist_ok=True)
        saved = [save_small(figure, folder / f"{name}.png") for name, figure in _figures(arms)]
    except OSError as error:
        raise CommandError(f"cannot write to {folder}: {error.strerror or error}; name another --png") from error
    typer.echo(f"Pictures: {len(saved)} in {folder}", err=True)


def _figures(arms: Sequence[Arm]) -> "Iterator[tuple[str, Figure]]":
    """Each chart of the page with the name of its file."""
    from . import timing
    from .comparison import charts_of_arms
    from .drawing import figure_of
    from .run_page import charts_of_run

    is_one = _is_one(arms)
    named: Counter[str] = Counter()
    for _, chart in charts_of_run(arms[0]) if is_one else charts_of_arms(arms):
        named[chart.file_name] += 1
        again = named[chart.file_name]
        yield (
            f"{chart.file_name}-{again}" if again > 1 else chart.file_name,
            figure_of(chart, has_legend=True, has_title=True),
        )
    found = timing.timing_of(arms[0].runs[0]) if is_one else None
    if found is not None:
        yield "time", timing.figure_of(found, has_title=True)

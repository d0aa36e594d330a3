"""The command `crossjudge report`: its options. Imports next to nothing, for the command line imports it."""

from pathlib import Path
from typing import Annotated

import typer

from crossjudge.client.errors import CommandError


def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN", help="Folders of runs; NAME=FOLDER names an arm.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", dir_okay=False, help="The page.",
            show_default="report.html in the run's folder; comparison.html here for several",
        ),
    ] = None,
    png: Annotated[
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="Save each chart as a PNG there.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the table of first, best and last.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print its figures as one JSON object.")] = False,
) -> None:  # fmt: skip
    """Show what a training run did, as one page; of several runs, compare them.

    Runs that differ in their seed alone are one arm: their mean, and its standard error. With --markdown or --json a
    page is only written where --output names it.
    """
    try:
        from .run import Choices, run
    except ModuleNotFoundError as error:
        what = f"reading a run's configuration needs {error.name}, which is not installed"
        raise CommandError(f"{what}: pip install 'crossjudge[trainer]'") from error

    run(Choices(runs, output, png, markdown, as_json))

"""The command `crossjudge study`: its options. Imports next to nothing, for the command line imports it."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Chosen = Literal["simulation", "drift", "theorem", "real", "all"]


def study(
    part: Annotated[
        Chosen, typer.Argument(metavar="[simulation|drift|theorem|real|all]", help="What to measure.")
    ] = "all",
    data: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="JSON lines of problems with reference_test and reference_solution."),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of finished results of that file; nothing is judged then."),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", file_okay=False, help="Folder for figures and pictures.")
    ] = Path("study"),
    url: Annotated[str | None, typer.Option(help="The service. [CROSSJUDGE_URL, else http://127.0.0.1:8000]")] = None,
    draws: Annotated[int, typer.Option(min=1, max=100_000, help="Simulated problems of B4's world.")] = 5000,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is left to chance.")] = 0,
    restart: Annotated[bool, typer.Option("--restart", help="Judge anew what an earlier run has judged.")] = False,
    pictures: Annotated[bool, typer.Option(help="Draw pictures.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as one JSON object on stdout.")] = False,
) -> None:
    """Measure every selector where the truth is known: in simulated worlds, and on real model output.

    `theorem` holds UCoder's bound on the largest cluster against simulation.

    `real` takes a file of problems, whose solutions a model wrote and whose truth the reference test tells. A service
    judges it, once; what it judged stays in the output folder.
    """
    from .run import Choices, run

    run(Choices(part, data, results, output, url, draws, seed, restart, pictures, as_json))

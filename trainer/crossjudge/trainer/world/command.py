"""The command `crossjudge world`: its options. Imports next to nothing, for the command line imports it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console


def world(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", file_okay=False, help="Folder to fill.", show_default="worlds/NAME")
    ] = None,
    hard: Annotated[
        bool, typer.Option("--hard", help="On some tasks the base models are wrong more often than right.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another seed makes another split and other models.")] = 0,
    empty_lists: Annotated[
        bool, typer.Option("--empty-lists", help="The base tester also writes empty lists, which invites collapse.")
    ] = False,
    models: Annotated[
        str, typer.Option(metavar="NAME,…", help="Also shared, white_box_tester, white_box_shared, problems.")
    ] = "coder,tester",
    anew: Annotated[
        bool, typer.Option("--anew", help="Train them, though they come with crossjudge or are in the cache.")
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Models trained at the same time.", show_default="one a core")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            file_okay=False, help="Where models are kept once made.", show_default="~/.cache/crossjudge/worlds"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print world.json instead of a summary.")] = False,
) -> None:
    """Make a small world for the trainer: problems, and base models from nothing, on a CPU.

    The coder and tester of the easy world come with crossjudge; others take minutes to train, the first time.
    """
    import json

    from rich.console import Console

    from crossjudge.client.signals import signals_end_us

    from .build import build
    from .progress import ModelProgress
    from .settings import WorldSettings

    settings = WorldSettings(name="hard" if hard else "easy", seed=seed, shortest_list=0 if empty_lists else 2)
    roles = _roles(models)
    folder = out or Path("worlds") / settings.name
    with signals_end_us(), ModelProgress(Console(stderr=True, highlight=False), settings) as progress:
        made = build(folder, settings, roles=roles, cache=cache, anew=anew, at_once=jobs, told=progress)
    if as_json:
        typer.echo(json.dumps(made, indent=2))
    else:
        _summarise(made, folder, Console(highlight=False))


def _roles(text: str) -> "list[Any]":
    from crossjudge.client.errors import CommandError

    from .settings import PLAYS

    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in PLAYS]
    if unknown or not names:
        raise CommandError(f"--models {text}: choose from {', '.join(PLAYS)}")
    return names


def _summarise(made: dict[str, Any], folder: Path, console: "Console") -> None:
    from rich.table import Table

    table = Table("model", "figure on held-out tasks, temperature 1", "", box=None)
    for role, model in made["models"].items():
        for name, value in model["figures"].items():
            table.add_row(role, name, f"{value:.3f}")
    console.print(table)
    console.print(f"The {made['world']} world: {folder}", soft_wrap=True)

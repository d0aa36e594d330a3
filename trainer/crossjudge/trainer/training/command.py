"""`crossjudge train RECIPE`: a recipe from its configuration to its end."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from crossjudge.client.errors import CommandError
from crossjudge.trainer.data import DataError
from crossjudge.trainer.recipes.registry import RECIPES, config_of, recipe_of
from crossjudge.trainer.rewards import RewardError
from crossjudge.trainer.selectors import SelectorError

from .config import load_config
from .judging import client_of


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help=f"{', '.join(RECIPES)}, or a package of your own.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[CONFIG.yaml] [key=value ...]", help="The file, then what differs.")
    ] = None,
    resume: Annotated[str, typer.Option(help="auto, never, or the step of a checkpoint.")] = "auto",
    show: Annotated[bool, typer.Option("--show", help="Print the resolved configuration and stop.")] = False,
) -> None:
    """Train a coder and a tester from what the verifier says of them.

    The run's folder (`output_dir`) holds config.yaml, metrics.jsonl, samples.jsonl and checkpoints. The same command
    goes on where a run was stopped.
    """
    given = list(arguments or [])
    file = Path(given.pop(0)) if given and "=" not in given[0] else None
    config = load_config(config_of(recipe), file, given)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if show:
        typer.echo(config.model_dump_json(indent=2))
        return
    try:
        module = recipe_of(recipe)  # torch and transformers take seconds to import
    except ModuleNotFoundError as error:
        what = f"training needs {error.name}, which is not installed"
        raise CommandError(f"{what}: pip install 'crossjudge[trainer]'") from error

    with client_of(config.verifier, config.output_dir.absolute().name) as client:
        try:
            module.train(config, client, console, resume)
        except (DataError, SelectorError, RewardError) as error:
            raise CommandError(str(error)) from error

"""UCoder's ablation of the selection in the small world: the same samples, five ways to choose what is learnt.

Each seed samples and judges once, with `consensus`; the other rules start from those files and differ in what they
select. Needs a verifier that is up and a world with a maker of problems (docs/ucoder.md). Twenty minutes of two cores.

    python benchmarks/ucoder_selection.py recipes/ucoder-world.yaml --out runs/ucoder-selection -o result.json
"""

import json
import shutil
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossjudge.client import Client
from crossjudge.trainer.recipes.ucoder.config import UCoderConfig
from crossjudge.trainer.training.config import load_config

RULES = ("consensus", "random", "output_hash", "low_perplexity", "success_rate")
SHARED = 6
"""Stages before the selection."""
FIGURES = ("selection/kept", "selection/precision", "eval/pass@1", "eval/pass@4")


def main(
    recipe: Annotated[Path, typer.Argument(help="A configuration of UCoder.")],
    overrides: Annotated[list[str] | None, typer.Argument(metavar="[key=value ...]")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the runs.")] = Path("runs/ucoder-selection"),
    seeds: Annotated[int, typer.Option(min=1)] = 3,
    output: Annotated[Path | None, typer.Option("-o", help="JSON with every figure.")] = None,
) -> None:
    found: dict[str, list[dict[str, Any]]] = {rule: [] for rule in RULES}
    for seed in range(seeds):
        for rule in RULES:
            given = [*(overrides or []), "iterations=1", f"seed={seed}", f"selection.name={rule}"]
            config = load_config(UCoderConfig, recipe, [*given, f"output_dir={out / f'{rule}-{seed}'}"])
            _start_from(out / f"{RULES[0]}-{seed}", config.output_dir)
            found[rule].append(_run(config))
            if output is not None:
                output.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    _show(found)


def _start_from(first: Path, run: Path) -> None:
    """The stages before the selection, from the run that went through them."""
    place = run / "iteration-1"
    if run == first or place.exists():
        return
    place.mkdir(parents=True)
    for stage in range(1, SHARED + 1):
        for file in (first / "iteration-1").glob(f"{stage}-*.jsonl"):
            shutil.copy(file, place)


def _run(config: UCoderConfig) -> dict[str, Any]:
    """What was selected, and how good the model is after its iteration; `before` is its pass@1 before."""
    from crossjudge.trainer.recipes.ucoder.recipe import train

    with Client(config.verifier.url, run=config.output_dir.name, limits=config.verifier.limits) as client:
        train(config, client, Console(stderr=True))
    before, after = (json.loads(line) for line in (config.output_dir / "metrics.jsonl").read_text().splitlines())
    kept = {name: value for name, value in after.items() if name.startswith(("selection/", "eval/"))}
    return {"seed": config.seed, "before": before["eval/pass@1"], **kept}


def _show(found: dict[str, list[dict[str, Any]]]) -> None:
    table = Table("rule", *FIGURES)
    for rule, runs in found.items():
        table.add_row(rule, *(_spread([run[name] for run in runs if name in run]) for name in FIGURES))
    Console().print(table)


def _spread(values: list[float]) -> str:
    """The mean, and in brackets the least and the most."""
    return f"{fmean(values):.3f} ({min(values):.3f} to {max(values):.3f})" if values else "–"


if __name__ == "__main__":
    typer.run(main)

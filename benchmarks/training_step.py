"""Where does a step of ZeroCoder go? The world's recipe on this machine: sample, verify, select, reward, update.

    python benchmarks/training_step.py WORLD [--steps N] [--json FILE] [--chart FILE.png]

WORLD is a folder that `crossjudge world` made. Every way of running the recipe (so many parts a step, with and without
`diagnose`) takes a step in turn on the same problems, so that whatever else the machine does is in all of them; each
has models and random numbers of its own, so that none is answered from what another has asked. `verify` is what a step
waits for; how long the verifier was at it, most of it while the next part was sampled, is `judging`.

The goal is that no more than 40 % of a step waits for about 1,500 cells.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}  # read when torch is imported

import torch
import typer
from rich.console import Console
from rich.table import Table

from crossjudge.client import Client, Grid, Problem
from crossjudge.client.bench.machine import where
from crossjudge.client.stack import Stack
from crossjudge.contracts import Detail
from crossjudge.trainer.data import TrainingProblem, read_problems
from crossjudge.trainer.picture_frame import BLUE, GREEN, ORANGE, PINK, new_figure, plain
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.recipes.zerocoder.recipe import Rules, ZeroCoder
from crossjudge.trainer.training.cast import cast_of
from crossjudge.trainer.training.judging import OUTPUTS, Judge
from crossjudge.trainer.training.run import parts_of
from world_recipe import cpu_seconds, recipe_of

WAYS = [(diagnose, parts) for diagnose in (False, True) for parts in (1, 2, 4)]
GOAL = 0.4
PARTS = ("sample", "verify", "select", "reward", "update")
SHOWN = (("sample", BLUE), ("verify", ORANGE), ("select and reward", PINK), ("update", GREEN))


@dataclass(frozen=True)
class WatchedJudge(Judge):
    """A judge that notes what it was asked and how long that took."""

    asked: list[tuple[int, float]] = field(default_factory=list)
    """Cells and seconds of each call."""

    def _own(self, problems: Sequence[Problem], detail: Sequence[Detail] = OUTPUTS) -> dict[int, Grid]:
        started = time.perf_counter()
        found = super()._own(problems, detail)
        cells = sum(len(problem.solutions) * len(problem.tests) for problem in problems)
        self.asked.append((cells, time.perf_counter() - started))
        return found


@dataclass(frozen=True)
class Way:
    """One way of running the recipe, with models of its own."""

    diagnose: bool
    parts: int
    recipe: ZeroCoder
    judge: WatchedJudge
    steps: list[dict[str, float]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.parts} part{'s' if self.parts > 1 else ''}{', diagnose' if self.diagnose else ''}"

    @staticmethod
    def of(world: Path, url: str, number: int, diagnose: bool, parts: int) -> "Way":
        config = recipe_of(
            ZeroCoderConfig, world, f"seed={number}", f"diagnose={diagnose}", f"parts_per_step={parts}"
        )  # fmt: skip
        client = Client(url, run=f"way-{number}", limits=config.verifier.limits, isolation=config.verifier.isolation)
        judge = WatchedJudge(client, config.verifier.patience_seconds, print)
        return Way(diagnose, parts, Rules.of(config).recipe(config, cast_of(config), judge), judge)

    def step(self, number: int, problems: Sequence[TrainingProblem], stack: Stack) -> None:
        """Take a step; what it took goes to `steps`."""
        self.judge.asked.clear()
        before = time.process_time(), cpu_seconds(stack)
        metrics = self.recipe.step(number, problems).metrics
        took = {part: metrics[f"time/{part}"] for part in PARTS}
        self.steps.append(took | {
            "step": metrics["time/step"],
            "cells": float(sum(cells for cells, _ in self.judge.asked)),
            "judging": sum(seconds for _, seconds in self.judge.asked),
            "trainer_cpu": time.process_time() - before[0],
            "verifier_cpu": cpu_seconds(stack) - before[1],
        })  # fmt: skip

    def figures(self) -> dict[str, Any]:
        """Medians over the steps but the first, in which everything warms up."""
        counted = self.steps[1:]
        medians = {name: round(statistics.median(step[name] for step in counted), 3) for name in counted[0]}
        waited = statistics.median(step["verify"] / step["step"] for step in counted)
        steps = [{name: round(value, 3) for name, value in step.items()} for step in counted]
        return {"way": self.name, "parts": self.parts, "diagnose": self.diagnose, **medians,
                "waited_share": round(waited, 3), "steps": steps}  # fmt: skip


def measured(world: Path, steps: int, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """The figures of each way."""
    with TemporaryDirectory() as folder, Stack(Path(folder)) as stack:
        ways = [Way.of(world, stack.url, number, *way) for number, way in enumerate(WAYS)]
        config = ways[0].recipe.config
        problems = list(
            parts_of(read_problems(config.problems).problems[: (steps + 1) * config.problems_per_step], steps + 1)
        )
        for number, those_of_step in enumerate(problems):
            for way in ways:
                way.step(number, those_of_step, stack)
            tell(f"step {number} of {steps}: " + ", ".join(f"{way.steps[-1]['step']:.1f}" for way in ways) + " s")
        for way in ways:
            way.judge.client.close()
        return [way.figures() for way in ways]


def draw(found: dict[str, Any], path: Path) -> None:
    """A bar for each way: its median step, part by part."""
    ways = found["ways"][::-1]
    figure = new_figure(9.0, 1.5 + 0.42 * len(ways))
    axes = figure.subplots()
    lefts = [0.0] * len(ways)
    for label, colour in SHOWN:
        widths = [sum(way[part] for part in label.split(" and ")) for way in ways]
        axes.barh(range(len(ways)), widths, left=lefts, color=colour, height=0.66, label=label, edgecolor="white")
        lefts = [left + width for left, width in zip(lefts, widths, strict=True)]
    for at, (way, end) in enumerate(zip(ways, lefts, strict=True)):
        said = f"  {way['cells']:,.0f} cells; {way['waited_share']:.0%} of the step waits for them"
        axes.text(end, at, said, va="center", fontsize=8)
    axes.set_xlim(0, max(lefts) * 1.55)
    axes.set_yticks(range(len(ways)), [way["way"] for way in ways], fontsize=8)
    axes.set_xlabel("seconds (median)", fontsize=8)
    machine = found["machine"]
    plain(axes, f"A step of the world's recipe: {machine['cores']} cores, load {found['load']:.1f}")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    figure.savefig(path, dpi=130)


def show(ways: Sequence[dict[str, Any]]) -> None:
    columns = [*PARTS, "step", "cells", "judging", "trainer_cpu", "verifier_cpu", "waited_share"]
    table = Table("way", *columns, title=f"seconds of a step; goal: {GOAL:.0%} waited at most")
    for way in ways:
        table.add_row(way["way"], *(f"{way[name]:,.2f}" for name in columns))
    Console(stderr=True, width=150).print(table)


def main(
    world: Annotated[Path, typer.Argument(help="A folder that `crossjudge world` made.", exists=True)],
    steps: Annotated[int, typer.Option(min=1, help="Steps that are counted, each way.")] = 10,
    json_file: Annotated[Path | None, typer.Option("--json", help="Keep the figures here.")] = None,
    chart: Annotated[Path | None, typer.Option(help="Draw them here.")] = None,
) -> None:
    """Measure, and print a table."""
    torch.set_num_threads(1)
    console = Console(stderr=True, highlight=False)
    machine = where()
    ways = measured(world, steps, console.print)
    found = {"machine": machine, "load": round(os.getloadavg()[2], 2), "torch": torch.__version__, "steps": steps,
             "goal": GOAL, "ways": ways}  # fmt: skip
    show(ways)
    text = json.dumps(found, indent=1) + "\n"
    if json_file is not None:
        json_file.write_text(text, "utf-8")
    if chart is not None:
        draw(found, chart)
    sys.stdout.write(text)


if __name__ == "__main__":
    typer.run(main)

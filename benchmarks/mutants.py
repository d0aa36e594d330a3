"""Mutants of published reference solutions: how fast they are made, how many are live, and what the tests make of them.

Starts a stack of its own and judges each solution and its mutants against the solution's own tests.

    python benchmarks/mutants.py ../shared/data/humaneval_reference.jsonl.gz --most 20
"""

import gzip
import json
import time
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import typer
from rich import print_json

from crossjudge.client import Client, Grid, Problem
from crossjudge.client.bench.machine import where
from crossjudge.client.stack import Stack
from crossjudge.trainer.mutation import Kills, Mutant, Suspects, judge_kills, mutants


def right(row: dict[str, Any]) -> str:
    """The reference solution; the first where none is named so."""
    return str(row.get("reference_solution") or row["solutions"][0])


def made_of(rows: Sequence[dict[str, Any]], most: int) -> tuple[list[list[Mutant]], dict[str, Any]]:
    """The mutants of each row's right solution, and how long it took to make them."""
    started = time.process_time()
    made = [mutants(right(row), most) for row in rows]
    seconds = time.process_time() - started
    total = sum(map(len, made))
    return made, {
        "sources": len(rows),
        "mutants": total,
        "mutants_per_source": round(total / len(rows), 1),
        "mutants_per_cpu_second": round(total / seconds),
        "sources_without": sum(not each for each in made),
    }


class Counting:
    """A judge that counts the verdicts of the grids it passes on."""

    def __init__(self, judge: Client) -> None:
        self._judge = judge
        self.letters = Counter[str]()

    def stream(self, problems: Iterable[Problem], *, detail: Any = None) -> Generator[Grid]:
        for grid in self._judge.stream(problems, detail=detail):
            self.letters.update("".join(grid.verdicts[1:]))
            yield grid


def judged(
    rows: Sequence[dict[str, Any]], made: Sequence[Sequence[Mutant]], url: str, cpu_s: float
) -> tuple[list[Kills], Counter[str]]:
    """The kills of each row, and the verdicts on all mutants."""
    suspects = [
        Suspects(right(row), [mutant.source for mutant in found], row["tests"], row.get("entry_point"))
        for row, found in zip(rows, made, strict=True)
    ]
    with Client(url, run="mutants", limits={"cpu_seconds": cpu_s, "wall_seconds": 10 * cpu_s + 10}) as judge:
        counting = Counting(judge)
        return judge_kills(counting, suspects), counting.letters


def told(kills: Sequence[Kills], made: Sequence[Sequence[Mutant]]) -> dict[str, Any]:
    """Shares over all mutants, over problems, and for each operator."""
    live = np.concatenate([each.live for each in kills])
    killed = np.concatenate([each.killed.any(axis=1) for each in kills])
    loads = np.concatenate([each.loads for each in kills])
    scores = np.array([each.score() for each in kills])
    rates = np.concatenate([each.kill_rates for each in kills])
    operators = [mutant.operator for found in made for mutant in found]
    counted, alive = Counter(operators), Counter(np.array(operators)[live].tolist())
    return {
        "live_share": round(float(live.mean()), 4),
        "does_not_load_share": round(float(1 - loads.mean()), 4),
        "killed_share_of_live": round(float(killed[live].mean()), 4),
        "mean_mutation_score": round(float(np.nanmean(scores)), 4),
        "problems_without_live_mutants": int(np.isnan(scores).sum()),
        "mean_kill_rate_of_a_test": round(float(np.nanmean(rates)), 4),
        "tests_of_unknown_kill_rate": int(np.isnan(rates).sum()),
        "tests_that_kill_nothing": int((rates == 0).sum()),
        "kill_rate_quartiles": np.nanquantile(rates, [0, 0.25, 0.5, 0.75, 1]).round(3).tolist(),
        "live_share_by_operator": {name: round(alive[name] / count, 3) for name, count in counted.most_common()},
    }


def main(
    file: Annotated[Path, typer.Argument(help="A gzipped JSONL file of problems with their right solutions.")],
    most: Annotated[int, typer.Option(help="Mutants of a solution.")] = 1000,
    tests: Annotated[int, typer.Option(help="At most so many different tests of a problem.")] = 1000,
    cpu_seconds: Annotated[float, typer.Option(help="CPU limit of a cell.")] = 1.0,
) -> None:
    with gzip.open(file, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    rows = [row | {"tests": list(dict.fromkeys(row["tests"]))[:tests]} for row in rows]
    made, figures = made_of(rows, most)
    with TemporaryDirectory() as folder, Stack(Path(folder)) as stack:
        started = time.monotonic()
        kills, letters = judged(rows, made, stack.url, cpu_seconds)
        wall = time.monotonic() - started
    cells = sum(each.killed.size + each.proxy_passed.size for each in kills)
    figures |= {"verdicts_on_mutants": dict(letters.most_common())}
    figures |= {"cells": cells, "judging_seconds": round(wall, 1), "cells_per_second": round(cells / wall)}
    print_json(data={"where": where(), "file": file.name, "most": most, "tests": tests, **figures, **told(kills, made)})


if __name__ == "__main__":
    typer.run(main)

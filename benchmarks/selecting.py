"""How long do selectors take? 1,000 matrices of 100 × 100, each selector in turn, beside reading the matrices' letters.

    python benchmarks/selecting.py [--json FILE]

Matrices are of B4's model (a fifth of the solutions correct, wrong ones partly copying each other), with outputs, so
that groups of every size appear. The baseline is `PassingMatrix.of`, which each result goes through anyway. The goal
is 1 s for what is computed in one pass and 10 s for what iterates.
"""

import json
import os
import time
from pathlib import Path
from typing import Annotated

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}  # read when numpy is imported: one core is measured

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from crossjudge.client.bench.machine import in_words, where
from crossjudge.trainer.selectors import SELECTORS, Labels, PassingMatrix, make_selector

SIDE = 100
ITERATES = {"dawid_skene", "spectral", "leave_one_out"}


def drawn(seed: int) -> tuple[list[str], list[list[str]], np.ndarray]:
    """Rows, outputs and truth of one problem."""
    chance = np.random.default_rng(seed)
    correct = chance.random(SIDE) < 0.2
    expected = np.where(chance.random(SIDE) < 0.4, 0, chance.integers(1, 6, SIDE))  # of each test; 0 is right
    shared = chance.integers(0, 6, (8, SIDE))  # eight wrong behaviours
    own = chance.integers(0, 6, (SIDE, SIDE))
    copies = np.where(chance.random((SIDE, SIDE)) < 0.7, shared[chance.integers(0, 8, SIDE)], own)
    answers = np.where(correct[:, None], 0, copies)
    rows = ["".join("P" if cell else "F" for cell in row) for row in answers == expected]
    return rows, [[f"{value:02d}" for value in row] for row in answers], correct


def main(
    problems: Annotated[int, typer.Option(min=1, help="Matrices.")] = 1000,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to keep the figures.")] = None,
) -> None:
    """Measure, and print a table."""
    all_drawn = [drawn(seed) for seed in range(problems)]
    started = time.process_time()
    matrices = [
        PassingMatrix.of(rows, id=str(number), outputs=outputs) for number, (rows, outputs, _) in enumerate(all_drawn)
    ]
    baseline = time.process_time() - started
    labels = {str(number): Labels(correct) for number, (_, _, correct) in enumerate(all_drawn)}
    seconds = {}
    for name in sorted(SELECTORS):
        selector = make_selector(name, {"labels": labels} if name == "oracle" else {})
        fresh = [matrix.take(np.arange(SIDE), np.arange(SIDE)) for matrix in matrices]  # nothing computed before
        started = time.process_time()
        selector.select(fresh)
        seconds[name] = time.process_time() - started
    show(seconds, baseline, problems)
    if json_file is not None:
        figures = {"where": where(), "problems": problems, "read_s": baseline, "select_s": seconds}
        json_file.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def show(seconds: dict[str, float], baseline: float, problems: int) -> None:
    table = Table("selector", "seconds", "of reading them", "goal", title=f"{problems:,} matrices of {SIDE} × {SIDE}")
    for name, took in seconds.items():
        goal = (10.0 if name in ITERATES else 1.0) * problems / 1000
        table.add_row(name, f"{took:.2f}", f"{took / baseline:.2f}", f"{goal:g} s {'✓' if took <= goal else '✗'}")
    console = Console()
    console.print(table)
    console.print(f"reading: {baseline:.2f} s. {in_words(where())}")


if __name__ == "__main__":
    typer.run(main)

"""`crossjudge verify` on a file of problems, as a user runs it, with the memory that its parts take meanwhile.

Starts a stack of its own, runs the command as often as asked, and says of each run: cells, cells per second, wall time,
peak memory of service, workers, jails and Redis, and whether its matrices are those of the run before. Each run starts
with an empty Redis, so that no cell is answered from an earlier one; unless they share a stack, to measure just that.

    python benchmarks/real_data.py problems.jsonl.gz --runs 2 -- --cpu-seconds 1
    python benchmarks/real_data.py problems.jsonl.gz --runs 2 --one-stack -- --cpu-seconds 1
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from crossjudge.client.bench.machine import in_words, where
from crossjudge.client.bench.processes import MemoryWatch
from crossjudge.client.stack import Stack

SAMPLE_S = 1.0

Run = tuple[dict[str, Any], dict[str, Any]]
"""Figures, and matrices by problem."""


def all_runs(file: Path, folder: Path, options: list[str], runs: int, *, one_stack: bool) -> Iterator[Run]:
    """Run after run, each on a fresh stack or all on one."""
    if one_stack:
        with Stack(folder) as stack:
            for number in range(runs):
                yield one_run(file, folder / f"{number}.jsonl", options, stack)
    else:
        for number in range(runs):
            (folder / str(number)).mkdir()
            with Stack(folder / str(number)) as stack:
                yield one_run(file, folder / f"{number}.jsonl", options, stack)


def one_run(file: Path, results: Path, options: list[str], stack: Stack) -> Run:
    """Verify the file: its summary with memory and wall time, and the matrix of each problem."""
    assert stack.pid is not None
    command = [sys.executable, "-m", "crossjudge.client", "verify", str(file), "-o", str(results), "--json"]
    with MemoryWatch(stack.pid, SAMPLE_S) as memory:
        started = time.monotonic()
        done = subprocess.run([*command, "--url", stack.url, *options], stdout=subprocess.PIPE, check=True)
        wall = time.monotonic() - started
    summary: dict[str, Any] = json.loads(done.stdout)
    matrices = {row["id"]: row["matrix"] for row in map(json.loads, results.read_text("utf-8").splitlines())}
    return summary | {"wall_seconds": round(wall, 1), "peak_mb": memory.peaks}, matrices


def main(
    file: Annotated[Path, typer.Argument(help="A JSONL file of problems, .gz or not.")],
    options: Annotated[list[str] | None, typer.Argument(help="Options for `crossjudge verify`, after --.")] = None,
    runs: Annotated[int, typer.Option(min=1, help="How often.")] = 1,
    one_stack: Annotated[bool, typer.Option("--one-stack", help="Later runs find what earlier ones left.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to keep the figures.")] = None,
) -> None:
    """Run, and print a table."""
    found: list[dict[str, Any]] = []
    earlier: dict[str, Any] | None = None
    with TemporaryDirectory() as folder:
        for figures, matrices in all_runs(file, Path(folder), options or [], runs, one_stack=one_stack):
            figures["same_as_before"] = None if earlier is None else differing(earlier, matrices)
            found.append(figures)
            earlier = matrices
    show(found)
    if json_file is not None:
        json_file.write_text(json.dumps({"where": where(), "options": options, "runs": found}, indent=2) + "\n")


def differing(one: dict[str, Any], other: dict[str, Any]) -> str:
    """In words: how many cells of two runs have other letters."""
    pairs = [
        (a, b) for key in one for x, y in zip(one[key], other[key], strict=True) for a, b in zip(x, y, strict=True)
    ]
    count = sum(a != b for a, b in pairs)
    return f"{count:,} of {len(pairs):,} cells differ" if count else "yes, every cell"


def show(found: list[dict[str, Any]]) -> None:
    """One column a run."""
    rows = [readable(figures) for figures in found]
    table = Table(title=in_words(where()))
    table.add_column("")
    for number in range(len(found)):
        table.add_column(f"run {number + 1}", justify="right")
    for name in rows[0]:
        table.add_row(name, *(row.get(name, "-") for row in rows))  # a run of less than a second shows no memory
    Console().print(table)


def readable(figures: dict[str, Any]) -> dict[str, str]:
    """What a person wants to know of one run."""
    letters = ", ".join(f"{letter} {count:,}" for letter, count in figures["verdicts"].items() if count)
    peaks = {f"peak memory, {part}": f"{held:,.0f} MB" for part, held in sorted(figures["peak_mb"].items())}
    return {
        "cells": f"{figures['cells']:,}",
        "letters": letters,
        "run, and answered from an equal cell": f"{figures['executed']:,} + {figures['cached']:,}",
        "wall time": f"{figures['wall_seconds']:,.0f} s",
        "cells/s": f"{figures['cells_per_second']:,.0f}",
        **peaks,
        "same matrices as the run before": figures["same_as_before"] or "-",
    }


if __name__ == "__main__":
    typer.run(main)

"""Cells per second, end to end: the whole service against its own bare engine and against `python -c` per cell.

One command (`make bench`), one run, the same cells for all: problems of 16 solutions × 16 literal asserts. The three
ways take turns, so that a machine whose speed drifts is unfair to none. Prints a table; `--json FILE` keeps the
figures with the machine and the commit they were measured on.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from crossjudge.client import Client
from crossjudge.client.stack import Stack
from crossjudge.contracts import Chunk, Columns, Isolation, Limits, Order, Part, Problem, Row
from crossjudge.worker.pool import JailPool
from crossjudge.worker.settings import WorkerSettings

SIDE = 16
BASELINE_CELLS = 32  # `python -c` is slow enough to be measured on a few


def problem(number: int) -> Problem:
    """A problem of its own, so that no cell equals one that was judged before."""
    solutions = [f"def f(xs):\n    return sorted(xs)[: {number}] + [{row}]\n" for row in range(SIDE)]
    tests = [f"assert f([3, {column}, 1])[-1] == {column}" for column in range(SIDE)]
    return Problem(id=str(number), entry_point="f", solutions=solutions, tests=list(tests))


def python_per_cell(problems: list[Problem]) -> int:
    """An interpreter of its own for each cell, with nothing around it: what is done without a verifier."""
    sources = [f"{s}\n{t.code}" for p in problems for s in p.solutions for t in p.tests if t.kind == "assert"]
    for source in sources[:BASELINE_CELLS]:
        subprocess.run([sys.executable, "-c", source], stderr=subprocess.DEVNULL, check=False)
    return BASELINE_CELLS


def engine(pool: JailPool) -> Callable[[list[Problem]], int]:
    """The jails of one worker, with no queue and no HTTP."""

    def judge(problems: list[Problem]) -> int:
        order = Order(run="bench", limits=Limits(), isolation=Isolation.SHARED, detail=[])
        for p in problems:
            columns = Columns(entry_point=p.entry_point, prelude=p.prelude, tests=p.tests)
            part = Part(problem=0, rows=[Row(solution=text) for text in p.solutions])
            pool.judge(order, {0: columns}, Chunk(parts=[part], cells=SIDE * SIDE), threading.Event())
        return len(problems) * SIDE * SIDE

    return judge


def service(client: Client) -> Callable[[list[Problem]], int]:
    """The whole way: HTTP, Redis, workers, and back."""

    def judge(problems: list[Problem]) -> int:
        return sum(grid.passed.size for grid in client.stream(problems))

    return judge


def measure(ways: dict[str, Callable[[list[Problem]], int]], rounds: int, problems: int) -> dict[str, list[float]]:
    """Cells per second of each way in each round."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    number = 0
    for turn in range(rounds):
        names = list(ways)[turn % len(ways) :] + list(ways)[: turn % len(ways)]
        for name in names:
            work = [problem(number + index) for index in range(problems)]
            number += problems
            started = time.perf_counter()
            cells = ways[name](work)
            rates[name].append(cells / (time.perf_counter() - started))
    return rates


def where() -> dict[str, str | int | None]:
    """The machine and the commit that figures belong to."""
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "commit": git.stdout.strip() or None,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cores": os.cpu_count(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each way takes its turn.")] = 5,
    problems: Annotated[int, typer.Option(min=1, help="Problems of 16 × 16 cells in each turn.")] = 8,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to keep the figures.")] = None,
) -> None:
    """Measure, and print a table."""
    cores = os.cpu_count() or 1
    pool = JailPool(WorkerSettings(jails=2 * cores))
    pool.start()
    try:
        with (
            TemporaryDirectory() as folder,
            Stack(Path(folder), workers=cores) as stack,
            Client(stack.url, cache=False) as client,
        ):
            ways = {
                "python -c per cell": python_per_cell,
                "engine alone": engine(pool),
                "whole service": service(client),
            }
            rates = measure(ways, rounds, problems)
    finally:
        pool.close()
    report = {
        name: {"cells_per_second": round(statistics.median(values), 1), "rounds": [round(value, 1) for value in values]}
        for name, values in rates.items()
    }
    show(report, where())
    if json_file is not None:
        json_file.write_text(json.dumps({"where": where(), "ways": report}, indent=2) + "\n")


def show(report: dict[str, dict[str, object]], place: dict[str, str | int | None]) -> None:
    """The table; ratios are against the baseline of the same run."""
    table = Table(title=", ".join(f"{name} {value}" for name, value in place.items()))
    for heading in ("way", "cells/s (median)", "lowest", "highest", "× python -c"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    base = float(str(report["python -c per cell"]["cells_per_second"]))
    for name, row in report.items():
        rounds = row["rounds"]
        assert isinstance(rounds, list)
        rate = float(str(row["cells_per_second"]))
        table.add_row(name, f"{rate:,.1f}", f"{min(rounds):,.1f}", f"{max(rounds):,.1f}", f"{rate / base:.1f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

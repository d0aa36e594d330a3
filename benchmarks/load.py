"""Whether verdicts depend on what else the machine does. One command (`make load`), exit status 1 where they do.

- Correct cells that use 0.4 CPU-seconds each, with a limit of 1, more of them in flight than there are cores: how many
  are called T? Services that judge by the clock on the wall say so of most of them.
- A batch of cells that pass, fail, raise, crash, sleep, and run out of CPU time, wall time and memory, judged on a
  machine that does nothing else, and beside processes that never wait: are the matrices the same?

Both go through the whole stack, over HTTP, each through a stack of its own, so that no cell is answered from before.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console

from crossjudge.client import Client
from crossjudge.client.bench.machine import where
from crossjudge.client.stack import Stack
from crossjudge.contracts import Limits, Problem

HEAVY_LIMITS = Limits(cpu_seconds=1.0)
MIXED_LIMITS = Limits(cpu_seconds=0.5, wall_seconds=2.0, memory_mb=128)
TESTS = 10
BURN = """import time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass
"""
# What a solution does on one input before it gives the right answer; on all others it gives it at once.
ON_ONE_INPUT = {
    "nothing": "pass",
    "a wrong answer": "return -1",
    "an exception": "raise ValueError(x)",
    "some CPU time": "burn(0.15)",
    "most of the CPU time": "burn(0.4)",
    "all CPU time": "burn(60)",
    "a nap": "time.sleep(0.5)",
    "all wall time": "time.sleep(60)",
    "a crash": "import os; os.abort()",
    "all memory": "x = bytearray(1 << 30)",
}


def heavy(number: int) -> Problem:
    """One cell that is right and slow."""
    return Problem(
        solutions=[f"{BURN}def f():\n    burn(0.4)\n    return {number}\n"], tests=[f"assert f() == {number}"]
    )


def mixed(number: int) -> Problem:
    """One solution for each entry of `ON_ONE_INPUT`; numbered, so that no cell equals another problem's."""
    solutions = [
        f"{BURN}def f(x):\n    if x == {index}: {what}\n    return x + {number}\n"
        for index, what in enumerate(ON_ONE_INPUT.values())
    ]
    return Problem(solutions=solutions, tests=[f"assert f({x}) == {x + number}" for x in range(TESTS)])


@contextmanager
def spinning(count: int) -> Iterator[None]:
    """So many processes that never wait. They end with us, however we end."""
    code = "import os, sys\nparent = os.getppid()\nwhile os.getppid() == parent:\n    for _ in range(10**6): pass"
    with ExitStack() as stack:
        for _ in range(count):
            spinner = stack.enter_context(subprocess.Popen([sys.executable, "-c", code]))
            stack.callback(spinner.kill)
        yield


@contextmanager
def client(in_flight: int) -> Iterator[Client]:
    """A stack that judges so many rows at once, and nothing else."""
    cores = os.cpu_count() or 1
    os.environ["CROSSJUDGE_JAILS"] = str(-(-in_flight // cores))
    with (
        TemporaryDirectory() as folder,
        Stack(Path(folder), workers=cores) as stack,
        Client(stack.url, cache=False) as each,
    ):
        yield each


def judge_heavy(cells: int, in_flight: int) -> dict[str, Any]:
    """How often each letter came for cells that deserve a P."""
    with client(in_flight) as judge, ThreadPoolExecutor(in_flight) as threads:
        started = time.perf_counter()
        grids = list(
            threads.map(lambda number: next(iter(judge.stream([heavy(number)], limits=HEAVY_LIMITS))), range(cells))
        )
        seconds = time.perf_counter() - started
    return {"verdicts": dict(Counter("".join(grid.verdicts[0] for grid in grids))), "seconds": round(seconds, 1)}


def judge_mixed(problems: int, in_flight: int, spinners: int) -> dict[str, Any]:
    """The matrices of the batch beside so many spinners."""
    work = [mixed(number) for number in range(problems)]
    with client(in_flight) as judge, spinning(spinners):
        started = time.perf_counter()
        matrices = [grid.verdicts for grid in judge.results(judge.submit(work, limits=MIXED_LIMITS))]
        seconds = time.perf_counter() - started
    letters = Counter("".join("".join(rows) for rows in matrices))
    return {"matrices": matrices, "verdicts": dict(sorted(letters.items())), "seconds": round(seconds, 1)}


def main(
    cells: Annotated[int, typer.Option(min=1, help="Correct cells of 0.4 CPU-seconds.")] = 48,
    problems: Annotated[int, typer.Option(min=1, help="Problems of 10 × 10 cells in the mixed batch.")] = 50,
    in_flight: Annotated[int, typer.Option(min=1, help="Cells that are judged at once.")] = 16,
    spinners: Annotated[int, typer.Option(min=1, help="Processes that never wait.")] = 16,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to keep the figures.")] = None,
) -> None:
    """Ask both questions, and print the answers."""
    say = Console().print
    right = judge_heavy(cells, in_flight)
    false_timeouts = right["verdicts"].get("T", 0)
    say(f"{cells} correct cells, {in_flight} in flight: {false_timeouts} false T, {right}")
    idle = judge_mixed(problems, in_flight, 0)
    loaded = judge_mixed(problems, in_flight, spinners)
    before, after = idle.pop("matrices"), loaded.pop("matrices")
    is_same = before == after
    say(f"{problems * TESTS * len(ON_ONE_INPUT)} cells idle: {idle}")
    say(f"beside {spinners} spinners: {loaded}; identical matrices: {is_same}")
    report = {
        "where": where(),
        "correct": {"cells": cells, "in_flight": in_flight, "false_timeouts": false_timeouts, **right},
        "mixed": {"idle": idle, "loaded": {"spinners": spinners, **loaded}, "identical": is_same},
    }
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2) + "\n")
    if false_timeouts or right["verdicts"] != {"P": cells} or not is_same:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

"""Whether many callers at once are served, for as long as they like. One command (`make crowd`), exit status 1 if not.

Two hundred callers, each with a connection of its own, ask for 16 x 16 matrices at moments of their own: together as
many as are half of what the stack was measured to judge at most. One more asks for a single cell, again and again.
Reported: errors, how long answers take, and what memory the service and Redis hold from minute to minute.
"""

import asyncio
import functools
import json
import random
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console

from crossjudge.client import AsyncClient, Client
from crossjudge.client.bench import workloads
from crossjudge.client.bench.machine import where
from crossjudge.client.stack import Stack
from crossjudge.contracts import Problem

_LOAD = 0.5
_WARM_UP_S = 15.0
_MATRIX_CELLS = workloads.SIDE**2
_numbers = count()


def taken(kind: str, problems: int) -> list[Problem]:
    """Problems like no others."""
    number = next(_numbers)
    return workload(kind).take(problems, f"crowd-{number}", number)


@functools.cache
def workload(kind: str) -> workloads.Workload:
    load = workloads.KINDS[kind](None)
    assert load is not None
    return load


def most_matrices_a_second(url: str) -> float:
    """What the stack judges where it is given more than that."""
    with Client(url, run="measure", cache=False) as client:
        started, done = time.perf_counter(), 0
        for _ in client.stream((p for _ in range(10**6) for p in taken("literal", 4)), in_flight=8):
            done += 1
            if time.perf_counter() - started > _WARM_UP_S:
                break
        return done / (time.perf_counter() - started)


class Crowd:
    """The callers, and what they saw."""

    def __init__(self, url: str, callers: int, matrices_a_second: float) -> None:
        self.url = url
        self.callers = callers
        self.mean_pause_s = callers / matrices_a_second
        self.waits: dict[str, list[float]] = {"matrix": [], "cell": []}
        self.errors: Counter[str] = Counter()

    async def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        asking = [self._ask("matrix", f"run-{n % 8}", n, end) for n in range(self.callers)]
        await asyncio.gather(*asking, self._ask("cell", "tiny", -1, end))

    async def _ask(self, what: str, run: str, seed: int, end: float) -> None:
        chance = random.Random(seed)
        pause_s = self.mean_pause_s if what == "matrix" else 0.5
        async with AsyncClient(self.url, run=run, cache=False) as client:
            while True:
                await asyncio.sleep(min(chance.expovariate(1 / pause_s), max(0.0, end - time.monotonic())))
                if time.monotonic() >= end:
                    return
                asked, started = taken("literal" if what == "matrix" else "tiny", 1), time.perf_counter()
                try:
                    [grid] = await client.results(await client.submit(asked))
                except Exception as error:  # whatever it is: that is what is counted here
                    self.errors[f"{type(error).__name__}: {error}"[:200]] += 1
                    continue
                self.waits[what].append(time.perf_counter() - started)
                if "X" in "".join(grid.verdicts):
                    self.errors["a cell that was not judged"] += 1


async def watch(pids: dict[str, int], seconds: float, every_s: float) -> list[dict[str, float]]:
    """Megabytes that service and Redis hold, now and then."""
    held, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        held.append({name: round(psutil.Process(pid).memory_info().rss / 2**20, 1) for name, pid in pids.items()})
        await asyncio.sleep(every_s)
    return held


def spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds) or [float("nan")]
    at = {name: ordered[min(len(ordered) - 1, int(part * len(ordered)))] for name, part in _PARTS.items()}
    return {"answers": len(seconds)} | {f"{name}_ms": round(1000 * value, 1) for name, value in at.items()}


_PARTS = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def main(
    minutes: Annotated[float, typer.Option(help="For how long.")] = 10.0,
    callers: Annotated[int, typer.Option(help="How many callers at once.")] = 200,
    workers: Annotated[int | None, typer.Option(help="Worker processes.", show_default="one a core")] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Keep the figures here.")] = None,
) -> None:
    """Serve a crowd with a stack of this machine."""
    console = Console(stderr=True, highlight=False)
    with TemporaryDirectory() as folder, Stack(Path(folder), workers=workers) as stack:
        console.print("measuring what the stack judges at most")
        most = most_matrices_a_second(stack.url)
        console.print(f"{most:.1f} matrices a second; {callers} callers at {_LOAD:.0%} of that for {minutes:g} min")
        crowd, seconds = Crowd(stack.url, callers, _LOAD * most), 60 * minutes
        pids = {name: pid for name, pid in stack.pids.items() if name in ("service", "redis")}

        async def go() -> list[dict[str, float]]:
            _, held = await asyncio.gather(crowd.run(seconds), watch(pids, seconds, max(1.0, seconds / 20)))
            return held

        held = asyncio.run(go())
    found: dict[str, Any] = {
        "machine": where(), "callers": callers, "minutes": minutes, "matrices_a_second_at_most": round(most, 1),
        "load": _LOAD, "errors": dict(crowd.errors), "held_mb": held,
        "waits": {what: spread(waits) for what, waits in crowd.waits.items()},
    }  # fmt: skip
    text = json.dumps(found, indent=1)
    if as_json is not None:
        as_json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")
    raise typer.Exit(1 if crowd.errors else 0)


if __name__ == "__main__":
    typer.run(main)

"""Whether runs that share a verifier get their shares of it. One command (`make fairness`).

- Latency: one run keeps 50,000 cells queued; another asks for one 16 x 16 matrix, or one cell, at a time. How long does
  it wait, beside what it waits where nobody else is there?
- Shares: two runs that have both more queued than can be judged, with equal weights and with 3:1. How many cells of
  each are judged meanwhile?

All of it goes through the whole stack, over HTTP, without the cache. Every problem is one that was not judged before.
"""

import functools
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console

from crossjudge.client import Client
from crossjudge.client.bench import workloads
from crossjudge.client.bench.machine import where
from crossjudge.client.stack import Stack
from crossjudge.contracts import BatchState, BatchStatus, Problem

_ANSWERS = 20
_QUEUED_CELLS = 50_000
_MATRIX_CELLS = workloads.SIDE**2
_MATRICES_A_BATCH = 16
_marks = count()


def matrices(number: int) -> list[Problem]:
    """So many that are like no others."""
    return _taken("literal", number)


def one_cell() -> list[Problem]:
    return _taken("tiny", 1)


def _taken(kind: str, number: int) -> list[Problem]:
    return workload(kind).take(number, f"fair-{next(_marks)}", next(_marks))


@functools.cache
def workload(kind: str) -> workloads.Workload:
    load = workloads.KINDS[kind](None)
    assert load is not None
    return load


@contextmanager
def backlog(url: str, run: str, weight: float = 1.0, cells: int = _QUEUED_CELLS) -> Iterator[None]:
    """While the block runs, `run` has so many cells queued that it never runs dry."""
    over = threading.Event()

    def feed() -> None:
        with Client(url, run=run, weight=weight, cache=False) as client:
            posted: list[BatchStatus] = []
            while not over.is_set():
                posted = [batch for batch in map(client.status, posted) if not batch.status.is_final]
                left = sum(batch.cells.total - batch.cells.done for batch in posted)
                if left < cells:
                    posted.append(client.submit(matrices(_MATRICES_A_BATCH)))
                else:
                    over.wait(0.2)
            for batch in posted:
                client.cancel(batch)

    thread = threading.Thread(target=feed, name=f"backlog of {run}")
    thread.start()
    try:
        with Client(url) as client:
            deadline = time.monotonic() + 120
            while waiting(client, run) < cells - _MATRICES_A_BATCH * _MATRIX_CELLS:
                assert time.monotonic() < deadline, "the backlog did not build up"
                time.sleep(0.1)
        yield
    finally:
        over.set()
        thread.join()


def waiting(client: Client, run: str) -> int:
    """Cells of the run that are accepted and not judged."""
    return sum(
        batch.cells.total - batch.cells.done
        for batch in client.batches(run=run, limit=200)
        if batch.status in (BatchState.QUEUED, BatchState.RUNNING)
    )


def waits(url: str, problems: Callable[[], list[Problem]], pause_s: float = 0.2) -> list[float]:
    """Seconds that one caller waits, answer by answer."""
    found = []
    with Client(url, run="interactive", cache=False) as client:
        for _ in range(_ANSWERS):
            asked, started = problems(), time.perf_counter()
            client.results(client.submit(asked))
            found.append(time.perf_counter() - started)
            time.sleep(pause_s)  # whoever asks now and then, asks now and then
    return found


def spread(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50_ms": round(1000 * statistics.median(ordered), 1),
        "p95_ms": round(1000 * ordered[max(0, round(0.95 * len(ordered)) - 1)], 1),
        "max_ms": round(1000 * ordered[-1], 1),
    }


def both(url: str) -> dict[str, dict[str, float]]:
    return {"matrix": spread(waits(url, lambda: matrices(1))), "cell": spread(waits(url, one_cell))}


def latency(url: str, tell: Callable[[str], None]) -> dict[str, Any]:
    tell("waiting for answers, nobody else there")
    waits(url, lambda: matrices(1))  # until all jails are warm
    found: dict[str, Any] = {"idle": both(url)}
    with backlog(url, "greedy"):
        tell(f"waiting for answers while another run has {_QUEUED_CELLS:,} cells queued")
        found["beside a backlog"] = both(url)
    for kind in ("matrix", "cell"):
        found[f"{kind} p95 / idle p95"] = round(
            found["beside a backlog"][kind]["p95_ms"] / found["idle"][kind]["p95_ms"], 2
        )
    return found


def shares(url: str, weights: tuple[float, float], seconds: float, tell: Callable[[str], None]) -> dict[str, Any]:
    names = [f"{number}-of-{weights[0]:g}-to-{weights[1]:g}" for number in range(2)]
    with backlog(url, names[0], weights[0], 20_000), backlog(url, names[1], weights[1], 20_000), Client(url) as client:
        tell(f"two runs that have more than can be judged, weights {weights[0]:g} and {weights[1]:g}")
        before = judged(client, names)
        time.sleep(seconds)
        done = [after - earlier for after, earlier in zip(judged(client, names), before, strict=True)]
    return {"weights": list(weights), "cells": done, "share of the first": round(done[0] / sum(done), 3)}


def judged(client: Client, runs: list[str]) -> list[int]:
    """Cells that were judged for each run so far."""
    used = {usage.run: usage.executed + usage.cached for usage in client.runs()}
    return [used.get(run, 0) for run in runs]


def main(
    workers: Annotated[int | None, typer.Option(help="Worker processes.", show_default="one a core")] = None,
    seconds: Annotated[float, typer.Option(help="How long shares are measured.")] = 30.0,
    as_json: Annotated[Path | None, typer.Option("--json", help="Keep the figures here.")] = None,
) -> None:
    """Measure how runs share a stack of this machine."""
    console = Console(stderr=True, highlight=False)

    def tell(what: str) -> None:
        console.print(what)

    with TemporaryDirectory() as folder, Stack(Path(folder), workers=workers) as stack:
        found: dict[str, Any] = {"machine": where(), "latency": latency(stack.url, tell)}
        found["shares"] = [shares(stack.url, weights, seconds, tell) for weights in ((1.0, 1.0), (3.0, 1.0))]
    text = json.dumps(found, indent=1)
    if as_json is not None:
        as_json.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    typer.run(main)

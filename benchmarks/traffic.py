"""What a cell, a chunk and a batch take of all that all workers share: of Redis and of the service, and in bytes.

Judging grows with the number of workers; Redis and the service are there once. Here everything is real but the jails,
which answer at once, so that few cores move as many chunks as many machines would. From what each part took follows
how many cells a second it can carry: the cost model in docs/performance.md. Measured are batches of 45,000 cells and
batches of one matrix, each without the cache, judged for the first time, and known already; workers that have nothing
to do; and the pulse of a thousand workers. Prints tables; `--json FILE` keeps the figures.

    python benchmarks/traffic.py --json figures.json
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx2
import psutil
import typer
from redis import Redis
from rich.console import Console
from rich.table import Table

from children import started, wait_until
from crossjudge.client import Client
from crossjudge.client.bench.machine import in_words, where
from crossjudge.contracts import Chunk, ChunkResult, Columns, Order, Part, Problem, SourceReport, SourceStatus
from crossjudge.contracts.queue import BATCHES, BatchField, batch_key, batch_keys
from crossjudge.service.embedded import EmbeddedRedis, free_port
from crossjudge.worker.leases import BEAT_S, LeaseKeeper
from crossjudge.worker.logs import set_up_logging
from crossjudge.worker.loop import run_worker
from crossjudge.worker.outcome import ColumnsAnswer, RawOutcome, RowAnswer, TestAnswer
from crossjudge.worker.processes import Supervisor
from crossjudge.worker.registry import describe
from crossjudge.worker.results import JudgedPart, chunk_result
from crossjudge.worker.settings import WorkerSettings

SIDE = 16
WORKERS = 2
IDLE_WORKERS = 16
PULSES = 1000
IDLE_S = 10.0
FINE = SourceReport(status=SourceStatus.OK)
PASSED = RawOutcome(ended=("exit", 0), said="passed", phase="test", used=True, cpu_ns=500_000)


class InstantPool:
    """Jails that find every cell right, at once."""

    jail_starts = 0

    def start(self) -> None: ...

    def close(self) -> None: ...

    def judge(self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event) -> ChunkResult:
        return chunk_result(order, columns, chunk, self.observe(order, columns, chunk, stop))

    def observe(
        self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event
    ) -> list[JudgedPart]:
        return [_observed(columns[part.problem], part) for part in chunk.parts]


def _observed(columns: Columns, part: Part) -> JudgedPart:
    tests = [TestAnswer(status=SourceStatus.OK)] * len(columns.tests)
    asked = [range(len(tests)) if row.columns is None else row.columns for row in part.rows]
    rows = [RowAnswer(solution=FINE, cells=dict.fromkeys(wanted, PASSED)) for wanted in asked]
    return JudgedPart(ColumnsAnswer(prelude=FINE, tests=tests), rows)


def judge_at(url: str, workers: int) -> int:
    """Be the workers, until killed."""
    set_up_logging("warning")

    def body(number: int, ready: Callable[[], None]) -> None:
        run_worker(WorkerSettings(redis_url=url), InstantPool(), f"instant-{number}", burst=False, ready=ready)

    return Supervisor(workers, body).run()


def matrices(count: int, start: int) -> list[Problem]:
    """Matrices of 16 × 16 cells that all differ."""
    return [
        Problem(
            entry_point="f",
            solutions=[f"def f(x):\n    return x + {number} + 0 * {row}\n" for row in range(SIDE)],
            tests=[f"assert f({column}) == {column + number}" for column in range(SIDE)],
        )
        for number in range(start, start + count)
    ]


@dataclass(frozen=True)
class Workload:
    """So many batches of so many matrices."""

    batches: int
    matrices: int

    @property
    def cells(self) -> int:
        return self.batches * self.matrices * SIDE * SIDE


WORKLOADS = {"batches of 45,000 cells": Workload(4, 176), "batches of one matrix": Workload(200, 1)}


@dataclass(frozen=True)
class Meter:
    """What has been taken of the shared parts up to now."""

    redis: Redis
    service: psutil.Process
    workers: psutil.Process

    def read(self) -> dict[str, float]:
        """Seconds of CPU time, bytes and commands since the start of each part."""
        info: dict[str, Any] = dict(self.redis.info("everything"))
        calls = [stat["calls"] for name, stat in info.items() if name.startswith("cmdstat_")]
        return {
            "redis_cpu": info["used_cpu_user"] + info["used_cpu_sys"],
            "redis_in": info["total_net_input_bytes"],
            "redis_out": info["total_net_output_bytes"],
            "redis_commands": sum(calls),
            "service_cpu": _cpu(self.service),
            "workers_cpu": sum(_cpu(each) for each in [self.workers, *self.workers.children(recursive=True)]),
            "seconds": time.perf_counter(),
        }


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _since(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - value for name, value in before.items()}


@contextmanager
def stack(folder: Path, workers: int = WORKERS) -> Iterator[tuple[str, Meter]]:
    """A Redis, a service and workers of their own; yields the URL, and the meter."""
    port = free_port()
    with EmbeddedRedis(folder) as embedded, Redis.from_url(embedded.url) as redis:
        service = ["-m", "crossjudge.service", "--port", str(port), "--redis-url", embedded.url]
        judge = [__file__, "--judge-at", embedded.url, "--workers", str(workers)]
        with started(*service) as serving, started(*judge) as judging:
            url = f"http://127.0.0.1:{port}"
            wait_until(lambda: _workers(url) == workers, "the stack")
            yield url, Meter(redis, serving, judging)


def _workers(url: str) -> int:
    try:
        return len(httpx2.get(f"{url}/v1/workers").json()["workers"])
    except (httpx2.TransportError, KeyError):
        return 0


def measure_batches(load: Workload) -> dict[str, Any]:
    """The workload without the cache, then for the first time, then known."""
    found: dict[str, Any] = {}
    with TemporaryDirectory() as folder, stack(Path(folder)) as (url, meter), Client(url, run="traffic") as client:
        list(client.stream(matrices(8, 10**6), cache=False))  # whatever is made at first use is made
        for name, cache in (("no cache", False), ("first time", True), ("known", True)):
            known, memory = set(meter.redis.zrange(BATCHES, 0, -1)), meter.redis.info("memory")["used_memory"]
            before = meter.read()
            problems = matrices(load.batches * load.matrices, 0)
            list(client.stream(problems, cells_per_batch=load.matrices * SIDE * SIDE, cache=cache))
            taken = _since(before, meter.read())
            made = [_text(each) for each in set(meter.redis.zrange(BATCHES, 0, -1)) - known]
            grown = meter.redis.info("memory")["used_memory"] - memory
            found[name] = _figures(meter.redis, load.cells, made, taken) | {
                "redis_memory_bytes_per_cell": grown / load.cells
            }
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _figures(redis: Redis, cells: int, made: list[str], taken: dict[str, float]) -> dict[str, Any]:
    counts = [redis.hget(batch_key(batch), BatchField.CHUNKS_TOTAL) for batch in made]
    chunks = sum(int(_text(count)) for count in counts)
    held = sum(int(str(redis.memory_usage(key, samples=0) or 0)) for batch in made for key in batch_keys(batch))
    parts = ("redis_cpu", "service_cpu", "workers_cpu")
    return {
        "batches": len(made), "chunks": chunks, "cells": cells, "seconds": taken["seconds"],
        "commands_per_chunk": taken["redis_commands"] / chunks,
        "bytes_per_cell": {"to_redis": taken["redis_in"] / cells, "from_redis": taken["redis_out"] / cells},
        "batch_bytes_per_cell": held / cells,
        "cpu_ms_per_chunk": {part: 1000 * taken[part] / chunks for part in parts},
        "cells_per_second_of_a_core": {part: cells / taken[part] for part in parts if taken[part]},
    }  # fmt: skip


def measure_idle() -> dict[str, float]:
    """What a worker that has nothing to do takes of Redis, a second: from few to many of them."""
    few, many = _idle(WORKERS), _idle(IDLE_WORKERS)
    more = {name: (many[name] - few[name]) / (IDLE_WORKERS - WORKERS) / IDLE_S for name in few}
    return {
        "commands": more["redis_commands"],
        "bytes": more["redis_in"] + more["redis_out"],
        "redis_cpu_ms": 1000 * more["redis_cpu"],
        "worker_cpu_ms": 1000 * more["workers_cpu"],
        "service_cpu_ms": 1000 * more["service_cpu"],
    }


def _idle(workers: int) -> dict[str, float]:
    with TemporaryDirectory() as folder, stack(Path(folder), workers) as (_, meter):
        time.sleep(1.0)  # whatever is made at first use is made
        before = meter.read()
        time.sleep(IDLE_S)
        return _since(before, meter.read())


def measure_pulse() -> dict[str, float]:
    """The heartbeats of a thousand workers, each with what it says of itself: what share of Redis they take."""
    with TemporaryDirectory() as folder, EmbeddedRedis(Path(folder)) as embedded, Redis.from_url(embedded.url) as redis:
        keepers = [LeaseKeeper(redis, describe(f"worker-{number}", 2)) for number in range(PULSES)]
        for keeper in keepers:
            keeper.beat()
        before = redis.info("cpu")
        for keeper in keepers:
            keeper.beat()
        after = redis.info("cpu")
    spent = sum(after[name] - before[name] for name in ("used_cpu_user", "used_cpu_sys"))
    return {"workers": PULSES, "beat_every_s": BEAT_S, "redis_cpu_ms_per_beat": 1000 * spent / PULSES,
            "share_of_redis": spent / BEAT_S}  # fmt: skip


def show(report: dict[str, Any], place: dict[str, Any]) -> None:
    """A row a workload and state of the cache."""
    console = Console(width=150)
    table = Table(title=in_words(place))
    for heading in (
        "batches", "cache", "cells a\nchunk", "commands\na chunk", "bytes a cell\nto, from Redis", "kept\na cell",
        "CPU ms a chunk\nRedis, service, worker", "cells/s of a core\nRedis, service, worker",
    ):  # fmt: skip
        table.add_column(heading, justify="left" if heading in ("batches", "cache") else "right")
    for name, states in report["batches"].items():
        for state, row in states.items():
            cpu, rates, sent = row["cpu_ms_per_chunk"], row["cells_per_second_of_a_core"], row["bytes_per_cell"]
            table.add_row(
                name, state, f"{row['cells'] / row['chunks']:.0f}", f"{row['commands_per_chunk']:.1f}",
                f"{sent['to_redis']:.0f}, {sent['from_redis']:.0f}", f"{row['batch_bytes_per_cell']:.1f}",
                ", ".join(f"{value:.2f}" for value in cpu.values()),
                ", ".join(f"{value:,.0f}" for value in rates.values()),
            )  # fmt: skip
    console.print(table)
    console.print("Idle, a second and worker:", {name: round(value, 2) for name, value in report["idle"].items()})
    console.print("Pulse:", {name: round(value, 4) for name, value in report["pulse"].items()})


def main(
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to keep the figures.")] = None,
    url: Annotated[str | None, typer.Option("--judge-at", hidden=True)] = None,
    workers: Annotated[int, typer.Option(hidden=True)] = WORKERS,
) -> None:
    """Measure, and print tables."""
    if url is not None:
        raise typer.Exit(judge_at(url, workers))
    place = where()
    batches = {name: measure_batches(load) for name, load in WORKLOADS.items()}
    report = {"batches": batches, "idle": measure_idle(), "pulse": measure_pulse()}
    show(report, place)
    if json_file is not None:
        json_file.write_text(json.dumps({"where": place, **report}, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)

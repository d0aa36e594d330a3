"""What a large batch takes of the service and of Redis: seconds to be accepted and to be answered, and memory.

For each workload a fresh Redis and a fresh service. The batch is posted, judged, and its answer read; meanwhile
`/healthz` is asked all the time, since nobody else should have to wait. Its cells are judged by a stand-in that makes
results up: what is measured is everything but the judging. The workload `45,000 cells` can be judged for good,
`--real`. Prints a table; `--json FILE` keeps the figures.

    python benchmarks/large.py --json figures.json
"""

import gzip
import json
import random
import resource
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx2
import typer
import zstandard
from redis import Redis
from rich.console import Console
from rich.table import Table

from children import started, wait_until
from crossjudge.client import Client
from crossjudge.client.bench.machine import in_words, where
from crossjudge.contracts import (
    CellDetail,
    ChunkResult,
    ColumnReport,
    Part,
    PartResult,
    RowResult,
    SourceReport,
    SourceStatus,
)
from crossjudge.contracts.queue import RQ_JOB, batch_keys
from crossjudge.service.embedded import EmbeddedRedis, free_port
from crossjudge.worker.commit import Ledger, Task
from crossjudge.worker.lanes import Lanes

MOST_SECONDS = 1200.0
PAUSE_S = 0.005
Problems = list[dict[str, Any]]


def problems(count: int, solutions: int, tests: int) -> Problems:
    """Cells that all differ."""
    return [
        {
            "entry_point": "f",
            "solutions": [f"def f(x):\n    return x + {number} + 0 * {row}\n" for row in range(solutions)],
            "tests": [f"assert f({column}) == {column + number}" for column in range(tests)],
        }
        for number in range(count)
    ]


def megabytes(solutions: int, tests: int) -> Problems:
    """Programs that print a megabyte, each test another one."""
    chance = random.Random(1)
    printed = ["".join(chance.choices("0123456789\n", k=1_000_000)) for _ in range(tests)]
    texts = [{"kind": "stdio", "stdin": str(place), "stdout": text} for place, text in enumerate(printed)]
    return [{"solutions": [f"print({row})" for row in range(solutions)], "tests": texts}]


@dataclass(frozen=True)
class Workload:
    """One batch; `detail` is what it asks for."""

    problems: Callable[[], Problems]
    detail: Any


WORKLOADS = {
    "45,000 cells": Workload(lambda: problems(176, 16, 16), []),
    "45,000 cells, full detail": Workload(lambda: problems(176, 16, 16), "full"),
    "20,000 problems of a cell": Workload(lambda: problems(20_000, 1, 1), "full"),
    "10^6 cells, letters only": Workload(lambda: problems(20, 100, 500), []),
    "10^6 cells, full detail": Workload(lambda: problems(20, 100, 500), "full"),
    "10^6 cells, one problem": Workload(lambda: problems(1, 1000, 1000), "full"),
    "128 outputs of 1 MB each": Workload(lambda: megabytes(16, 128), "full"),
}
REAL = "45,000 cells"


def judged(task: Task) -> ChunkResult:
    """A made-up result in which no two cells say the same."""
    parts = [_part(task, part) for part in task.chunk.parts]
    executed = sum(len(row.verdicts) for part in parts for row in part.rows)
    return ChunkResult(parts=parts, executed=executed, cpu_seconds=0.01 * executed, worker="stand-in")


def _part(task: Task, part: Part) -> PartResult:
    tests = task.columns[part.problem].tests
    rows = []
    for place, row in enumerate(part.rows):
        chance = random.Random(f"{task.index} {place} {row.solution}")
        rows.append(
            RowResult(
                verdicts="".join(chance.choices("PFE", k=len(tests))),
                solution=SourceReport(status=SourceStatus.OK),
                cells=[_cell(chance) for _ in tests] if task.order.detail else None,
            )
        )
    return PartResult(rows=rows, tests=[ColumnReport(status=SourceStatus.OK, used=True) for _ in tests])


def _cell(chance: random.Random) -> CellDetail:
    return CellDetail(
        message=f"AssertionError: {chance.random()} is not what was expected",
        cpu_ms=round(chance.random() * 10, 3), wall_ms=round(chance.random() * 20, 3),
        stdout=f"x = {chance.randrange(10**6)}\n", output=f"{chance.getrandbits(64):016x}",
    )  # fmt: skip


def stand_in(url: str) -> None:
    """Judge whatever is queued, until killed."""
    with Redis.from_url(url) as redis:
        ledger, lanes = Ledger(redis), Lanes(redis)
        while True:
            if (delivered := lanes.take()) is None:
                lanes.wait(1)
                continue
            batch, _, rest = delivered.job.partition("-")
            redis.delete(f"{RQ_JOB}{delivered.job}")
            if (task := ledger.start(batch, int(rest.partition("-")[0]))) is not None:
                ledger.commit(task, judged(task))


class Peak:
    """Peak resident memory of a process since the last look, in MB."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self.look()

    def look(self) -> float:
        """The peak, and from now on another."""
        lines = dict(line.split(":", 1) for line in (self._folder / "status").read_text().splitlines())
        (self._folder / "clear_refs").write_text("5")
        return round(int(lines["VmHWM"].split()[0]) / 1024, 1)


class Bystander:
    """Somebody else, who asks for `/healthz` again and again: how long the answers took, in milliseconds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._took: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Bystander":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx2.Client(base_url=self._url, timeout=60) as client:
            while not self._stop.wait(PAUSE_S):
                started = time.perf_counter()
                client.get("/healthz").raise_for_status()
                self._took.append((time.perf_counter() - started) * 1000)

    def figures(self) -> dict[str, float]:
        """Of the requests since the last call."""
        took, self._took = sorted(self._took), []
        if not took:
            return {}
        parts = {"p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100], "max": took[-1]}
        return {name: round(value, 1) for name, value in parts.items()}


def measure(workload: Workload, folder: Path, real: bool) -> dict[str, Any]:
    """One batch's way, in figures."""
    body = json.dumps({"problems": workload.problems(), "detail": workload.detail}).encode()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    worker = ["-m", "crossjudge.client", "worker"] if real else [__file__, "--judge-at"]
    with (
        EmbeddedRedis(folder) as redis,
        Redis.from_url(redis.url) as connection,
        started("-m", "crossjudge.service", "--port", str(port), "--redis-url", redis.url) as service,
        httpx2.Client(base_url=url, timeout=MOST_SECONDS) as http,
    ):
        wait_until(lambda: _is_alive(http), "the service")
        peaks = {"service": Peak(service.pid), "redis": Peak(int(connection.info("server")["process_id"]))}
        idle = {name: peak.look() for name, peak in peaks.items()}
        with Bystander(url) as bystander:
            time.sleep(0.5)
            healths = {"idle": bystander.figures()}
            figures: dict[str, Any] = {"body_mb": _mb(len(body)), "idle_mb": idle, "healthz_ms": healths}

            def stage(name: str) -> None:
                healths[name] = bystander.figures()
                figures.setdefault("peak_mb", {})[name] = {part: peak.look() for part, peak in peaks.items()}

            batch, figures["accept_seconds"] = _accepted(http, body)
            stage("accept")
            figures["redis_batch_mb"] = {"accepted": _held(connection, batch)}
            with started(*worker, redis.url) if not real else started(*worker, "--redis-url", redis.url):
                figures["judged_seconds"] = _judged(http, batch)
            stage("judge")
            figures["redis_batch_mb"]["judged"] = _held(connection, batch)
            for encoding in ("identity", "gzip", "zstd"):
                figures[f"answer_{encoding}"] = _answered(http, batch, encoding)
                stage(f"answer, {encoding}")
        figures["client"] = _read_by_the_client(url, batch)
    return figures


def _accepted(http: httpx2.Client, body: bytes) -> tuple[str, float]:
    packed = gzip.compress(body, 1)
    started = time.perf_counter()
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = http.post("/v1/batches", content=packed, headers=headers)
    took = time.perf_counter() - started
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"]), round(took, 2)


def _judged(http: httpx2.Client, batch: str) -> float:
    started = time.perf_counter()
    while True:
        page = http.get("/v1/batches").json()["batches"]  # without its problems
        state = next(each for each in page if each["id"] == batch)
        if state["status"] == "done":
            assert state["cells"]["done"] == state["cells"]["total"], state
            return round(time.perf_counter() - started, 1)
        assert time.perf_counter() - started < MOST_SECONDS, state
        time.sleep(0.05)


def _answered(http: httpx2.Client, batch: str, encoding: str) -> dict[str, float]:
    unpack = _unpacker(encoding)
    sent = size = 0
    first = 0.0
    started = time.perf_counter()
    with http.stream("GET", f"/v1/batches/{batch}", headers={"Accept-Encoding": encoding}) as answer:
        assert answer.status_code == 200
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - started
            sent += len(piece)
            size += len(unpack(piece))
    took = time.perf_counter() - started
    return {"first_byte_seconds": round(first, 3), "seconds": round(took, 2), "mb": _mb(size), "sent_mb": _mb(sent)}


def _unpacker(encoding: str) -> Callable[[bytes], bytes]:
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress
    return zlib.decompressobj(31).decompress if encoding == "gzip" else bytes


def _read_by_the_client(url: str, batch: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, __file__, "--read", f"{url} {batch}"], stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def read(url: str, batch: str) -> None:
    """In a process of its own: what the client takes to read the answer."""
    started = time.perf_counter()
    with Client(url, timeout=MOST_SECONDS) as client:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        grids = client.results(batch)
    assert grids
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = round(time.perf_counter() - started, 2)
    print(json.dumps({"seconds": took, "peak_mb": round(peak / 1024), "of_which_idle_mb": round(before / 1024)}))


def _held(connection: Redis, batch: str) -> float:
    """What the batch's own keys take in Redis, in MB."""
    return _mb(sum(int(str(connection.memory_usage(key, samples=0) or 0)) for key in batch_keys(batch)))


def _mb(size: int) -> float:
    return round(size / 2**20, 2)


def _is_alive(http: httpx2.Client) -> bool:
    try:
        return http.get("/healthz").status_code == 200
    except httpx2.TransportError:
        return False


def main(
    only: Annotated[list[str] | None, typer.Option(help="Some of the workloads, by name.")] = None,
    real: Annotated[bool, typer.Option("--real", help=f"Judge `{REAL}`, and it alone, with real workers.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to keep the figures.")] = None,
    judge_at: Annotated[str | None, typer.Option(hidden=True)] = None,
    read_from: Annotated[str | None, typer.Option("--read", hidden=True)] = None,
) -> None:
    """Measure, and print a table."""
    if judge_at is not None:
        return stand_in(judge_at)
    if read_from is not None:
        return read(*read_from.split())
    names = [REAL] if real else only or list(WORKLOADS)
    report: dict[str, dict[str, Any]] = {}
    for name in names:
        with TemporaryDirectory() as folder:
            report[name] = measure(WORKLOADS[name], Path(folder), real)
    place = where()
    show(report, place)
    if json_file is not None:
        json_file.write_text(json.dumps({"where": place, "real_workers": real, "workloads": report}, indent=2) + "\n")
    return None


def show(report: dict[str, dict[str, Any]], place: dict[str, Any]) -> None:
    """A row a workload."""
    table = Table(title=in_words(place))
    for heading in (
        "batch", "accepted s", "judged s", "answer MB", "answer s\nplain/gzip/zstd", "first byte s",
        "service MB\naccept/answer", "redis MB\npeak", "redis MB\nbatch",
        "healthz max ms\naccept/answer", "client s, MB",
    ):  # fmt: skip
        table.add_column(heading, justify="left" if heading == "batch" else "right")
    for name, row in report.items():
        answers = [row[f"answer_{encoding}"] for encoding in ("identity", "gzip", "zstd")]
        peaks, healths = row["peak_mb"], row["healthz_ms"]
        stages = [stage for stage in peaks if stage.startswith("answer")]
        table.add_row(
            name,
            f"{row['accept_seconds']}",
            f"{row['judged_seconds']}",
            f"{answers[0]['mb']}",
            "/".join(f"{answer['seconds']}" for answer in answers),
            f"{max(answer['first_byte_seconds'] for answer in answers)}",
            f"{peaks['accept']['service']}/{max(peaks[stage]['service'] for stage in stages)}",
            f"{max(peak['redis'] for peak in peaks.values())}",
            f"{row['redis_batch_mb']['judged']}",
            f"{healths['accept'].get('max', '-')}/{max(healths[stage].get('max', 0) for stage in stages)}",
            f"{row['client']['seconds']}, {row['client']['peak_mb']}",
        )
    Console(width=180).print(table)


if __name__ == "__main__":
    typer.run(main)

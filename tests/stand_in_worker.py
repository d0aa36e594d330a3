"""A worker whose jails only pretend: the solution's text says what the "sandbox" does. Everything else is real.

    pass         all tests pass
    until FILE   takes until there is such a file, then all tests pass
    break        the sandbox breaks
    break once   the sandbox breaks at the first attempt, in this process
    die          the worker process is killed
    bug          our own code raises

Run as a script it is `crossjudge worker` on such jails, so that what surrounds them is tested without any sandbox.
"""

import argparse
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from crossjudge.contracts import Chunk, ChunkResult, Columns, Order, Row, SourceReport, SourceStatus
from crossjudge.worker.cache import cached_pool
from crossjudge.worker.errors import JailError, Stopped
from crossjudge.worker.logs import set_up_logging
from crossjudge.worker.loop import run_worker
from crossjudge.worker.outcome import ColumnsAnswer, RawOutcome, RowAnswer, TestAnswer
from crossjudge.worker.processes import CANNOT_START, Supervisor
from crossjudge.worker.results import JudgedPart, chunk_result
from crossjudge.worker.settings import WorkerSettings

StartWorker = Callable[..., subprocess.Popen[str]]
"""Starts this script with the arguments given; `url` is the Redis to use, the test's by default."""

RIGHT = RawOutcome(ended=("exit", 0), said="passed", phase="test", used=True, cpu_ns=125_000_000)


class StandInPool:
    """Judges at once, or as slowly and badly as the solution says."""

    def __init__(self, *, starts: bool = True) -> None:
        self.starts = starts
        self.jail_starts = 0
        self.judged: list[str] = []
        self.broken: set[str] = set()

    def start(self) -> None:
        if not self.starts:
            raise JailError("no user namespaces here: sysctl user.max_user_namespaces is 0")
        self.jail_starts += 1

    def close(self) -> None:
        pass

    def judge(self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event) -> ChunkResult:
        return chunk_result(order, columns, chunk, self.observe(order, columns, chunk, stop))

    def observe(
        self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event
    ) -> list[JudgedPart]:
        return [self._observe(columns[part.problem], part.rows, stop) for part in chunk.parts]

    def _observe(self, columns: Columns, rows: list[Row], stop: threading.Event) -> JudgedPart:
        answers = []
        for row in rows:
            solution = str(row.solution)
            self.judged.append(solution)
            self._do(solution, stop)
            wanted = range(len(columns.tests)) if row.columns is None else row.columns
            cells = dict.fromkeys(wanted, RIGHT)
            answers.append(RowAnswer(solution=SourceReport(status=SourceStatus.OK), cells=cells))
        tests = [TestAnswer(status=SourceStatus.OK)] * len(columns.tests)
        return JudgedPart(ColumnsAnswer(prelude=SourceReport(status=SourceStatus.OK), tests=tests), answers)

    def _do(self, solution: str, stop: threading.Event) -> None:
        match solution.split():
            case ["until", path]:
                while not Path(path).exists():
                    if stop.wait(0.01):
                        raise Stopped
            case ["break"]:
                raise JailError("nsjail died")
            case ["break", "once", *_] if solution not in self.broken:
                self.broken.add(solution)
                raise JailError("nsjail died")
            case ["die"]:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(10)
            case ["bug"]:
                raise ZeroDivisionError("a bug of ours")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--burst", action="store_true")
    parser.add_argument("--broken", action="store_true")
    parser.add_argument("--cache-mb", type=int, default=0)
    parser.add_argument("--patience-s", type=float, default=cached_pool.PATIENCE_S)
    asked = parser.parse_args()
    settings = WorkerSettings(redis_url=asked.redis_url, cache_mb=asked.cache_mb)
    cached_pool.PATIENCE_S = asked.patience_s
    set_up_logging("debug")

    def body(number: int, ready: Callable[[], None]) -> None:
        pool = StandInPool(starts=not asked.broken)
        try:
            run_worker(settings, pool, f"stand-in-{number}", burst=asked.burst, ready=ready)
        except JailError as error:
            print(f"The sandbox does not start: {error}", flush=True)
            raise SystemExit(CANNOT_START) from error

    return Supervisor(asked.workers, body).run()


if __name__ == "__main__":
    raise SystemExit(main())

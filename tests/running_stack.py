"""The real stack: Redis, `crossjudge serve` and `crossjudge worker`, each a process of its own on a free port."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from crossjudge.client import Client, CrossjudgeError
from crossjudge.service.embedded import EmbeddedRedis, EmbeddedRedisError, free_port
from crossjudge.worker.checks import checks
from queued_batches import wait_for

COMMAND = [sys.executable, "-m", "crossjudge.client"]


class RunningStack:
    """Starts the parts, one by one or all, and ends them; a part may be ended and started again in between."""

    def __init__(self, folder: Path, *, chunk_cells: int | None = None) -> None:
        self.folder = folder
        self.chunk_cells = chunk_cells
        self.redis = EmbeddedRedis(folder / "redis")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.service: psutil.Popen | None = None
        self.workers: list[psutil.Popen] = []
        self._logs = 0

    def start(self, *, workers: int = 2) -> None:
        self.redis.start()
        self.start_service()
        self.start_worker("--workers", str(workers), "--jails", "1")
        wait_for(self._is_ready, "readiness")

    def start_service(self) -> None:
        self.service = self._run("serve", "--port", str(self.port))
        wait_for(self._is_alive, "the service's answer")

    def start_worker(self, *arguments: str) -> psutil.Popen:
        worker = self._run("worker", *arguments)
        self.workers.append(worker)
        return worker

    def stop_service(self) -> None:
        assert self.service is not None
        end(self.service)

    def stop(self) -> None:
        everything = [process for process in [*self.workers, self.service] if process and process.is_running()]
        descendants = [each for process in everything for each in process.children(recursive=True)]
        for process in everything:
            end(process)
        self.redis.stop()
        left = [each for each in descendants if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
        assert not left, f"the stack left processes behind: {left}"

    def log(self) -> str:
        """All that the parts have logged, for the message of a test that fails."""
        return "\n".join(file.read_text(errors="replace") for file in sorted(self.folder.glob("*.log")))

    def worker_log(self, index: int) -> str:
        """What the worker started as the `index`th has logged."""
        return sorted(self.folder.glob("*-worker.log"))[index].read_text(errors="replace")

    def _run(self, *arguments: str) -> psutil.Popen:
        self._logs += 1
        environment = {**os.environ, "REDIS_URL": self.redis.url}
        environment.pop("CROSSJUDGE_REDIS_URL", None)
        environment |= {} if self.chunk_cells is None else {"CROSSJUDGE_CHUNK_CELLS": str(self.chunk_cells)}
        with (self.folder / f"{self._logs}-{arguments[0]}.log").open("w") as log:
            return psutil.Popen([*COMMAND, *arguments], stdout=log, stderr=log, env=environment)

    def _is_alive(self) -> bool:
        assert self.service is not None
        assert self.service.poll() is None, f"the service ended:\n{self.log()}"
        with Client(self.url) as judge, contextlib.suppress(CrossjudgeError):
            return judge.health().status == "ok"
        return False

    def _is_ready(self) -> bool:
        assert all(worker.poll() is None for worker in self.workers), f"a worker ended:\n{self.log()}"
        with Client(self.url) as judge, contextlib.suppress(CrossjudgeError):
            return bool(judge.ready().workers)
        return False


def end(process: psutil.Popen) -> None:
    """Ask it to end; it must."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
        process.kill()
        raise


def kill_family(parent: psutil.Process) -> None:
    """A process and all that it has started, at once."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for each in [*parent.children(recursive=True), parent]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()


@functools.cache
def what_is_broken() -> str:
    """What `doctor` has against this machine's sandbox; empty where it works."""
    return "; ".join(f"{check.name}: {check.found}" for check in checks() if check.status == "fail")


@contextlib.contextmanager
def running(folder: Path, *, chunk_cells: int | None = None) -> Iterator[RunningStack]:
    if broken := what_is_broken():
        pytest.skip(f"the sandbox does not work here: {broken}")
    parts = RunningStack(folder, chunk_cells=chunk_cells)
    try:
        parts.start()
    except EmbeddedRedisError as error:
        pytest.skip(str(error))
    except BaseException:
        parts.stop()
        raise
    try:
        yield parts
    finally:
        parts.stop()

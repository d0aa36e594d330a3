"""crossjudge itself: its engine alone, and the whole service."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from crossjudge.client._sync import Client
from crossjudge.contracts import Isolation, Verdict, dump_json

from .cells import Place
from .processes import MemoryWatch, cpu_seconds
from .way import Setup, Turn, Way, WayUnavailable, Work

ENGINES: dict[str, list[str]] = {
    "engine-shared": ["--isolation", "shared"],
    "engine-split": ["--isolation", "split"],
    "engine-forks": ["--isolation", "split", "--fork-per-cell"],
}
"""Options of `crossjudge engine`, by the name of the way."""

SERVICES: dict[str, dict[str, Any]] = {
    "service": {"isolation": Isolation.SPLIT, "cache": False},
    "service-forks": {"isolation": Isolation.SPLIT, "cache": False, "fork_per_cell": True},
}
"""What batches are posted with, by the name of the way; the first is what latency and scaling are measured of."""

CACHED = "service-cached"

_LONGEST_TURN_S = 600.0


class Ours(Way):
    """What both have in common: matrices of letters."""

    is_sandboxed = True

    def places(self, matrices: list[list[str]]) -> dict[Place, bool]:
        """Which cells passed. Raises `WayUnavailable` where some were not judged: a rate would count them as work."""
        if count := sum(row.count(Verdict.NOT_JUDGED) for matrix in matrices for row in matrix):
            raise WayUnavailable(f"{self.name}: {count} cells could not be judged (X); see `crossjudge doctor`")
        return {
            (index, row, column): letter == Verdict.PASSED
            for index, matrix in enumerate(matrices)
            for row, letters in enumerate(matrix)
            for column, letter in enumerate(letters)
        }


class Engine(Ours):
    """The jails of one process, with no queue and no HTTP; their start is not counted."""

    has_latency = False

    def __init__(self, name: str, setup: Setup) -> None:
        super().__init__(name, setup)
        self._options = ENGINES[name]
        self.what = f"crossjudge engine {' '.join(self._options)}, {2 * setup.cores} jails"

    def __enter__(self) -> Self:
        if subprocess.run([*_command("engine"), "--help"], capture_output=True, check=False).returncode != 0:
            raise WayUnavailable(f"{self.name}: the worker is not installed: pip install 'crossjudge[worker]'")
        return self

    def judge(self, work: Work) -> Turn:
        with TemporaryDirectory(dir=self.setup.folder) as folder:
            file = Path(folder) / "problems.jsonl"
            file.write_bytes(b"".join(dump_json(problem) + b"\n" for problem in work.problems))
            said, memory = self._run(file, work.limits.cpu_seconds)
        [run] = said["runs"]
        passed = self.places([problem["matrix"] for problem in said["problems"]])
        return Turn(passed, run["seconds"], {"workers": run["cpu_seconds"]}, run["cells_cpu_seconds"], memory)

    def _run(self, file: Path, limit: float) -> tuple[dict[str, Any], dict[str, float]]:
        options = ["--json", "--jails", str(2 * self.setup.cores), "--cpu-seconds", str(limit), *self._options]
        command = [*_command("engine"), str(file), *options]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
            MemoryWatch(process.pid) as memory,
        ):
            try:
                out, err = process.communicate(timeout=_LONGEST_TURN_S)
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0:
            raise WayUnavailable(f"{self.name}: {err.strip()[-500:]}")
        said: dict[str, Any] = json.loads(out)
        return said, memory.peaks


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "crossjudge.client", name]


class Service(Ours):
    """Over HTTP, through Redis, to the workers, and back."""

    def __init__(self, name: str, setup: Setup) -> None:
        super().__init__(name, setup)
        self._options = SERVICES.get(name, {"isolation": Isolation.SPLIT})
        self._clients: dict[str, Client] = {}
        said = ", ".join(f"{option} {value}" for option, value in self._options.items())
        self.what = f"HTTP, Redis and {setup.stack.workers} worker processes, {said}"

    def __enter__(self) -> Self:
        self.setup.stack.running()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()

    def judge(self, work: Work) -> Turn:
        client, root = self._client(work.kind), self.setup.stack.running().pid
        assert root is not None
        with MemoryWatch(root) as memory:
            before, in_cells, own = cpu_seconds(root), self._cells_cpu(work.kind), time.process_time()
            started = time.perf_counter()
            grids = list(client.stream(work.problems, limits=work.limits, **self._options))
            seconds = time.perf_counter() - started
            callers, spent = time.process_time() - own, _difference(cpu_seconds(root), before)
        passed = self.places([grid.verdicts for grid in sorted(grids, key=lambda grid: grid.index)])
        in_cells = self._cells_cpu(work.kind) - in_cells
        return Turn(passed, seconds, spent | {"client": callers}, in_cells, memory.peaks)

    def answer(self, work: Work) -> float:
        client, [problem] = self._client(work.kind), work.problems
        started = time.perf_counter()
        client.matrix(
            problem.solutions, problem.tests, entry_point=problem.entry_point, limits=work.limits, **self._options
        )
        return time.perf_counter() - started

    def _client(self, kind: str) -> Client:
        """Each workload is a run of its own, since the service adapts chunks to what a run's cells take."""
        if kind not in self._clients:
            self._clients[kind] = Client(self.setup.stack.running().url, run=self._run(kind))
        return self._clients[kind]

    def _run(self, kind: str) -> str:
        return f"{self.name}-{kind}"

    def _cells_cpu(self, kind: str) -> float:
        """CPU time of all cells that this way had judged of this workload so far."""
        return sum(usage.cpu_seconds for usage in self._client(kind).runs() if usage.run == self._run(kind))


class Cached(Service):
    """The service asked for what it has just judged: the second time is what counts."""

    has_latency = False

    def judge(self, work: Work) -> Turn:
        super().judge(work)
        return super().judge(work)


def _difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    return {part: spent - before.get(part, 0.0) for part, spent in after.items()}

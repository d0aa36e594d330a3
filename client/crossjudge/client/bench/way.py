"""What a way of judging cells is, and what one turn of it says."""

import abc
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from crossjudge.client.errors import CommandError
from crossjudge.client.stack import Stack, StackError
from crossjudge.contracts import Limits, Problem

from .cells import Place


class WayUnavailable(CommandError):
    """A way cannot be measured on this machine; the message says why."""


@dataclass(frozen=True)
class Work:
    """What one turn judges: the problems, or no more than `most_cells` of their cells for ways that go cell by cell.

    `kind` is the workload's name.
    """

    kind: str
    problems: Sequence[Problem]
    limits: Limits
    most_cells: int


@dataclass(frozen=True)
class Turn:
    """What one way did in one turn.

    `cpu` is CPU time in seconds by part; `client` is the caller's and no part of a service. `in_cells` is the CPU time
    that the cells' own processes took, where the way knows it. `memory` is the peak in MB by part.
    """

    passed: dict[Place, bool]
    seconds: float
    cpu: dict[str, float]
    in_cells: float | None = None
    memory: dict[str, float] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        return len(self.passed)

    @property
    def rate(self) -> float:
        """Cells per second."""
        return self.cells / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU time of a cell, the caller's left aside."""
        return 1000 * sum(spent for part, spent in self.cpu.items() if part != "client") / self.cells


class StackOnDemand:
    """One stack for all ways that need one, started when the first of them asks."""

    def __init__(self, folder: Path, workers: int, jails: int | None = None) -> None:
        self.workers = workers
        self._stack = Stack(folder, workers=workers, jails=jails)

    def running(self) -> Stack:
        """Raises `WayUnavailable`."""
        if self._stack.pid is None:
            self._stack.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._stack.start()
            except StackError as error:
                self._stack.stop()
                raise WayUnavailable(f"no stack: {error}") from error
        return self._stack

    def stop(self) -> None:
        self._stack.stop()


@dataclass(frozen=True)
class Setup:
    """What ways are started with: an empty folder of the bench's own, cores to use, a stack, other services."""

    folder: Path
    cores: int
    stack: StackOnDemand
    code_judge: str | None = None
    sandboxfusion: str | None = None


class Way(abc.ABC):
    """One way of judging cells, ready between `__enter__`, which may raise `WayUnavailable`, and `__exit__`."""

    what = ""
    is_sandboxed = False
    is_by_cell = False
    """Whether it judges cells one by one, so that it may be given a part of a matrix."""
    has_latency = True
    """Whether one answer of it is worth waiting for: it is up before it is asked."""

    def __init__(self, name: str, setup: Setup) -> None:
        self.name = name
        self.setup = setup

    @abc.abstractmethod
    def judge(self, work: Work) -> Turn:
        """Judge the work."""

    def answer(self, work: Work) -> float:
        """Seconds until one caller has the verdicts of the work."""
        return self.judge(work).seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

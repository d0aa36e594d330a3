"""Whether anything is left on the machine after many cells, one in ten of them hostile. One command (`make leftovers`).

A stack judges problems of 10 × 10 cells; in each, one solution does to the machine whatever it can. Before and after:
all processes of the machine, its mounts, control groups, temporary files, files in shared memory, System V objects, and
the memory of the workers. Exit status 1 where any of them is not as before. What else starts or ends on the machine
meanwhile is seen as well: run it on one that does nothing else.
"""

import itertools
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console

from crossjudge.client import Client
from crossjudge.client.bench.machine import where
from crossjudge.client.stack import Stack
from crossjudge.contracts import Limits, Problem

LIMITS = Limits(cpu_seconds=0.2, wall_seconds=0.6, memory_mb=96, processes=12, disk_mb=8)
SIDE = 10
SETTLING_S = 60.0
SETTLED_S = 2.0
GROWTH_MB = 48.0
"""What a worker may have grown by: the interpreter's own arenas, not anything that grows with the number of cells."""

HOSTILE = {
    "fork bomb": "while True:\n        try: os.fork()\n        except OSError: pass",
    "daemons": "for _ in range(4):\n        if os.fork() == 0:\n            os.setsid()\n            os.fork()\n"
    "            time.sleep(60)",
    "memory bomb": "os.fork()\n    x = bytearray(b'x') * (1 << 30)",
    "shared memory": "m = mmap.mmap(-1, 1 << 27)\n    for i in range(0, 1 << 27, 4096): m[i] = 1",
    "sleeper": "time.sleep(60)",
    "spinner": "while True: pass",
    "crash": "ctypes.string_at(0)",
    "output flood": "while True: print('x' * 100_000)",
    "file flood": "for i in itertools.count(): open(f'/dev/shm/{i}', 'w').write('x' * 5000)",
    "early exit": "os._exit(0)",
    "zombies": "for _ in range(8):\n        if os.fork() == 0: os._exit(0)",
    "sockets": "kept = [socket.socket(socket.AF_UNIX) for _ in range(99)]\n"
    "    for i, s in enumerate(kept): s.bind(f'\\0left{i}')\n    time.sleep(60)",
}
_IMPORTS = "import ctypes, itertools, mmap, os, socket, time\n"


def problem(number: int, hostile: str) -> Problem:
    """Nine honest solutions and a hostile one; numbered, so that no cell equals another problem's."""
    solutions = [f"def f(x): return x + {number} + 0 * {each}" for each in range(SIDE - 1)]
    solutions.insert(number % SIDE, f"{_IMPORTS}def f(x):\n    {hostile}\n    return x + {number}")
    return Problem(id=str(number), solutions=solutions, tests=[f"assert f({x}) == {x + number}" for x in range(SIDE)])


def machine() -> dict[str, list[str]]:
    """What is on the machine that a program could have left there."""
    groups = (path for path in Path("/sys/fs/cgroup").rglob("crossjudge-*"))
    return {
        "processes": sorted(_named(psutil.process_iter(["pid", "name", "status"]))),
        "mounts": sorted(line.split(" ", 2)[2] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "control groups": sorted(map(str, groups)),
        "temporary files": sorted(map(str, Path(tempfile.gettempdir()).iterdir())),
        "shared memory": sorted(map(str, Path("/dev/shm").iterdir())),
        "System V": [line for kind in ("shm", "msg", "sem") for line in _table(Path("/proc/sysvipc", kind))],
    }


def _named(processes: Iterator[psutil.Process]) -> Iterator[str]:
    for each in processes:
        if not _is_the_kernels(each):
            yield f"{each.info['pid']} {each.info['name']}"


def _is_the_kernels(process: psutil.Process) -> bool:
    return process.pid == 2 or process.ppid() == 2


def _table(path: Path) -> list[str]:
    return path.read_text().splitlines()[1:] if path.exists() else []


def workers_mb(root: int) -> dict[str, float]:
    """Memory of the stack's processes, by what they are; of several, all together."""
    held: Counter[str] = Counter()
    for each in psutil.Process(root).children(recursive=True):
        words = each.cmdline()
        part = next((name for name in ("nsjail", "redis") if name in Path(words[0]).name), "ours") if words else "ours"
        if any("jail.supervisor" in word for word in words):
            part = "jails"
        held[part] += int(each.memory_full_info().pss)
    return {part: round(size / 2**20, 1) for part, size in sorted(held.items())}


def settled(root: int) -> dict[str, list[str]]:
    """The machine once nothing changes any more; or as it is after all of a minute."""
    deadline, found = time.monotonic() + SETTLING_S, machine()
    while time.monotonic() < deadline:
        time.sleep(SETTLED_S)
        before, found = found, machine()
        if found == before:
            break
    return found


def main(
    cells: Annotated[int, typer.Option(min=100, help="Cells, one in ten of them hostile.")] = 20_000,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to keep the figures.")] = None,
) -> None:
    """Judge, look, and say what differs."""
    console = Console()
    kinds = itertools.cycle(HOSTILE.values())
    outside = machine()
    with TemporaryDirectory() as folder, Stack(Path(folder)) as stack, Client(stack.url, cache=False) as client:
        assert stack.pid is not None
        verdicts = judge(client, [problem(number, next(kinds)) for number in range(len(HOSTILE))])  # all is warm then
        before, memory_before = settled(stack.pid), workers_mb(stack.pid)
        started = time.perf_counter()
        verdicts = judge(client, [problem(len(HOSTILE) + n, next(kinds)) for n in range(cells // SIDE**2)])
        seconds = time.perf_counter() - started
        after, memory_after = settled(stack.pid), workers_mb(stack.pid)
    closed = machine()
    report: dict[str, Any] = {
        "where": where(),
        "cells": cells,
        "seconds": round(seconds, 1),
        "verdicts": verdicts,
        "count": {name: [len(before[name]), len(after[name])] for name in before},
        "left": {"by the cells": added(before, after), "by the stack": added(outside, closed)},
        "memory_mb": {"before": memory_before, "after": memory_after},
    }
    console.print_json(json.dumps(report))
    if json_file is not None:
        json_file.write_text(json.dumps(report, indent=2) + "\n")
    if any(report["left"].values()) or memory_after["ours"] > memory_before["ours"] + GROWTH_MB:
        raise typer.Exit(1)


def judge(client: Client, problems: list[Problem]) -> dict[str, int]:
    """How often each letter came; each problem's honest rows must have passed."""
    letters: Counter[str] = Counter()
    for grid in client.stream(problems, limits=LIMITS):
        letters.update("".join(grid.verdicts))
        honest = [row for number, row in enumerate(grid.verdicts) if number != int(grid.id) % SIDE]
        assert honest == ["P" * SIDE] * (SIDE - 1), grid.verdicts
    return dict(sorted(letters.items()))


def added(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """What was not there before, of each kind that has any."""
    new = {name: sorted({*after[name]} - {*before[name]}) for name in before}
    return {name: lines for name, lines in new.items() if lines}


if __name__ == "__main__":
    os.environ.setdefault("CROSSJUDGE_JAILS", "4")
    typer.run(main)

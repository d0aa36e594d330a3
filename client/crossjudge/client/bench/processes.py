"""CPU time and memory of a tree of processes, by part of the stack, read from /proc."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PARENT, _TIMES = 1, slice(11, 15)  # fields after the name: own user and system time, that of children waited for
_SAMPLE_S = 0.5


def part_of(line: str) -> str:
    """What a process of a stack is, from its command line."""
    if "crossjudge.worker" in line:  # before the next: its options name nsjail too
        return "workers"
    if "redis-server" in line:
        return "redis"
    if "nsjail" in line or "jail.supervisor" in line or "runsc" in line:
        return "jails"
    if "crossjudge.service" in line or "uvicorn" in line:
        return "service"
    return "up" if "crossjudge.client up" in line else "workers"


def cpu_seconds(root: int) -> dict[str, float]:
    """CPU time of a process and its descendants by part; who waits for a process takes over its time."""
    spent: dict[str, float] = {}
    for pid, ticks in _tree(root).items():
        if line := _command_line(pid):
            spent[part_of(line)] = spent.get(part_of(line), 0.0) + ticks * _TICK_S
    return spent


def memory_mb(root: int) -> dict[str, float]:
    """Memory by part, what processes share counted once."""
    held: dict[str, float] = {}
    for pid in _tree(root):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii", "replace").splitlines()
        except OSError:  # it has just ended
            continue
        kilobytes = next((int(line.split()[1]) for line in rollup if line.startswith("Pss:")), 0)
        part = part_of(_command_line(pid))
        held[part] = held.get(part, 0.0) + kilobytes / 1024
    return held


def busy_seconds() -> float:
    """CPU time that anybody has used on this machine."""
    user, nice, system, _idle, _waiting, *more = map(int, Path("/proc/stat").read_bytes().split(b"\n")[0].split()[1:])
    return (user + nice + system + sum(more[:2])) * _TICK_S


class Others:
    """What share of the machine others take while the block runs: figures of a busy machine say little."""

    share = 0.0

    def __enter__(self) -> Self:
        self._before = self._clocks()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        seconds, busy, own = (after - before for before, after in zip(self._before, self._clocks(), strict=True))
        self.share = max(0.0, busy - own) / (seconds * (os.cpu_count() or 1))

    def _clocks(self) -> tuple[float, float, float]:
        return time.monotonic(), busy_seconds(), sum(cpu_seconds(os.getpid()).values())


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def _tree(root: int) -> dict[int, int]:
    """The root and its descendants, with the ticks of CPU time of each."""
    ticks, children = _everyone()
    found: dict[int, int] = {}
    left = [root]
    while left:
        pid = left.pop()
        if pid in ticks:
            found[pid] = ticks[pid]
            left += children.get(pid, [])
    return found


def _everyone() -> tuple[dict[int, int], dict[int, list[int]]]:
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = {}
    for pid, fields in _stats():
        ticks[pid] = sum(map(int, fields[_TIMES]))
        children.setdefault(int(fields[_PARENT]), []).append(pid)
    return ticks, children


def _stats() -> Iterator[tuple[int, list[bytes]]]:
    for name in os.listdir("/proc"):  # noqa: PTH208 - Path.iterdir takes three times as long, beside what is measured
        if name.isdigit():
            try:
                yield int(name), Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue


class MemoryWatch:
    """Peak memory of each part of a tree while the block runs, in MB; of several processes, of all together."""

    def __init__(self, root: int, every_s: float = _SAMPLE_S) -> None:
        self.peaks: dict[str, float] = {}
        self._root = root
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            self._look()

    def _look(self) -> None:
        for part, held in memory_mb(self._root).items():
            self.peaks[part] = max(self.peaks.get(part, 0.0), held)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._look()  # what is over within the first interval has been seen once at least

"""How long one caller waits for one matrix, and for one cell: of a machine that does nothing else, and under load.

Under load, matrices are asked for at times of their own, whatever has become of those before: at random intervals,
on average as many as are 80 % of what was measured as the most. So waiting in the queue counts.
"""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from . import figures
from .cells import count
from .steps import Tell
from .throughput import may_run
from .way import Way, Work
from .workloads import Workload

LOAD = 0.8
KINDS = {"tiny": "cell", "literal": "matrix"}
"""Workloads that one answer is measured of, and what the answer is."""

_FEWEST = 3
_MOST = 100
_MOST_WAITING = 256
_TINY_EVERY_S = 0.25


@dataclass
class Waits:
    """Seconds that one caller waited, answer by answer, of one way on one workload."""

    way: Way
    workload: Workload
    idle: list[float] = field(default_factory=list)
    loaded: list[float] = field(default_factory=list)


def prepared(ways: Sequence[Way], workloads: Sequence[Workload]) -> list[Waits]:
    """What there is to measure; a whole matrix only of ways that are asked for one."""
    return [
        Waits(way, load)
        for load in workloads
        if load.name in KINDS
        for way in ways
        if way.has_latency and may_run(way, load) and not (way.is_by_cell and count(load.problems[:1]) > 1)
    ]


def _one(load: Workload, mark: str, number: int) -> Work:
    return Work(load.name, load.take(1, mark, number), load.limits, count(load.problems[:1]))


def measure_idle(waits: Sequence[Waits], budget_s: float, tell: Tell) -> None:
    """One answer after the other, the ways in turns, until each has used up its time."""
    for turn in range(_MOST):
        for each in figures.rotated(waits, turn):
            if turn < _FEWEST or sum(each.idle) < budget_s:
                tell(f"{each.way.name}: waiting for one {KINDS[each.workload.name]}, idle")
                each.idle.append(each.way.answer(_one(each.workload, f"idle-{each.way.name}-{turn}", turn)))


def measure_loaded(matrix: Waits, tiny: Waits | None, rate: float, seconds: float) -> None:
    """Matrices at 80 % of `rate` cells per second; meanwhile single cells now and then."""
    matrices = LOAD * rate / count(matrix.workload.problems[:1])
    times = [(at, matrix) for at in arrivals(matrices, seconds)]
    if tiny is not None:
        times += [(n * _TINY_EVERY_S, tiny) for n in range(int(seconds / _TINY_EVERY_S))]
    works = [
        (at, each, _one(each.workload, f"loaded-{each.way.name}-{number}", number))
        for number, (at, each) in enumerate(sorted(times, key=lambda pair: pair[0]))
    ]
    started = time.perf_counter()
    with ThreadPoolExecutor(_MOST_WAITING) as callers:
        asked = []
        for at, each, work in works:
            time.sleep(max(0.0, started + at - time.perf_counter()))
            asked.append((each, callers.submit(_since, started + at, each.way, work)))
        for each, answer in asked:
            each.loaded.append(answer.result())


def _since(due: float, way: Way, work: Work) -> float:
    """Seconds from when the answer was to be asked for: that we came late to ask is part of the wait."""
    way.answer(work)
    return time.perf_counter() - due


def arrivals(rate: float, seconds: float) -> list[float]:
    """Moments at random intervals (a Poisson process), `rate` a second on average; the same in each run."""
    chance, at = random.Random(0), 0.0
    found = [0.0]
    while (at := at + chance.expovariate(rate)) < seconds:
        found.append(at)
    return found

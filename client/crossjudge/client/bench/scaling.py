"""How cells per second grow with the number of worker processes, each number in a stack of its own.

Each has one jail: with the usual two, one worker process alone keeps two cores busy.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import figures
from .ours import Service
from .steps import Tell
from .throughput import Throughput
from .way import Setup, StackOnDemand
from .workloads import Workload


@dataclass(frozen=True)
class Scale:
    """Cells per second with so many worker processes, round by round."""

    workers: int
    rates: list[float]


def steps(most: int) -> list[int]:
    """1, 2, 4, … and `most`."""
    powers = [1 << n for n in range(most.bit_length()) if 1 << n < most]
    return [*powers, most]


def measure(setup: Setup, name: str, load: Workload, rounds: int, seconds: float, tell: Tell) -> list[Scale]:
    """Each number of workers in its turn, `rounds` times, in rotated order."""
    scales = [Scale(workers, []) for workers in steps(setup.stack.workers)]
    for number in range(rounds):
        for scale in figures.rotated(scales, number):
            tell(f"{name} with {scale.workers} worker processes: round {number + 1}")
            folder = setup.folder / f"scaling-{number}-{scale.workers}"
            scale.rates.extend(_one(setup, folder, scale.workers, (name, load, seconds)))
    return scales


def _one(setup: Setup, folder: Path, workers: int, what: tuple[str, Workload, float]) -> Sequence[float]:
    name, load, seconds = what
    stack = StackOnDemand(folder, workers, jails=1)
    try:
        with Service(name, replace(setup, stack=stack)) as way:
            throughput = Throughput([way], [load], seconds, lambda _: None)
            throughput.warm_up()
            throughput.round(0)  # one batch alone does not show how fast the way is: the next turn is made to measure
            throughput.round(1)
            [row] = throughput.found[0].rows
            return row.rates[1:]
    finally:
        stack.stop()

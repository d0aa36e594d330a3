"""One benchmark from first to last: start the ways, measure in turns, report."""

import json
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
from rich.console import Console

from crossjudge.client.errors import CommandError
from crossjudge.client.signals import signals_end_us

from . import latency, machine, picture, report, scaling, tables
from .choices import STDOUT, Choices
from .ours import SERVICES
from .processes import Others
from .published import Published
from .steps import Steps
from .throughput import Measured, Throughput
from .way import Setup, StackOnDemand
from .ways import opened, rivals
from .workloads import KINDS, SIDE, Workload

_QUIET_SHARE = 0.05
_WIDE = 110
_BUSY = "the machine was not quiet: {:.0%} of it went to other processes meanwhile; trust the ratios alone"


def run(choices: Choices) -> None:
    """Measure what was chosen; tables on stdout (on stderr where the JSON goes there), files where they were named."""
    started = time.monotonic()
    place = machine.where()
    console = Console(stderr=True, highlight=False)
    with signals_end_us():
        found = {"format": report.FORMAT, "where": place, **_measure(choices, console)}
    found["seconds"] = round(time.monotonic() - started, 1)
    is_piped = choices.json_file == STDOUT
    tables.show(found, _screen(is_piped))
    written = json.dumps(found, indent=2, ensure_ascii=False)
    if is_piped:
        typer.echo(written)
    elif choices.json_file is not None:
        choices.json_file.write_text(written + "\n", "utf-8")
    if choices.plot is not None:
        picture.draw(found, choices.plot)


def _screen(is_piped: bool) -> Console:
    """Where the tables go; a file or a pipe is wide enough for them."""
    console = Console(stderr=is_piped, highlight=False)
    return console if console.is_terminal else Console(stderr=is_piped, highlight=False, width=_WIDE)


def _measure(choices: Choices, console: Console) -> dict[str, Any]:
    data = None if choices.data is None else Published(choices.data, SIDE)
    notes: list[str] = []
    loads = _workloads(choices, data, notes)
    with TemporaryDirectory(prefix="crossjudge-bench-") as name, ExitStack() as stack, Steps(console) as steps:
        setup = _setup(choices, Path(name), stack)
        steps.tell("starting")
        ways, left_out = opened(choices.ways, setup, stack, must=choices.must)
        ways += rivals(setup, stack)
        if not ways:
            raise CommandError("nothing can be measured here: " + "; ".join(left_out))
        throughput = Throughput(
            ways, [load for load in loads if load.name != "tiny"], choices.effort.seconds, steps.tell
        )
        waits = latency.prepared(ways, loads) if choices.latency else []
        steps.expect(throughput.turns * (choices.effort.rounds + 1))
        with Others() as others:
            throughput.warm_up()
            for number in range(choices.effort.rounds):
                throughput.round(number)
            steps.expect(None)
            full = _measure_latency(choices, waits, throughput.found, steps)
            setup.stack.stop()
            scales = _measure_scaling(choices, setup, loads, throughput.found, steps)
    notes += [_BUSY.format(others.share)] if others.share > _QUIET_SHARE else []
    return {
        "options": _options(choices),
        "others_share": round(others.share, 3),
        "throughput": report.throughput(throughput.found, setup.cores),
        "latency": report.latency(waits, full),
        "scaling": report.scaling(scales),
        "notes": [*notes, *left_out, *_commits(choices)],
    }


def _setup(choices: Choices, folder: Path, stack: ExitStack) -> Setup:
    on_demand = StackOnDemand(folder / "stack", choices.workers)
    stack.callback(on_demand.stop)
    return Setup(folder, machine.cores(), on_demand, choices.code_judge, choices.sandboxfusion)


def _workloads(choices: Choices, data: Published | None, notes: list[str]) -> list[Workload]:
    loads = [(name, KINDS[name](data)) for name in choices.workloads]
    missing = [name for name, load in loads if load is None]
    notes += [f"{name}: not measured: it needs published data, see --data" for name in missing]
    if found := [load for _, load in loads if load is not None]:
        return found
    raise CommandError("; ".join(notes))


def _measure_latency(choices: Choices, waits: list[latency.Waits], found: list[Measured], steps: Steps) -> float | None:
    """Returns the most cells per second that our service did on matrices, which the load is a share of."""
    effort = choices.effort
    seconds = effort.loaded_turns * effort.seconds
    latency.measure_idle(waits, effort.idle_turns * effort.seconds, steps.tell)
    by_place = {(each.way.name, each.workload.name): each for each in waits}
    name = next(iter(SERVICES))
    matrix = by_place.get((name, "literal"))
    rate = next((measured.rate(name) for measured in found if measured.workload.name == "literal"), None)
    if matrix is not None and rate is not None:
        steps.tell(f"{name}: waiting for matrices and cells under load")
        latency.measure_loaded(matrix, by_place.get((name, "tiny")), rate, seconds)
    return rate


def _measure_scaling(
    choices: Choices, setup: Setup, loads: list[Workload], found: list[Measured], steps: Steps
) -> list[scaling.Scale]:
    name = next(iter(SERVICES))
    load = next((load for load in loads if load.name != "tiny"), None)
    if not choices.scaling or load is None or all(measured.row(name) is None for measured in found):
        return []
    return scaling.measure(setup, name, load, choices.effort.scaling_rounds, choices.effort.seconds, steps.tell)


def _options(choices: Choices) -> dict[str, Any]:
    effort = choices.effort
    return {
        "command": " ".join(["crossjudge", *sys.argv[1:]]),
        "rounds": effort.rounds,
        "seconds": effort.seconds,
        "idle_seconds": effort.idle_turns * effort.seconds,
        "loaded_seconds": effort.loaded_turns * effort.seconds,
        "workers": choices.workers,
    }


def _commits(choices: Choices) -> list[str]:
    """Which versions of the other services were measured."""
    named = {"code-judge": choices.code_judge, "sandboxfusion": choices.sandboxfusion}
    return [
        f"{name} at {place}, commit {machine.commit_of(Path(place)) or 'unknown'}"
        for name, place in named.items()
        if place
    ]

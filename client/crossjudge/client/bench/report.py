"""What was measured as one JSON object, which the tables and the picture are drawn from."""

from collections.abc import Mapping, Sequence
from typing import Any

from . import figures
from .latency import LOAD, Waits
from .scaling import Scale
from .throughput import Measured, Row
from .ways import BASE

FORMAT = 1


def throughput(found: Sequence[Measured], cores: int) -> dict[str, Any]:
    """By workload: what it is, and each way's figures."""
    return {
        measured.workload.name: {
            "what": measured.workload.what,
            "origin": measured.workload.origin,
            "ways": {row.way.name: way(row, measured, cores) for row in measured.rows},
        }
        for measured in found
    }


def way(row: Row, measured: Measured, cores: int) -> dict[str, Any]:
    """One way on one workload: medians over the rounds. CPU times are in milliseconds a cell."""
    rate = figures.median(row.rates)
    return {
        "what": row.way.what,
        "is_sandboxed": row.way.is_sandboxed,
        "cells_per_second": round(rate, 1),
        "cells_per_second_per_core": round(rate / cores, 1),
        "rounds": [round(each, 1) for each in row.rates],
        "cells": sum(turn.cells for turn in row.turns),
        "cpu_ms": cpu_ms(row, measured.row("in-process")),
        "times": times(row, measured),
        "memory_mb": memory(row),
        "first_cells": row.first.cells if row.first else 0,
        "first_cells_differing": row.differing,
    }


def cpu_ms(row: Row, bare: Row | None) -> dict[str, Any]:
    """CPU time of a cell, what the program itself takes of it, and what is left: the harness.

    `program` is what the same cells take in one interpreter, in this run; where that was not measured, what the way
    itself counted in the cells' processes (`in_cells`), in which their start is.
    """
    known = [turn for turn in row.turns if turn.cpu]
    if not known:
        return dict.fromkeys(("total", "program", "harness", "in_cells")) | {"by_part": {}}
    total = figures.median([turn.cpu_ms for turn in known])
    counted = [1000 * turn.in_cells / turn.cells for turn in known if turn.in_cells is not None]
    in_cells = figures.median(counted) if counted else None
    program = figures.median([turn.cpu_ms for turn in bare.turns]) if bare and bare.turns else in_cells
    parts = {part for turn in known for part in turn.cpu}
    by_part = {
        part: round(figures.median([1000 * turn.cpu.get(part, 0.0) / turn.cells for turn in known]), 3)
        for part in sorted(parts)
    }
    harness = None if program is None else max(0.0, total - program)
    return {
        "total": round(total, 3),
        "program": _rounded(program),
        "harness": _rounded(harness),
        "in_cells": _rounded(in_cells),
        "by_part": by_part,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def times(row: Row, measured: Measured) -> dict[str, float]:
    """How many times as fast as each of the others: medians of the rounds' ratios."""
    return {
        other.way.name: round(figures.paired_ratio(row.rates, other.rates), 3)
        for other in measured.rows
        if other is not row and len(other.rates) == len(row.rates)
    }


def memory(row: Row) -> dict[str, float]:
    parts = sorted({part for turn in row.turns for part in turn.memory})
    return {part: round(max(turn.memory.get(part, 0.0) for turn in row.turns), 1) for part in parts}


def latency(waits: Sequence[Waits], rate: float | None) -> dict[str, Any]:
    """By workload and way: percentiles idle and, where it was measured, under load."""
    found: dict[str, Any] = {}
    for each in waits:
        figures_of_it: dict[str, Any] = {"idle": figures.latencies(each.idle)} if each.idle else {}
        if each.loaded:
            figures_of_it["loaded"] = figures.latencies(each.loaded)
        found.setdefault(each.workload.name, {})[each.way.name] = figures_of_it
    offered = round(LOAD * rate, 1) if rate and any(each.loaded for each in waits) else None
    return {"load_cells_per_second": offered, "load_share": LOAD, "workloads": found}


def scaling(scales: Sequence[Scale]) -> list[dict[str, Any]]:
    """By number of workers: the rate, and how many times that of one."""
    return [
        {
            "workers": scale.workers,
            "cells_per_second": round(figures.median(scale.rates), 1),
            "rounds": [round(rate, 1) for rate in scale.rates],
            "times_one": round(figures.paired_ratio(scale.rates, scales[0].rates), 3),
        }
        for scale in scales
    ]


def base_of(ways: Mapping[str, Any]) -> str | None:
    """What the table compares with: `python -c` where it was measured, else the first."""
    return BASE if BASE in ways else next(iter(ways), None)

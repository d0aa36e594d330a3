"""The report as tables on a terminal."""

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from .latency import KINDS
from .machine import in_words
from .report import base_of


def show(report: dict[str, Any], console: Console) -> None:
    """All of it."""
    for part in _parts(report):
        console.print(part)


def _parts(report: dict[str, Any]) -> Iterator[RenderableType]:
    yield Text(in_words(report["where"]))
    for name, load in report["throughput"].items():
        yield ""
        yield _throughput(name, load)
    if report["latency"]["workloads"]:
        yield ""
        yield _latency(report["latency"])
    if report["scaling"]:
        yield ""
        yield _scaling(report["scaling"])
    for note in report["notes"]:
        yield Text(note, style="dim")
    yield Text(f"measured in {report['seconds']:,.0f} s", style="dim")


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _throughput(name: str, load: dict[str, Any]) -> Table:
    ways = load["ways"]
    base = base_of(ways)
    table = _table(
        f"{name}: {load['what']} ({load['origin']})",
        "way", "cells/s", "range", "/core", "CPU ms", "program", "harness", f"× {base}", "MB",
    )  # fmt: skip
    for way, row in ways.items():
        cpu, held = row["cpu_ms"], sum(row["memory_mb"].values())
        doubt = (
            f" ({row['first_cells_differing']} of {row['first_cells']} differ)" if row["first_cells_differing"] else ""
        )
        table.add_row(
            way + doubt, f"{row['cells_per_second']:,.0f}", f"{min(row['rounds']):,.0f}–{max(row['rounds']):,.0f}",
            f"{row['cells_per_second_per_core']:,.0f}", _number(cpu["total"]), _number(cpu["program"]),
            _number(cpu["harness"]), "1" if way == base else _number(row["times"].get(base), 1),
            f"{held:,.0f}" if held else "-",
        )  # fmt: skip
    return table


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _latency(latency: dict[str, Any]) -> Table:
    load = latency["load_cells_per_second"]
    title = "latency of one answer, ms"
    if load:
        title += f"; loaded: {latency['load_share']:.0%} of the full load, {load:,.0f} cells/s"
    table = _table(title, "way", "of", "machine", "p50", "p95", "p99", "answers")
    for kind, ways in latency["workloads"].items():
        for way, states in ways.items():
            for state, row in states.items():
                shares = (_number(row[share], 1) for share in ("p50_ms", "p95_ms", "p99_ms"))
                table.add_row(way, f"one {KINDS[kind]}", state, *shares, str(row["count"]))
    return table


def _scaling(scales: list[dict[str, Any]]) -> Table:
    table = _table("worker processes of one jail", "workers", "cells/s", "lowest–highest", "× one")
    for row in scales:
        spread = f"{min(row['rounds']):,.0f}–{max(row['rounds']):,.0f}"
        table.add_row(str(row["workers"]), f"{row['cells_per_second']:,.0f}", spread, _number(row["times_one"]))
    return table

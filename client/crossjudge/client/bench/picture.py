"""The report as a picture. Imports matplotlib only when it draws."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .latency import KINDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any of the common kinds of colour blindness tell apart.
_OURS, _OTHERS, _PROGRAM, _HARNESS = "#0072B2", "#BBBBBB", "#009E73", "#E69F00"
_SHARES = {"p50_ms": "#56B4E9", "p95_ms": "#0072B2", "p99_ms": "#000000"}
_FAR_APART = 10
_IS_OURS = ("service", "engine")


def draw(report: dict[str, Any], path: Path) -> None:
    """A row for each workload (rate and CPU time a cell), then latency and scaling."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    loads = report["throughput"]
    heights = [0.5 + 0.34 * len(load["ways"]) for load in loads.values()]
    has_rest = bool(report["latency"]["workloads"] or report["scaling"])
    heights += [0.9 + 0.34 * max(6, _bars(report["latency"]))] if has_rest else []
    figure = Figure(figsize=(12, sum(heights) + 0.75 * len(heights) + 1.0), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
    for at, (name, load) in enumerate(loads.items()):
        _rates(figure.add_subplot(grid[at, 0]), name, load)
        _cpu(figure.add_subplot(grid[at, 1]), load)
    if has_rest:
        _latency(figure.add_subplot(grid[len(loads), 0]), report["latency"])
        _scaling(figure.add_subplot(grid[len(loads), 1]), report["scaling"])
    _head(figure, report["where"])
    figure.savefig(path, dpi=120)


def _head(figure: "Figure", place: dict[str, Any]) -> None:
    commit = f", commit {place['commit']}" if place["commit"] else ""
    title = f"crossjudge bench: {place['processor']}, {place['cores']} cores, {place['date'][:10]}{commit}"
    figure.suptitle(title, fontsize=12, x=0.01, ha="left")


def _rates(axes: "Axes", name: str, load: dict[str, Any]) -> None:
    ways = load["ways"]
    rates = [row["cells_per_second_per_core"] for row in ways.values()]
    colours = [_OURS if way.startswith(_IS_OURS) else _OTHERS for way in ways]
    bars = axes.barh(range(len(ways)), rates, color=colours)
    axes.bar_label(bars, [f"{rate:,.{0 if rate >= 10 else 1}f}" for rate in rates], padding=3, fontsize=8)
    if max(rates) > _FAR_APART * min(rates):
        axes.set_xscale("log")
        axes.set_xlim(min(rates) / 2, max(rates) * 3)
    else:
        axes.margins(x=0.12)
    axes.set_title(f"{name}: cells/s/core ({load['origin']})", fontsize=10, loc="left")
    _name_bars(axes, list(ways))


def _cpu(axes: "Axes", load: dict[str, Any]) -> None:
    from matplotlib.patches import Patch

    rows = {way: row["cpu_ms"] for way, row in load["ways"].items()}
    programs = [min(cpu["program"] or 0.0, cpu["total"] or 0.0) for cpu in rows.values()]
    rest = [(cpu["total"] or 0.0) - program for cpu, program in zip(rows.values(), programs, strict=True)]
    # Grey: nobody knows what of it is the program.
    colours = [_OTHERS if cpu["program"] is None else _HARNESS for cpu in rows.values()]
    axes.barh(range(len(rows)), programs, color=_PROGRAM)
    bars = axes.barh(range(len(rows)), rest, left=programs, color=colours)
    axes.bar_label(
        bars, [f"{cpu['total']:.2f}" if cpu["total"] else "?" for cpu in rows.values()], padding=3, fontsize=8
    )
    axes.margins(x=0.12)
    axes.set_title("CPU ms a cell", fontsize=10, loc="left")
    handles = [Patch(color=_PROGRAM, label="program"), Patch(color=_HARNESS, label="harness")]
    axes.legend(handles=handles, fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
    _name_bars(axes, list(rows))


def _name_bars(axes: "Axes", names: list[str]) -> None:
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _waits(latency: dict[str, Any]) -> dict[str, dict[str, float]]:
    return {
        f"{way}, {KINDS[kind]}, {state}": row
        for kind, ways in latency["workloads"].items()
        for way, states in ways.items()
        for state, row in states.items()
    }


def _bars(latency: dict[str, Any]) -> int:
    return len(_waits(latency))


def _latency(axes: "Axes", latency: dict[str, Any]) -> None:
    waits = _waits(latency)
    axes.set_title("latency of one answer, ms: p50, p95, p99", fontsize=10, loc="left")
    if not waits:
        axes.set_axis_off()
        return
    for share, colour in _SHARES.items():
        values = [row[share] for row in waits.values()]
        axes.scatter(values, range(len(waits)), color=colour, s=28, label=share.removesuffix("_ms"), zorder=3)
    for at, row in enumerate(waits.values()):
        axes.plot([row["p50_ms"], row["p99_ms"]], [at, at], color="#999999", linewidth=1)
        axes.annotate(
            f"{row['p50_ms']:,.0f}", (row["p50_ms"], at), (-5, 4), textcoords="offset points", fontsize=7, ha="right"
        )
    axes.set_xscale("log")
    axes.grid(axis="x", color="#EEEEEE")
    axes.margins(x=0.15, y=0.08)
    axes.legend(fontsize=8, frameon=False, loc="best")
    _name_bars(axes, list(waits))


def _scaling(axes: "Axes", scales: list[dict[str, Any]]) -> None:
    if not scales:
        axes.set_axis_off()
        return
    workers = [row["workers"] for row in scales]
    rates = [row["cells_per_second"] for row in scales]
    axes.plot(
        workers, [rates[0] * count / workers[0] for count in workers], color="#BBBBBB", linestyle="--", label="linear"
    )
    axes.plot(workers, rates, color=_OURS, marker="o", label="measured")
    for row in scales:
        place = (row["workers"], row["cells_per_second"])
        axes.annotate(f"× {row['times_one']:.2f}", place, (0, -14), textcoords="offset points", fontsize=8)
    axes.set_xticks(workers)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.12)
    axes.set_title("cells/s by worker processes of one jail", fontsize=10, loc="left")
    axes.legend(fontsize=8, frameon=False, loc="lower right")
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)

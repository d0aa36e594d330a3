"""Charts drawn. matplotlib is imported only then."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from crossjudge.trainer.picture_frame import BLACK, STYLES, new_figure, plain

from .charts import Chart, Line
from .text import clean, cut

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

INK, SOFT, FAINT, ALARM = "#171b22", "#5a6372", "#dde1e8", "#b3261e"
_WIDTH, _HEIGHT, _LINE = 4.2, 2.6, 0.17  # inches: on a phone's width, the letters keep about the size of the page's
_MOST_ALARMS = 40
_MARKED_POINTS = 12
_LONGEST_LABEL = 70


@contextmanager
def drawn_in(name: str) -> Iterator[None]:
    """What figures are made and saved in. Labels are never read as formulas, nor ids drawn at random."""
    from matplotlib import rc_context

    settings: dict[RcKeyType, Any] = {
        "text.parse_math": False, "svg.fonttype": "none", "svg.hashsalt": clean(name), "font.size": 9,
        "text.color": INK, "axes.labelcolor": SOFT, "axes.edgecolor": SOFT, "xtick.color": SOFT, "ytick.color": SOFT,
    }  # fmt: skip
    with rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph", category=UserWarning)  # a name in a script without a font
        yield


def figure_of(chart: Chart, *, has_legend: bool, has_title: bool = False) -> "Figure":
    """The chart's lines with a band of one standard error, and a mark at each step with an alarm."""
    from matplotlib.ticker import MaxNLocator

    with drawn_in(chart.title):
        columns = _columns_below(chart.lines) if has_legend else 0
        rows = -(-len(chart.lines) // columns) if columns else 0
        figure = new_figure(_WIDTH, _HEIGHT + _LINE * rows)
        axes = figure.subplots()
        for line in chart.lines:
            _draw(axes, line)
        _mark(axes, chart.alarms)
        if chart.is_share:
            axes.set_ylim(-0.03, 1.03)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
        axes.grid(color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
        axes.set_xlabel(_axis(chart), fontsize=9)
        plain(axes, clean(chart.title) if has_title else "")
        axes.tick_params(labelsize=9)
        if columns:
            figure.legend(loc="outside lower center", fontsize=8, frameon=False, labelcolor=INK, ncols=columns)
        elif has_legend:
            axes.legend(fontsize=9, framealpha=0, labelcolor=INK)
        return figure


def _axis(chart: Chart) -> str:
    return "step" if chart.steps_of_mean == 1 else f"step (each point a mean of {chart.steps_of_mean})"


def _columns_below(lines: Sequence[Line]) -> int:
    """Of the legend below the chart; 0 where it has room on the chart."""
    longest = max(len(line.label) for line in lines)
    if len(lines) <= 3 and longest <= 24:
        return 0
    return 1 if longest > 28 else 2 if longest > 14 else 3


def _draw(axes: "Axes", line: Line) -> None:
    colour, dash, marker = STYLES[line.place % len(STYLES)]
    colour = INK if colour == BLACK else colour  # what is black has no colour in an SVG, and stays so on a dark page
    curve = line.curve
    label = clean(cut(line.label, _LONGEST_LABEL))
    axes.plot(
        curve.steps, curve.values, color=colour, linestyle=dash, linewidth=1.5, label=label.removeprefix("_"),
        marker=marker if len(curve.steps) <= _MARKED_POINTS else None, markersize=4,
    )  # fmt: skip
    if curve.errors is not None:
        low, high = curve.values - curve.errors, curve.values + curve.errors
        axes.fill_between(curve.steps, low, high, color=colour, alpha=0.18, linewidth=0)


def _mark(axes: "Axes", steps: Sequence[int]) -> None:
    shown = steps[:_MOST_ALARMS]
    if shown:
        axes.plot(
            shown, np.zeros(len(shown)), "^", color=ALARM, markersize=6, clip_on=False, label="alarm",
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
        for step in shown:
            axes.axvline(step, color=ALARM, linestyle=":", linewidth=0.8)

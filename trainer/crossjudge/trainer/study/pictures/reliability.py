"""Reliability diagrams: of all solutions (or tests) with about that score, what share is right?"""

import math
from typing import TYPE_CHECKING

import numpy as np

from crossjudge.trainer.picture_frame import BLUE, GREY, ORANGE, new_figure, plain
from crossjudge.trainer.study.field import Field

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 4
_KINDS = (("calibration", "solutions", BLUE, "o"), ("test_calibration", "tests", ORANGE, "s"))


def reliability_picture(field: Field) -> "Figure":
    """A panel for each registered rule with its default options; on the diagonal a score is a probability.

    The pale marks' area is the share of all solutions (tests) with about that score.
    """
    labels = [
        label for label, each in field.entries.items() if not each.contestant.options and not each.contestant.is_bound
    ]
    rows = math.ceil(len(labels) / _COLUMNS)
    figure = new_figure(2.45 * _COLUMNS, 2.3 * rows + 0.5)
    grid = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
    for axes, label in zip(grid, labels, strict=False):
        _panel(axes, field, label)
    for axes in grid[len(labels) :]:
        axes.set_axis_off()
    for at, axes in enumerate(grid[: len(labels)]):
        if at % _COLUMNS == 0:
            axes.set_ylabel("share right", fontsize=8)
        if at + _COLUMNS >= len(labels):
            axes.set_xlabel("score", fontsize=8)
            axes.tick_params(labelbottom=True)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def _panel(axes: "Axes", field: Field, label: str) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":", label="a probability")
    for figure, name, colour, marker in _KINDS:
        bins = field.reliability(label, figure)
        values = np.array([each.right.value for each in bins])
        bars = np.array([[b.right.value - b.right.low for b in bins], [b.right.high - b.right.value for b in bins]])
        axes.errorbar(
            [each.score for each in bins], values, yerr=np.maximum(np.nan_to_num(bars), 0) if bins else None,
            color=colour, marker=marker, markersize=3, linestyle="none", elinewidth=0.8, label=name,
        )  # fmt: skip
        things = np.array([each.things for each in bins])
        sizes = 160 * things / max(things.sum(), 1)
        axes.scatter(
            [each.score for each in bins], values, s=sizes, color=colour, marker=marker, alpha=0.5, linewidths=0
        )
    errors = [field.entries[label].tallies[figure].value for figure, *_ in _KINDS]
    plain(axes, f"{label}\nerror {errors[0]:.2f}, tests {errors[1]:.2f}", 8)
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])

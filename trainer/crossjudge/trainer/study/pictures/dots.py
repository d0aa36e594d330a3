"""Dot plots: pass@1 of each selector with its interval, beside chance and truth."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from crossjudge.trainer.picture_frame import BLUE, GREY, ORANGE, new_figure, plain
from crossjudge.trainer.study.contestants import CHANCE, TRUTH
from crossjudge.trainer.study.field import Field
from crossjudge.trainer.study.resampling import Estimate, mean_of
from crossjudge.trainer.study.tables import TITLES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def dot_plot(fields: Mapping[str, Field]) -> "Figure":
    """A panel for each field; the selectors in the order of the first one's pass@1."""
    first = next(iter(fields.values()))
    labels = rules(first)
    figure = new_figure(2.2 + 2.6 * len(fields), 1.3 + 0.24 * len(labels))
    grid = figure.subplots(1, len(fields), sharey=True, squeeze=False)[0]
    for axes, (name, field) in zip(grid, fields.items(), strict=True):
        shown = [label if label in field.entries else None for label in labels]
        _dots(axes, [field.estimate(label, "pick") if label else None for label in shown], BLUE, "o")
        _bounds(axes, field)
        plain(axes, f"{TITLES.get(name, name)}\n{len(field.problems):,} problems", 8)
        axes.set_xlabel("pass@1 of the pick", fontsize=8)
    _names(grid[0], labels)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure


def belief_beside_truth(fields: Sequence[Field]) -> "Figure":
    """How sure each selector is of its choice (mean score of the solutions chosen), beside how often it is right."""
    labels = rules(fields[0])
    figure = new_figure(2.2 + 3.2 * len(fields), 1.5 + 0.26 * len(labels))
    grid = figure.subplots(1, len(fields), sharey=True, squeeze=False)[0]
    for axes, field in zip(grid, fields, strict=True):
        _dots(axes, [belief(field, label) for label in labels], ORANGE, "D", "score that it gives its choice")
        _dots(axes, [field.estimate(label, "pick") for label in labels], BLUE, "o", "pass@1 of its choice")
        _bounds(axes, field)
        plain(axes, f"{TITLES.get(field.name, field.name)}\n{len(field.problems):,} problems", 9)
    _names(grid[0], labels)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def rules(field: Field) -> list[str]:
    """The contestants but the bounds, best first."""
    labels = [label for label, each in field.entries.items() if not each.contestant.is_bound]
    return sorted(labels, key=lambda label: -field.entries[label].tallies["pick"].value)


def belief(field: Field, label: str) -> Estimate:
    """The mean score of a chosen solution, over problems; NaN scores are left out."""
    means = []
    for selection in field.entries[label].selections:
        scores = selection.solution_scores[selection.solutions]
        known = scores[~np.isnan(scores)]
        means.append(known.mean() if known.size else np.nan)
    return field.resamples.estimate(mean_of(np.array(means)))


def _dots(
    axes: "Axes", estimates: Sequence[Estimate | None], colour: str, marker: str, label: str | None = None
) -> None:
    found = [(row, each) for row, each in enumerate(estimates) if each is not None and not np.isnan(each.value)]
    rows, values = [row for row, _ in found], [each.value for _, each in found]
    bars = [[each.value - each.low for _, each in found], [each.high - each.value for _, each in found]]
    axes.errorbar(
        values, rows, xerr=np.maximum(np.nan_to_num(bars), 0), fmt=marker, color=colour, markersize=4.5,
        elinewidth=1.2, capsize=2, label=label,
    )  # fmt: skip


def _bounds(axes: "Axes", field: Field) -> None:
    for name, dash in ((CHANCE, "--"), (TRUTH, ":")):
        if name in field.entries:
            value = field.estimate(name, "pick").value
            axes.axvline(value, color=GREY, linestyle=dash, linewidth=1.2, label=name, zorder=0)


def _names(axes: "Axes", labels: Sequence[str]) -> None:
    for each in axes.figure.axes:
        each.set_xlim(-0.02, 1.02)
        each.grid(axis="both", color="#EEEEEE", linewidth=0.8)
        each.set_axisbelow(True)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)

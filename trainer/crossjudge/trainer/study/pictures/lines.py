"""Lines: pass@1 by the number of tests, and over the course of a training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from crossjudge.trainer.picture_frame import GREY, RED, STYLES, new_figure, plain
from crossjudge.trainer.selectors import SELECTORS
from crossjudge.trainer.study.contestants import CHANCE, TRUTH
from crossjudge.trainer.study.course import LABEL_FREE, Course, Step
from crossjudge.trainer.study.tests_curve import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMOOTHED = 5  # steps


def _style(label: str) -> tuple[str, str, str]:
    """The same for a selector in every picture."""
    if label in (CHANCE, TRUTH):
        return GREY, "--" if label == CHANCE else ":", ""
    rules = sorted(SELECTORS.keys() - {CHANCE, TRUTH})
    return STYLES[rules.index(label) % len(STYLES)]


def by_number_of_tests(curves: Sequence[Curve]) -> "Figure":
    """One line a selector, best at the right end first in the legend."""
    figure = new_figure(8.5, 5.0)
    axes = figure.subplots()
    for at, curve in enumerate(sorted(curves, key=lambda curve: -curve.points[-1].value if curve.points else 0.0)):
        colour, dash, marker = _style(curve.label)
        places = np.array(curve.sizes) * 1.012 ** (at - len(curves) / 2)  # side by side, so that intervals are seen
        values = np.array([point.value for point in curve.points])
        bars = np.array([[p.value - p.low for p in curve.points], [p.high - p.value for p in curve.points]])
        is_bound = curve.label in (CHANCE, TRUTH)
        axes.errorbar(
            places, values, yerr=None if is_bound else np.maximum(np.nan_to_num(bars), 0), color=colour, linestyle=dash,
            marker=marker, markersize=4, linewidth=1.4, elinewidth=0.4, label=curve.label,
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    sizes = curves[0].sizes
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.grid(color="#EEEEEE")
    axes.set_xlabel("tests of each problem (all of them where it has fewer)", fontsize=9)
    axes.set_ylabel("pass@1 of the pick", fontsize=9)
    plain(axes, "pass@1 by the number of tests, 95 % intervals over problems")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, frameon=False)
    return figure


def course_picture(course: Course) -> "Figure":
    """Above, what is true, with a mark for each step after which a watcher warned; below, what shows without labels."""
    steps = course.steps
    signals = list(LABEL_FREE)
    figure = new_figure(9.0, 3.4 + 1.35 * len(signals))
    rows = figure.subplots(1 + len(signals), 1, sharex=True, height_ratios=[2.6, *[1.0] * len(signals)])
    for label, taken in steps.items():
        _line(rows[0], label, taken, [step.pick for step in taken])
        for axes, signal in zip(rows[1:], signals, strict=True):
            if signal != "passes" or label == next(iter(steps)):  # that one is the data's own
                _line(axes, label, taken, [step.seen[signal] for step in taken])
    _regimes(rows, next(iter(steps.values())))
    warned = sorted({each.number for each in course.warnings})
    if warned:
        rows[0].plot(warned, [0.0] * len(warned), "^", color=RED, markersize=7, label="monitor: alarm", clip_on=False)
    plain(rows[0], f"pass@1 of the pick over a training, mean of {_SMOOTHED} steps\n", 9)
    for axes, signal in zip(rows[1:], signals, strict=True):
        plain(axes, f"without labels: {LABEL_FREE[signal]}", 8)
    rows[-1].set_xlabel("step", fontsize=9)
    rows[0].legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, frameon=False)
    return figure


def _line(axes: "Axes", label: str, taken: Sequence[Step], values: Sequence[float]) -> None:
    colour, dash, _ = _style(label)
    axes.plot(
        [step.number for step in taken], smoothed(values), color=colour, linestyle=dash, linewidth=1.3, label=label
    )
    axes.set_ylim(-0.02, 1.02)


def smoothed(values: Sequence[float]) -> list[float]:
    """The mean of each value with those right before it, of `_SMOOTHED` at most; NaN counts nowhere."""
    means = []
    for at in range(len(values)):
        known = [value for value in values[max(0, at - _SMOOTHED + 1) : at + 1] if not np.isnan(value)]
        means.append(float(np.mean(known)) if known else float("nan"))
    return means


def _regimes(rows: "Sequence[Axes]", taken: Sequence[Step]) -> None:
    names = list(dict.fromkeys(step.regime for step in taken))
    for at, name in enumerate(names):
        numbers = [step.number for step in taken if step.regime == name]
        for axes in rows:
            axes.axvspan(numbers[0] - 0.5, numbers[-1] + 0.5, color="#F4F4F4" if at % 2 else "#FFFFFF", zorder=0)
        rows[0].text(float(np.mean(numbers)), 1.04, name, ha="center", fontsize=9, color="#444444")

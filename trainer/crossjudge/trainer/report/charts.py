"""Charts before anybody has drawn them: lines with their errors, and in words what they show."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .arms import Arm, Curve
from .history import Floats, Ints
from .panels import Filled, short_names

MOST_POINTS, MOST_POINTS_OF_ARMS = 60, 20
MOST_LINES = 15
_TOLD_LINES = 6


@dataclass(frozen=True, eq=False)
class Line:
    """A curve under the name that the legend gives it. `place` is its number among all: its colour on every chart."""

    label: str
    place: int
    curve: Curve


@dataclass(frozen=True, eq=False)
class Chart:
    """One panel with its lines and the steps of alarms."""

    title: str
    about: str
    lines: tuple[Line, ...]
    is_share: bool
    alarms: tuple[int, ...] = ()
    steps_of_mean: int = 1
    """How many logged values a point is the mean of, at most."""

    @property
    def file_name(self) -> str:
        return re.sub(r"[^a-z0-9@]+", "-", self.title.lower()).strip("-")[:80]

    @property
    def words(self) -> str:
        """What stands on the chart, for those who do not see it."""
        told = [f"{each.label}: {in_words(each.curve)}" for each in self.lines[:_TOLD_LINES]]
        more = [f"and {len(self.lines) - _TOLD_LINES} more"] if len(self.lines) > _TOLD_LINES else []
        means = [f"each point is a mean of {self.steps_of_mean}"] if self.steps_of_mean > 1 else []
        alarms = [f"steps with alarms: {len(self.alarms)}"] if self.alarms else []
        return f"{self.title}. {'; '.join([*told, *more, *means, *alarms])}."


def in_words(curve: Curve) -> str:
    """First, highest, lowest and last value of a curve with their steps."""
    steps, values = curve.steps, curve.values
    if len(steps) == 1:
        return f"{number(values[0])} at step {steps[0]}"
    high, low = int(np.argmax(values)), int(np.argmin(values))
    return (
        f"{number(values[0])} at step {steps[0]}, highest {number(values[high])} at {steps[high]}, "
        f"lowest {number(values[low])} at {steps[low]}, {number(values[-1])} at step {steps[-1]}"
    )


def number(value: float) -> str:
    """Three digits behind the point for what is near 1, and as many as matter for the rest."""
    size = abs(value)
    if value == int(value) and size < 1e6:
        return f"{value:.0f}"
    return f"{value:.3f}" if 0.01 <= size < 100 else f"{value:,.0f}" if 100 <= size < 1e7 else f"{value:.3g}"


def chart_of_run(arm: Arm, found: Filled) -> Chart:
    """A panel with a line for each of its metrics."""
    metrics = found.metrics[:MOST_LINES]
    named = zip(short_names(metrics), metrics, strict=True)
    return _chart(found, [(name, arm.curve(metric)) for name, metric in named], [arm], MOST_POINTS)


def chart_of_arms(arms: Sequence[Arm], found: Filled) -> Chart:
    """A panel of one metric with a line for each arm that has a curve of it."""
    return _chart(found, [(arm.label, arm.curve(found.metrics[0])) for arm in arms], arms, MOST_POINTS_OF_ARMS)


def _chart(found: Filled, curves: Sequence[tuple[str, Curve | None]], arms: Sequence[Arm], most: int) -> Chart:
    lines = [Line(name, place, thinned(curve, most)) for place, (name, curve) in enumerate(curves) if curve is not None]
    longest = max((len(curve.steps) for _, curve in curves if curve is not None), default=0)
    last = max((int(line.curve.steps[-1]) for line in lines), default=0)
    alarms = tuple(sorted({alarm.step for arm in arms for alarm in arm.alarms if alarm.step <= last}))
    is_share = found.panel.is_share and all((np.abs(line.curve.values - 0.5) <= 0.5).all() for line in lines)
    return Chart(found.title, found.panel.about, tuple(lines), is_share, alarms, _per_point(longest, most))


def is_still(chart: Chart) -> bool:
    """Whether there is nothing to see: several values, and on each line the same throughout."""
    return all(len(line.curve.values) > 1 and np.ptp(line.curve.values) == 0 for line in chart.lines)


def thinned(curve: Curve, most: int = MOST_POINTS) -> Curve:
    """At most `most` points: means over as many values in a row as that takes. The last may be of fewer."""
    each = _per_point(len(curve.steps), most)
    if each == 1:
        return curve
    errors = None if curve.errors is None else _means(curve.errors, each)
    steps = _means(curve.steps.astype(np.float64), each).round().astype(np.int64)
    return Curve(steps, _means(curve.values, each), errors)


def _per_point(length: int, most: int) -> int:
    return max(1, -(-length // most))


def _means(values: Floats, each: int) -> Floats:
    found: Floats = np.array([values[at : at + each].mean() for at in range(0, len(values), each)])
    return found


def bins_of(steps: Ints, most: int) -> list[tuple[int, int]]:
    """First and last place of each run of steps that one bar stands for."""
    each = _per_point(len(steps), most)
    return [(at, min(at + each, len(steps))) for at in range(0, len(steps), each)]

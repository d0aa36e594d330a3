"""Where a step's time goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crossjudge.trainer.picture_frame import BLUE, GREEN, GREY, ORANGE, PINK, RED, SKY, YELLOW, new_figure, plain

from .charts import bins_of
from .drawing import FAINT, INK, drawn_in
from .history import Floats, History, Ints
from .panels import TIME_PREFIX, WHOLE_STEP
from .text import clean, cut, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BARS = 48
_MOST_PARTS = 8
_COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW, GREY)
_SAME = 1.02


@dataclass(frozen=True, eq=False)
class Timing:
    """Seconds of a step's parts, at the steps where the whole step's are known too."""

    steps: Ints
    whole: Floats
    parts: dict[str, Floats]
    """The parts, the longest first; those within another (`time/verify/wait`) are not among them."""
    within: dict[str, Floats]

    @property
    def overlap(self) -> float:
        """What the parts come to, in shares of the step: above 1 they ran side by side, or one within another."""
        return sum(self.share(part) for part in self.parts.values())

    def share(self, part: Floats) -> float:
        """Of the time of all steps."""
        whole = float(self.whole.sum())
        return float(part.sum()) / whole if whole else 0.0

    @property
    def words(self) -> str:
        """The parts' shares of all steps, and whether they add up."""
        shares = [f"{name} {percent(self.share(part))}" for name, part in self.parts.items()]
        told = f"A step took {np.median(self.whole):.3g} s (median). Of the time of all steps: {', '.join(shares)}."
        if self.overlap > _SAME:
            return f"{told} Parts overlap: they add up to {self.overlap:.2f} times the step."
        return told if self.overlap > 1 / _SAME else f"{told} The rest ({percent(1 - self.overlap)}) is in no part."


def timing_of(run: History) -> Timing | None:
    """None where a run did not measure the parts of its steps."""
    whole = run.series.get(WHOLE_STEP)
    names = [name for name in run.series if name.startswith(TIME_PREFIX) and name != WHOLE_STEP]
    if whole is None or not names:
        return None
    found = {name.removeprefix(TIME_PREFIX): _at(run, name, whole.steps) for name in names}
    found = dict(sorted(found.items(), key=lambda item: -item[1].sum()))
    inner = {name for name in found if any(name.startswith(f"{other}/") for other in found)}
    parts = {name: part for name, part in found.items() if name not in inner}
    return Timing(whole.steps, whole.values, parts, {name: found[name] for name in found if name in inner})


def _at(run: History, name: str, steps: Ints) -> Floats:
    """A part's seconds at these steps, 0 where it was not measured."""
    series, found = run.series[name], np.zeros(len(steps))
    _, here, there = np.intersect1d(steps, series.steps, return_indices=True)
    found[here] = series.values[there]
    return found


def figure_of(timing: Timing, *, has_title: bool = False) -> "Figure":
    """Stacked bars, each the mean of some steps; a line for the whole step."""
    with drawn_in("time"):
        figure = new_figure(6.0, 3.3)
        axes = figure.subplots()
        bins = bins_of(timing.steps, MOST_BARS)
        lefts = np.array([timing.steps[first] - 0.5 for first, _ in bins])
        widths = np.diff(np.append(lefts, timing.steps[-1] + 0.5))
        below = np.zeros(len(bins))
        for name, part, colour in _drawn_parts(timing.parts):
            heights = _means(part, bins)
            label = clean(cut(name, 40))
            axes.bar(lefts, heights, widths * 0.92, below, align="edge", color=colour, label=label)
            below += heights
        axes.step(np.append(lefts, lefts[-1] + widths[-1]), np.append(w := _means(timing.whole, bins), w[-1]),
                  where="post", color=INK, linewidth=1, label="whole step")  # fmt: skip
        axes.set_ylabel("seconds", fontsize=9)
        axes.set_xlabel("step", fontsize=9)
        axes.set_xlim(lefts[0], lefts[-1] + widths[-1])
        axes.grid(axis="y", color=FAINT, linewidth=0.7)
        axes.set_axisbelow(True)
        plain(axes, "Where a step's time goes" if has_title else "")
        axes.tick_params(labelsize=9)
        figure.legend(loc="outside lower center", fontsize=9, frameon=False, labelcolor=INK, ncols=4)
        return figure


def _drawn_parts(parts: dict[str, Floats]) -> list[tuple[str, Floats, str]]:
    """As many parts as there are colours; those that are least as one."""
    names = list(parts)
    shown, rest = names[: _MOST_PARTS - 1], names[_MOST_PARTS - 1 :]
    found = [(name, parts[name], colour) for name, colour in zip(shown, _COLOURS, strict=False)]
    if rest:
        least = np.sum([parts[name] for name in rest], axis=0)
        found.append((f"{len(rest)} others" if len(rest) > 1 else rest[0], least, _COLOURS[-1]))
    return found


def _means(values: Floats, bins: Sequence[tuple[int, int]]) -> Floats:
    found: Floats = np.array([values[first:last].mean() for first, last in bins])
    return found

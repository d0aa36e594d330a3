"""First, best and last of what was measured on held-out problems, arm by arm: as figures, and as Markdown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arms import Arm, Curve

TITLES = {
    "eval/pass@1": "pass@1",
    "eval/pass@4": "pass@4",
    "eval/tests/valid": "tests right",
    "eval/tests/kill": "kill rate",
}
"""What the table shows, with its headings. All else under `eval/` is in the figures too."""
PRECISION, SKIPPED = "selector/precision", "selector/skip_rate"
_BEST_SHOWN = "eval/pass@1"


@dataclass(frozen=True)
class Point:
    """A value at a step, with one standard error where it is known."""

    step: int
    value: float
    error: float | None

    def __str__(self) -> str:
        return f"{self.value:.3f}" if self.error is None else f"{self.value:.3f} ± {self.error:.3f}"

    def as_json(self) -> dict[str, Any]:
        return {"step": self.step, "value": self.value, "standard_error": self.error}


@dataclass(frozen=True)
class Course:
    """Where a metric began, was highest, and ended. The highest of noisy values flatters: it is no estimate."""

    first: Point
    best: Point
    last: Point

    @staticmethod
    def of(curve: Curve) -> "Course":
        return Course(_point(curve, 0), _point(curve, int(np.argmax(curve.values))), _point(curve, -1))

    def as_json(self) -> dict[str, Any]:
        return {"first": self.first.as_json(), "best": self.best.as_json(), "last": self.last.as_json()}


def _point(curve: Curve, at: int) -> Point:
    error = None if curve.errors is None else float(curve.errors[at])
    return Point(int(curve.steps[at]), float(curve.values[at]), error)


def course(arm: Arm, metric: str) -> Course | None:
    curve = arm.curve(metric)
    return None if curve is None else Course.of(curve)


def mean_of(arm: Arm, metric: str) -> Point | None:
    """The mean over all steps of each run, then over the runs; its step is the last one."""
    means = [float(run.series[metric].values.mean()) for run in arm.runs if metric in run.series]
    if not means:
        return None
    error = float(np.std(means, ddof=1) / np.sqrt(len(means))) if len(means) > 1 else None
    return Point(max(run.last_step for run in arm.runs), float(np.mean(means)), error)


def total_of(arm: Arm, metric: str) -> float | None:
    """A metric summed over the steps, mean over the runs."""
    sums = [float(run.series[metric].values.sum()) for run in arm.runs if metric in run.series]
    return float(np.mean(sums)) if sums else None


def as_json(arms: Sequence[Arm]) -> dict[str, Any]:
    """By arm: its runs, first, best and last of all that is under `eval/`, and how the selector fared."""
    return {"arms": [_arm_as_json(arm) for arm in arms]}


def _arm_as_json(arm: Arm) -> dict[str, Any]:
    evaluated = {name: course(arm, name) for name in arm.metrics if name.startswith("eval/")}
    return {
        "label": arm.label,
        "runs": [
            {"folder": str(run.path), "seed": run.config.get("seed"), "steps": run.last_step, "alarms": len(run.alarms)}
            for run in arm.runs
        ],
        "seconds_of_steps": total_of(arm, "time/step"),
        "cells": total_of(arm, "verifier/cells"),
        "evaluation": {name: each.as_json() for name, each in evaluated.items() if each is not None},
        "means": {
            name: each.as_json() for name in (PRECISION, SKIPPED) if (each := mean_of(arm, name)) is not None
        },
    }  # fmt: skip


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first column is words, the others are figures."""

    headings: list[str]
    rows: list[list[str]]


def table(arms: Sequence[Arm]) -> Table:
    """A row an arm, with those columns that any arm has figures for."""
    shown = [metric for metric in TITLES if any(course(arm, metric) for arm in arms)]
    has_precision, has_alarms = any(mean_of(arm, PRECISION) for arm in arms), any(arm.alarms for arm in arms)
    headings = ["arm", "runs", "steps", *(heading for metric in shown for heading in _headings(metric))]
    headings += ["precision, mean"] * has_precision + ["alarms"] * has_alarms
    rows = []
    for arm in arms:
        precision = mean_of(arm, PRECISION)
        row = [arm.label, str(len(arm.runs)), _steps(arm)]
        row += [cell for metric in shown for cell in _cells(metric, course(arm, metric))]
        row += ["–" if precision is None else str(precision)] * has_precision + [str(len(arm.alarms))] * has_alarms
        rows.append(row)
    return Table(headings, rows)


def _headings(metric: str) -> Iterator[str]:
    yield f"{TITLES[metric]} first"
    if metric == _BEST_SHOWN:
        yield f"{TITLES[metric]} best (step)"
    yield f"{TITLES[metric]} last"


def _cells(metric: str, found: Course | None) -> Iterator[str]:
    yield "–" if found is None else str(found.first)
    if metric == _BEST_SHOWN:
        yield "–" if found is None else f"{found.best} ({found.best.step})"
    yield "–" if found is None else str(found.last)


def _steps(arm: Arm) -> str:
    steps = sorted({run.last_step for run in arm.runs})
    return str(steps[0]) if len(steps) == 1 else f"{steps[0]} to {steps[-1]}"


def markdown(found: Table) -> str:
    """The table as Markdown."""
    lines = [_row(found.headings), "| --- |" + " ---: |" * (len(found.headings) - 1), *map(_row, found.rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"

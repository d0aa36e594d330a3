"""Runs that differ in their seed alone, as one: means over them, and how sure those are."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from .configuration import labels, of_the_arm
from .history import Alarm, Floats, History, Ints, Series


@dataclass(frozen=True, eq=False)
class Curve:
    """A metric of an arm: its mean over the arm's runs at each step."""

    steps: Ints
    values: Floats
    errors: Floats | None
    """One standard error of each value; None where nothing is known of it."""


@dataclass(frozen=True, eq=False)
class Arm:
    """One configuration, run with one or more seeds."""

    label: str
    runs: tuple[History, ...]

    @property
    def metrics(self) -> list[str]:
        """The names of what was logged, in the order in which it was."""
        return list(dict.fromkeys(name for run in self.runs for name in run.series))

    @property
    def alarms(self) -> list[Alarm]:
        return sorted((alarm for run in self.runs for alarm in run.alarms), key=lambda alarm: alarm.step)

    def curve(self, metric: str) -> Curve | None:
        """The mean over the runs that logged it, at the steps which all of these have; None where no run did."""
        found = [(run, run.series[metric]) for run in self.runs if metric in run.series]
        steps: Ints = reduce(np.intersect1d, [series.steps for _, series in found]) if found else np.zeros(0, np.int64)
        if not steps.size:
            return None
        table = np.stack([series.values[np.searchsorted(series.steps, steps)] for _, series in found])  # (runs, steps)
        values = table.mean(axis=0)
        return Curve(steps, values, _error(table, binomial_error(metric, values, found[0][0].config)))


def curve_of(series: Series) -> Curve:
    """One run's values as they are."""
    return Curve(series.steps, series.values, None)


def _error(table: Floats, binomial: Floats | None) -> Floats | None:
    """Of each mean over (runs, steps): that over seeds, s / √n, of a single run the binomial one.

    Runs that start from the same models measure the same at first: the error over seeds, 0 then, is never taken to be
    less than that of all their counts together.
    """
    count = len(table)
    if count == 1:
        return binomial
    over_seeds: Floats = table.std(axis=0, ddof=1) / np.sqrt(count)
    return over_seeds if binomial is None else np.maximum(over_seeds, binomial / np.sqrt(count))


def arms_of(runs: Sequence[History], names: Sequence[str | None]) -> list[Arm]:
    """The arms in the order of their first runs. A run with a name of its own is of the arm of that name, and one
    whose configuration is not known is an arm by itself."""
    by_kind: dict[Any, list[History]] = {}
    for run, name in zip(runs, names, strict=True):
        named = name if name is not None or run.config else run.name
        by_kind.setdefault(named if named is not None else of_the_arm(run.config), []).append(run)
    unnamed = [key for key in by_kind if not isinstance(key, str)]
    labelled = dict(zip(unnamed, labels([by_kind[key][0].config for key in unnamed]), strict=True))
    if len(unnamed) == 1:
        labelled[unnamed[0]] = by_kind[unnamed[0]][0].name
    made = [Arm(key if isinstance(key, str) else labelled[key], tuple(group)) for key, group in by_kind.items()]
    twice = Counter(arm.label for arm in made)
    return [arm if twice[arm.label] == 1 else Arm(f"{arm.label} ({arm.runs[0].name})", arm.runs) for arm in made]


def binomial_error(metric: str, values: Floats, config: Mapping[str, Any]) -> Floats | None:
    """√(p (1 − p) / n) of a held-out share, after `eval_limit` and `eval_samples`; None where they do not tell n.

    pass@k rests on `eval_samples` // k independent draws a problem at most, the share of right tests on one test a
    reply. Problems are taken to be equally hard, as binomials are; where they are not, pass@1 is less sure than that.
    """
    problems, samples = config.get("eval_limit"), config.get("eval_samples")
    if not isinstance(problems, int) or not isinstance(samples, int):
        return None
    if at := re.fullmatch(r"eval/pass@([1-9]\d{0,5})", metric):
        draws = problems * (samples // int(at[1]))
    elif metric == "eval/tests/valid" and config.get("tester.tests_per_reply") == 1:
        draws = problems * samples
    else:
        return None
    if draws <= 0 or not ((values >= 0) & (values <= 1)).all():
        return None
    found: Floats = np.sqrt(values * (1 - values) / draws)
    return found

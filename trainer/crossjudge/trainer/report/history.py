"""A run as its folder tells it: the configuration, what was logged at each step, alarms.

A run may still be going, and its folder may be from somewhere else: what cannot be read is counted and left out.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from crossjudge.client.errors import CommandError
from crossjudge.client.json_lines import BadLine, objects, opened
from crossjudge.trainer.training.run_folder import ALARMS, METRICS

from .configuration import read_configuration
from .text import clean, cut

ALARM_PREFIX = "alarm/"
MOST_METRICS = 1000
MOST_ALARMS = 1000
_LONGEST, _LONGEST_NAME = 300, 200
_LARGEST = 1e100
"""What is larger is a number gone wrong, and no axis could show it beside others."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Series:
    """One metric over the steps at which it was logged, ascending; only finite values."""

    steps: Ints
    values: Floats


@dataclass(frozen=True)
class Alarm:
    """Something that watched the run found it going wrong."""

    step: int
    reason: str
    text: str


@dataclass(frozen=True, eq=False)
class History:
    """One run."""

    path: Path
    config: Mapping[str, Any]
    """The configuration by dotted keys."""
    config_text: str
    series: Mapping[str, Series]
    words: Mapping[str, str]
    """The last value of each metric that is no number."""
    alarms: tuple[Alarm, ...]
    notes: tuple[str, ...]
    """What could not be read."""

    @property
    def name(self) -> str:
        return self.path.resolve().name or str(self.path)

    @property
    def last_step(self) -> int:
        return max((int(each.steps[-1]) for each in self.series.values()), default=0)


@dataclass
class _Log:
    """The lines of a run's metrics, as they are read."""

    numbers: dict[str, dict[int, float]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    not_finite: int = 0
    unread: int = 0
    too_many: set[str] = field(default_factory=set)

    def add(self, document: Mapping[str, Any]) -> None:
        step = document.get("step")
        if not _is_step(step):
            self.unread += 1
            return
        for name, value in document.items():
            if name == "step" or value is None:
                continue
            name = clean(cut(name, _LONGEST_NAME))
            if name not in self.numbers and len(self.numbers) >= MOST_METRICS:
                self.too_many.add(name)
            elif not isinstance(value, int | float):
                self.words[name] = value if isinstance(value, str) else json.dumps(value)
                self.words[name] = self.words[name][:_LONGEST]
            elif abs(number := _float(value)) < _LARGEST:
                self.numbers.setdefault(name, {})[step] = number
            else:
                self.not_finite += 1

    def series(self) -> dict[str, Series]:
        return {name: _series(values) for name, values in self.numbers.items()}

    def notes(self) -> Iterator[str]:
        if self.unread:
            last = "a run that is going may be writing its last"
            yield f"lines of {METRICS} that could not be read: {self.unread}; {last}"
        if self.not_finite:
            yield f"values in {METRICS} that are left out, not finite or beyond {_LARGEST:g}: {self.not_finite}"
        if self.too_many:
            yield f"only {MOST_METRICS} metrics are shown, and {len(self.too_many)} are left out"


def read_history(path: Path) -> History:
    """Raises `CommandError` for a folder that is no run's, or a configuration that cannot be read."""
    if not path.is_dir():
        raise CommandError(f"{path}: there is no such folder; name the output_dir of a run")
    if not (path / METRICS).is_file():
        raise CommandError(f"{path} is no run's folder, or the run has logged nothing yet: it has no {METRICS}")
    log = _Log()
    with opened(str(path / METRICS)) as source:
        for line in objects(source, "step's metrics"):
            if isinstance(line, BadLine):
                log.unread += 1
            else:
                log.add(line[1])
    config, text, config_notes = read_configuration(path)
    series = log.series()
    alarms = sorted(islice(chain(_alarms_in(series), _alarms_of(path)), MOST_ALARMS), key=lambda alarm: alarm.step)
    notes = (*log.notes(), *config_notes)
    return History(path, config, text, series, log.words, tuple(alarms), notes)


def _alarms_in(series: Mapping[str, Series]) -> Iterator[Alarm]:
    """Metrics named `alarm/...` that are not 0."""
    for name, each in series.items():
        if name.startswith(ALARM_PREFIX):
            for step, value in zip(each.steps[each.values != 0], each.values[each.values != 0], strict=True):
                yield Alarm(int(step), name.removeprefix(ALARM_PREFIX), "" if value == 1 else f"{value:.4g}")


def _alarms_of(path: Path) -> Iterator[Alarm]:
    """The lines of `alarms.jsonl` that can be read."""
    if not (path / ALARMS).is_file():
        return
    with opened(str(path / ALARMS)) as source:
        for line in objects(source, "alarm"):
            if not isinstance(line, BadLine) and _is_step(line[1].get("step")):
                reason, text = (str(line[1].get(key) or "")[:_LONGEST] for key in ("reason", "text"))
                yield Alarm(line[1]["step"], reason, text)


def _series(values: Mapping[int, float]) -> Series:
    steps = sorted(values)
    return Series(np.array(steps, np.int64), np.array([values[step] for step in steps], np.float64))


def _is_step(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf

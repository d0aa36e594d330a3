"""A training that goes through the regimes in turn: how each selector fares, and what shows of it without labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from crossjudge.trainer.selectors import Labels, PassingMatrix, Selection

from .contestants import CALIBRATION, CHANCE, LOOK_AT_OUTPUTS, TRUTH, Contestant, registered, show
from .field import Progress
from .labelled import Labelled, matrices
from .scores import picks
from .worlds import training

STEPS = 80
LABEL_FREE = {
    "margin": "mean margin of the choice",
    "size": "share of solutions chosen",
    "abstained": "share of problems abstained from",
    "passes": "share of cells that pass",
}
"""What can be seen of a step without any label."""


@dataclass(frozen=True)
class Step:
    """One contestant at one step."""

    number: int
    regime: str
    pick: float
    seen: dict[str, float]
    """`LABEL_FREE`"""


@dataclass(frozen=True)
class Warned:
    """What a watcher said after a step."""

    number: int
    text: str


@dataclass(frozen=True)
class Course:
    """The steps of each rule by its name, and what was warned of on the way."""

    steps: dict[str, list[Step]]
    warnings: list[Warned]

    def as_json(self) -> dict[str, Any]:
        return {
            "steps": {label: [vars(step) for step in taken] for label, taken in self.steps.items()},
            "warnings": [vars(each) for each in self.warnings],
        }


class Report(Protocol):
    """What a watcher answers: `alarms`, each of which says in words what is wrong."""

    @property
    def alarms(self) -> Sequence[object]: ...


class Watcher(Protocol):
    """Whoever is shown the labelled problems of each step and what each rule chose of them, as `SelectorMonitor` is."""

    def observe(
        self,
        matrices: Sequence[PassingMatrix],
        labels: Sequence[Labels],
        selections: Mapping[str, Sequence[Selection]],
    ) -> Report: ...


def entrants() -> list[Contestant]:
    """The rules that take part."""
    return [each for each in registered() if each.selector not in (TRUTH, *LOOK_AT_OUTPUTS)]


def course(problems: int, seed: int, tell: Progress, watcher: Watcher | None = None, steps: int = STEPS) -> Course:
    """A training of so many steps, of so many problems each and `CALIBRATION` labelled ones beside them.

    The watcher, and after it each rule that learns, sees the labelled problems alone. All see the same problems in the
    same order, each with the state that earlier steps have left in it.
    """
    rules = {each.label: (each, each.make([])) for each in entrants()}
    found = Course({label: [] for label in rules}, [])
    for step in training(steps, problems + CALIBRATION, seed):
        tell(f"a training's course: step {step.number + 1} of {steps}, {step.regime}")
        labelled, seen = step.problems[:CALIBRATION], step.problems[CALIBRATION:]
        chosen: dict[str, list[Selection]] = {}
        for label, (contestant, selector) in rules.items():
            selections = selector.select(matrices([*labelled, *seen]))
            chosen[label] = selections[: len(labelled)]
            rest = selections[len(labelled) :]
            pick = _pick(contestant, seen, rest)
            found.steps[label].append(Step(step.number, step.regime, pick, label_free(matrices(seen), rest)))
        if watcher is not None and labelled:
            report = watcher.observe(matrices(labelled), [each.labels for each in labelled], chosen)
            found.warnings.extend(Warned(step.number, str(alarm)) for alarm in report.alarms)
        for _, selector in rules.values():
            show(selector, labelled)
    return found


def _pick(contestant: Contestant, seen: Sequence[Labelled], selections: Sequence[Selection]) -> float:
    if not seen:
        return float("nan")
    shares = [each.share_right for each in seen] if contestant.selector == CHANCE else picks(seen, selections)
    return float(np.mean(shares))


def label_free(shown: Sequence[PassingMatrix], selections: Sequence[Selection]) -> dict[str, float]:
    """What one step looks like from outside; NaN where there is nothing to see."""
    if not shown:
        return dict.fromkeys(LABEL_FREE, float("nan"))
    return {
        "margin": float(np.mean([each.margin for each in selections])),
        "size": float(np.mean([each.solutions.mean() for each in selections if each.solutions.size])),
        "abstained": float(np.mean([each.abstain is not None for each in selections])),
        "passes": float(np.mean([each.passed.mean() for each in shown if each.passed.size])),
    }

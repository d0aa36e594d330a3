"""A training that goes through the regimes in turn: how each selector fares, and what shows of it without labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crossjudge.trainer.selectors import PassingMatrix, Selection

from .contestants import CALIBRATION, LOOK_AT_OUTPUTS, TRUTH, Contestant, registered, show
from .field import Progress
from .labelled import matrices
from .scores import picks
from .worlds import training

STEPS, PROBLEMS = 80, 64
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


def course(seed: int, tell: Progress, steps: int = STEPS, problems: int = PROBLEMS) -> dict[str, list[Step]]:
    """The steps of each rule by its name. A selector that learns sees `CALIBRATION` labelled problems after each step.

    All see the same problems in the same order, each with the state that earlier steps have left in it.
    """
    found: dict[str, list[Step]] = {}
    for each in registered():
        if each.selector in (TRUTH, *LOOK_AT_OUTPUTS):
            continue
        tell(f"a training's course: {each.label}")
        found[each.label] = _one(each, seed, steps, problems)
    return found


def _one(contestant: Contestant, seed: int, steps: int, problems: int) -> list[Step]:
    selector = contestant.make([])
    taken = []
    for step in training(steps, problems + CALIBRATION, seed):
        labelled, seen = step.problems[:CALIBRATION], step.problems[CALIBRATION:]
        shown = matrices(seen)
        selections = selector.select(shown)
        pick = float(picks(seen, selections).mean()) if seen else float("nan")
        taken.append(Step(step.number, step.regime, pick, label_free(shown, selections)))
        show(selector, labelled)
    return taken


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


def as_json(steps: dict[str, list[Step]]) -> dict[str, Any]:
    return {label: [vars(step) for step in taken] for label, taken in steps.items()}

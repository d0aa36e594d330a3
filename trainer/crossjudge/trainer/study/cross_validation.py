"""What a selector's free parameters are worth: chosen on some problems, measured on others."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from crossjudge.trainer.selectors import SELECTORS
from crossjudge.trainer.selectors.matrix import Floats, Ints

from .contestants import Contestant
from .field import Progress
from .labelled import Labelled
from .resampling import Estimate, Resamples, mean_of
from .scores import picks

FOLDS = 5
_PRIORS = {"alpha_xy": (1.0, 10.0, 100.0, 1e3, 1e4), "beta_0": (1.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6)}
_COPIES = (False, True)
GRIDS: dict[str, dict[str, tuple[Any, ...]]] = {
    "b4": {**_PRIORS, "copies": _COPIES},
    "output_b4": {**_PRIORS, "copies": _COPIES},
    "codet": {"exponent": (0.25, 0.5, 1.0, 2.0), "copies": _COPIES},
    "dawid_skene": {"power": (0.03, 0.1, 0.3, 1.0), "copies": _COPIES},
    "gated_clusters": {"copies": _COPIES, "crashes_cluster": (False, True)},
    "leave_one_out": {"rounds": (1, 3, 10), "copies": _COPIES},
    "ucoder": {"min_executed": (0.0, 0.4, 0.8), "copies": _COPIES},
}
"""The values tried of each option. Options that only decide when to abstain are left out: pass@1 takes the guess."""


@dataclass(frozen=True)
class Validated:
    """One selector: its default, its choice by cross-validation, and the best of its grid seen afterwards."""

    selector: str
    settings: int
    default: Estimate
    validated: Estimate
    """pass@1 of held-out problems, each fold under what was best on the others"""
    gain: Estimate
    """`validated` less `default`, paired"""
    hindsight: float
    """the best setting on all problems: what tuning on the test set would have reported"""
    best: dict[str, Any]
    chosen: list[dict[str, Any]]
    """by each fold"""

    def as_json(self) -> dict[str, Any]:
        estimates = ("default", "validated", "gain")
        return {name: value.as_json() if name in estimates else value for name, value in vars(self).items()}


def cross_validate(problems: Sequence[Labelled], seed: int, tell: Progress) -> list[Validated]:
    """Each selector that has a grid."""
    found = []
    for selector in sorted(GRIDS.keys() & SELECTORS.keys()):
        tell(f"cross-validation: {selector}")
        names = list(GRIDS[selector])
        settings = [dict(zip(names, values, strict=True)) for values in product(*GRIDS[selector].values())]
        tried = [Contestant(selector, selector, setting) for setting in settings]
        table = np.array([picks(problems, each.select(problems)) for each in tried])  # (settings, P)
        default = picks(problems, Contestant(selector, selector).select(problems))
        found.append(_validated(selector, settings, table, default, seed))
    return found


def _validated(selector: str, settings: list[dict[str, Any]], table: Floats, default: Floats, seed: int) -> Validated:
    folds = folds_of(table.shape[1], seed)
    held_out, chosen = np.zeros(table.shape[1]), []
    for fold in np.unique(folds):
        best = int(table[:, folds != fold].mean(axis=1).argmax()) if (folds != fold).any() else 0
        held_out[folds == fold] = table[best, folds == fold]
        chosen.append(settings[best])
    resamples = Resamples(table.shape[1], seed)
    means = table.mean(axis=1)
    return Validated(
        selector, len(settings), resamples.estimate(mean_of(default)), resamples.estimate(mean_of(held_out)),
        resamples.difference(mean_of(held_out), mean_of(default)), float(means.max()), settings[int(means.argmax())],
        chosen,
    )  # fmt: skip


def folds_of(problems: int, seed: int) -> Ints:
    """(P,), the fold of each problem, of nearly equal sizes."""
    return np.random.default_rng(seed).permutation(problems) % FOLDS

"""How one selector did on labelled problems of late: what was right of each step's choices, in means that forget."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .evidence import Estimate, ForgettingMean
from .labels import Labels
from .matrix import Bools, Floats, PassingMatrix
from .selection import Selection

BINS = 10


@dataclass(frozen=True, eq=False)
class Agreements:
    """What was right of a selector's choices in L labelled problems; NaN where there is nothing to be right about."""

    right: Floats
    """(L,), of the chosen solutions the share that is correct: the chance that a pick among them is. 0 for none."""
    found: Floats
    """(L,), of the correct solutions the share that was chosen."""
    tests: Floats
    """(L,), of the chosen tests the share that is correct."""
    used: Bools
    """(L,), where the selector did not abstain."""
    sure: Floats
    """(L,), the score of the choice, which is a probability for some selectors."""
    margin: Floats
    """(L,)"""

    @staticmethod
    def of(
        matrices: Sequence[PassingMatrix], labels: Sequence[Labels], selections: Sequence[Selection]
    ) -> "Agreements":
        trios = list(zip(matrices, labels, selections, strict=True))
        return Agreements(
            np.array([_share(label.solutions, chosen.solutions, 0.0) for _, label, chosen in trios]),
            np.array([_share(chosen.solutions, label.solutions) for _, label, chosen in trios]),
            np.array([_tests(*trio) for trio in trios]),
            np.array([chosen.abstain is None for *_, chosen in trios], np.bool_),
            np.array([_sure(chosen) for *_, chosen in trios]),
            np.array([chosen.margin for *_, chosen in trios]),
        )


def _share(good: Bools, of: Bools, default: float = float("nan")) -> float:
    return float(good[of].mean()) if of.any() else default


def _tests(matrix: PassingMatrix, labels: Labels, chosen: Selection) -> float:
    good = labels.of_tests(matrix)
    return float("nan") if good is None else _share(good, chosen.tests)


def _sure(chosen: Selection) -> float:
    scores = chosen.solution_scores[chosen.solutions]
    return float(np.clip(scores.mean(), 0.0, 1.0)) if scores.size else float("nan")


@dataclass
class Bin:
    """Choices of about the same score: what it was, and the share that was right."""

    scores: ForgettingMean = field(default_factory=ForgettingMean)
    right: ForgettingMean = field(default_factory=ForgettingMean)


@dataclass(frozen=True)
class RuleReport:
    """How one rule did of late, with 95 % intervals. NaN where nothing was seen."""

    accuracy: Estimate
    """Over all problems, the chance that a pick among the chosen solutions is correct (pass@1 of the pick)."""
    precision: Estimate
    """The same over the problems on which it did not abstain: what a training on its choices learns from."""
    recall: Estimate
    """Over problems on which it did not abstain, the share of the correct solutions that was chosen."""
    test_precision: Estimate
    """Over the same problems, the share of the chosen tests that is correct."""
    abstention: Estimate
    brier: Estimate
    """Mean squared difference between the choice's score and its being correct."""
    calibration_error: float
    """Expected calibration error of the choice's score, in ten bins of equal width."""
    margin: float
    agreement: float
    """How far it chooses what the rule in use chooses: shared / all solutions chosen."""


@dataclass
class TrackRecord:
    """The means of one rule, and the best that it has been."""

    forgetting: float
    accuracy: ForgettingMean = field(default_factory=ForgettingMean)
    precision: ForgettingMean = field(default_factory=ForgettingMean)
    recall: ForgettingMean = field(default_factory=ForgettingMean)
    test_precision: ForgettingMean = field(default_factory=ForgettingMean)
    abstention: ForgettingMean = field(default_factory=ForgettingMean)
    brier: ForgettingMean = field(default_factory=ForgettingMean)
    margin: ForgettingMean = field(default_factory=ForgettingMean)
    agreement: ForgettingMean = field(default_factory=ForgettingMean)
    bins: list[Bin] = field(default_factory=lambda: [Bin() for _ in range(BINS)])
    baseline: float = 0.0
    """The highest lower bound of precision that a window has had."""

    def means(self) -> dict[str, ForgettingMean]:
        return {name: value for name, value in vars(self).items() if isinstance(value, ForgettingMean)}

    def add(self, seen: Agreements, agreement: Floats) -> None:
        """One step's choices."""
        known = ~np.isnan(seen.sure)
        squared = seen.right * (1 - seen.sure) ** 2 + (1 - seen.right) * seen.sure**2
        for mean, values in (
            (self.accuracy, seen.right), (self.precision, seen.right[seen.used]),
            (self.recall, _known(seen.found[seen.used])), (self.test_precision, _known(seen.tests[seen.used])),
            (self.abstention, (~seen.used).astype(np.float64)), (self.brier, squared[known]),
            (self.margin, seen.margin), (self.agreement, agreement),
        ):  # fmt: skip
            mean.add(values, self.forgetting)
        place = np.minimum((seen.sure[known] * BINS).astype(np.int64), BINS - 1)
        for number, each in enumerate(self.bins):
            each.scores.add(seen.sure[known][place == number], self.forgetting)
            each.right.add(seen.right[known][place == number], self.forgetting)

    def raise_baseline(self, level: float) -> None:
        self.baseline = max(self.baseline, self.precision.bounds(level)[0])

    def calibration_error(self, level: float | None = None) -> float:
        """Σ over bins of (share of choices) · |mean score - share right|; NaN where there are no choices.

        With a level, what of it luck cannot explain: each bin's share right may lie anywhere in its interval.
        """
        weights = np.array([each.scores.weight for each in self.bins])
        if not weights.sum():
            return float("nan")
        gaps = [0.0 if not each.scores.n else _gap(each, level) for each in self.bins]
        return float(weights @ gaps / weights.sum())

    def report(self) -> RuleReport:
        return RuleReport(
            self.accuracy.estimate(), self.precision.estimate(), self.recall.estimate(),
            self.test_precision.estimate(), self.abstention.estimate(), self.brier.estimate(),
            self.calibration_error(), self.margin.mean, self.agreement.mean,
        )  # fmt: skip


def _known(values: Floats) -> Floats:
    return np.asarray(values[~np.isnan(values)])


def _gap(each: Bin, level: float | None) -> float:
    if level is None:
        return abs(each.scores.mean - each.right.mean)
    low, high = each.right.bounds(level)
    return max(0.0, low - each.scores.mean, each.scores.mean - high)

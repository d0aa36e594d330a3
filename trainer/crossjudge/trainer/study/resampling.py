"""Figures with their uncertainty: sums over problems, and the same sums over problems drawn anew."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crossjudge.trainer.selectors.matrix import Bools, Floats


@dataclass(frozen=True, eq=False)
class Tally:
    """A figure of P problems that follows from sums over them: `of` maps (R, K) sums to (R,) figures.

    Whatever is a mean over problems, a ratio of totals or a curve over pooled counts has this form, so that one
    resampling of the problems serves all of them.
    """

    sums: NDArray[np.floating]
    """(P, K)"""
    of: Callable[[Floats], Floats]

    @property
    def value(self) -> float:
        """The figure of the problems themselves; NaN where none of them has a say in it."""
        return float(self.of(self.sums.sum(axis=0, dtype=np.float64, keepdims=True))[0])

    def where(self, kept: Bools) -> "Tally":
        """The same of some of the problems."""
        return replace(self, sums=self.sums[kept])


def ratio(sums: Floats) -> Floats:
    """(R,), first column over second, NaN where that is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.nan)


def mean_of(values: Floats) -> Tally:
    """The mean of a value of each problem; NaN says that a problem has none."""
    known = ~np.isnan(values)
    return Tally(np.stack([np.where(known, values, 0.0), known.astype(float)], axis=1), ratio)


@dataclass(frozen=True)
class Estimate:
    """A figure and its percentile interval."""

    value: float
    low: float
    high: float

    def as_json(self) -> dict[str, float | None]:
        """NaN, which JSON has not, as null."""
        return {name: None if np.isnan(value) else round(value, 6) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Resamples:
    """The bootstrap over problems: each of `count` resamples draws as many problems as there are, with replacement.

    Two figures of the same problems under the same resamples are paired, so their differences have honest intervals.
    """

    problems: int
    seed: int = 0
    count: int = 1000
    level: float = 0.95

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """(R, P), how often each problem was drawn."""
        size = self.problems
        chance = np.random.default_rng([self.seed, size])
        drawn = chance.multinomial(size, np.full(size, 1 / size), size=self.count) if size else np.zeros((0, 0))
        return drawn.astype(np.float32)

    def spread(self, tally: Tally) -> Floats:
        """(R,), the figure in each resample."""
        assert len(tally.sums) == self.problems, f"{len(tally.sums)} problems, resampled as {self.problems}"
        return tally.of(np.asarray(self.weights @ tally.sums.astype(np.float32), np.float64))

    def estimate(self, tally: Tally) -> Estimate:
        return self._interval(tally.value, self.spread(tally))

    def difference(self, one: Tally, other: Tally) -> Estimate:
        """`one` less `other`, problem by problem the same draws."""
        return self._interval(one.value - other.value, self.spread(one) - self.spread(other))

    def _interval(self, value: float, spread: Floats) -> Estimate:
        known = spread[~np.isnan(spread)]
        if not known.size:
            return Estimate(value, float("nan"), float("nan"))
        tail = 50 * (1 - self.level)
        low, high = np.percentile(known, [tail, 100 - tail])
        return Estimate(value, float(low), float(high))

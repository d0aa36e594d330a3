"""Counting evidence step by step without crying wolf: means that forget, and bets whose winnings raise an alarm."""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import betaincinv

from .matrix import Floats

BETS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4)


@dataclass(frozen=True)
class Estimate:
    """A mean of shares with its interval. `n` is how many observations it is worth; with none, it may be anything."""

    mean: float
    low: float
    high: float
    n: float


@dataclass
class ForgettingMean:
    """The mean of shares in [0, 1], each step's weighed less by a factor with each later step."""

    weight: float = 0.0
    squares: float = 0.0
    """The sum of squared weights: weight² / squares observations of equal weight would tell as much."""
    total: float = 0.0

    def add(self, values: Floats, forgetting: float) -> None:
        """One step's values, any number of them."""
        self.weight = forgetting * self.weight + values.size
        self.squares = forgetting**2 * self.squares + values.size
        self.total = forgetting * self.total + float(values.sum())

    @property
    def n(self) -> float:
        return self.weight**2 / self.squares if self.squares > 0 else 0.0

    @property
    def mean(self) -> float:
        """NaN where there is nothing."""
        return min(self.total / self.weight, 1.0) if self.weight > 0 else float("nan")

    def bounds(self, level: float) -> tuple[float, float]:
        """Jeffreys' interval of that level, of a share seen `n` times; wider than need be for shares other than 0 and
        1, whose variance is smaller."""
        if not self.n:
            return 0.0, 1.0
        yes, no, tail = self.n * self.mean, self.n * (1 - self.mean), (1 - level) / 2
        low = float(betaincinv(yes + 0.5, no + 0.5, tail)) if yes > 0 else 0.0
        high = float(betaincinv(yes + 0.5, no + 0.5, 1 - tail)) if no > 0 else 1.0
        return low, high

    def estimate(self, level: float = 0.95) -> Estimate:
        return Estimate(self.mean, *self.bounds(level), self.n)


@dataclass
class Evidence:
    """Evidence that the mean of values has come above 0: bets on it, begun anew whenever they have lost all.

    After each step, for each bet λ: capital ← max(capital, 1) · Π_i (1 + λ·value_i), over the values of the step. This
    is a CUSUM e-detector (Shin, Ramdas, Rinaldo 2022, 2203.03532): as long as the values of each step are independent
    of one another and their mean is expected to be 0 or less, whatever was before, a threshold c of the capital is
    crossed no more often than once in c steps on average, for any distribution and without a fixed end. (Of independent
    values with means μ_i the product is expected to be Π (1 + λ·μ_i), which for a mean of 0 or less is at most 1.)
    """

    logs: list[float] = field(default_factory=lambda: [0.0] * len(BETS))
    """ln capital of each bet."""

    def add(self, values: Floats) -> None:
        """One step's values, each at least -1.2."""
        won = np.log1p(np.outer(BETS, values)).sum(axis=1)
        self.logs = (np.maximum(self.logs, 0.0) + won).tolist()

    @property
    def log_capital(self) -> float:
        """ln of the mean over the bets."""
        return float(np.logaddexp.reduce(self.logs) - np.log(len(BETS)))

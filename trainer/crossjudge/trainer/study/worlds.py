"""Simulated passing matrices whose truth is known: B4's model of the world, and regimes that a training goes through.

Nothing is run here: a solution is right or wrong, a test is right or wrong, and chance says who passes what.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from crossjudge.contracts import Verdict
from crossjudge.trainer.selectors import Labels, PassingMatrix

from .labelled import Labelled

_PASSED, _FAILED = ord(Verdict.PASSED.value), ord(Verdict.FAILED.value)
_AT_ONCE = 5000


@dataclass(frozen=True)
class World:
    """How matrices come about (2409.08692 §4.1): right solutions pass right tests and no wrong ones, else chance rules.

    `copying` is ours: that share of the wrong solutions takes one of `behaviours` rows, which are drawn for each
    problem as a wrong solution's own would be. So wrong solutions agree with one another, as those of one model do.
    """

    name: str
    right_solutions: float
    """θ_x"""
    right_tests: float
    """θ_y"""
    wrong_passes_wrong: float
    """θ_0, how often a wrong solution passes a wrong test"""
    wrong_passes_right: float
    """θ_1, how often a wrong solution passes a right test"""
    copying: float = 0.0
    behaviours: int = 2
    solutions: int = 10
    tests: int = 30

    @property
    def rates(self) -> tuple[float, float, float, float]:
        """θ_x, θ_y, θ_0, θ_1"""
        return self.right_solutions, self.right_tests, self.wrong_passes_wrong, self.wrong_passes_right


B4_WORLD = World("b4", 0.2, 0.3, 0.1, 0.4)
"""The defaults of B4's simulated experiment."""

WEAK_TESTS = (World("weak", 0.1, 0.2, 0.1, 0.6), World("noisy", 0.2, 0.3, 0.3, 0.4))
"""Tests that most wrong solutions pass, and wrong tests that wrong solutions often agree with."""

REGIMES = (
    World("early", 0.2, 0.3, 0.02, 0.4, copying=0.3, solutions=16, tests=16),
    World("mid", 0.4, 0.5, 0.10, 0.6, copying=0.4, solutions=16, tests=16),
    World("late", 0.6, 0.7, 0.25, 0.8, copying=0.5, solutions=16, tests=16),
    World("collusive", 0.15, 0.4, 0.3, 0.7, copying=0.7, solutions=16, tests=16),
)
"""What a selector meets while solutions and tests get better together; the last is where they agree on being wrong."""


def draw(world: World, count: int, seed: int) -> list[Labelled]:
    """`count` problems, less those with no right solution or no wrong one, which tell selectors nothing apart."""
    chance = np.random.default_rng([seed, zlib.crc32(world.name.encode())])
    drawn: list[Labelled] = []
    for start in range(0, count, _AT_ONCE):
        drawn += _batch(world, min(_AT_ONCE, count - start), start, chance)
    return drawn


def _batch(world: World, count: int, start: int, chance: np.random.Generator) -> list[Labelled]:
    height, width = world.solutions, world.tests
    right = chance.random((count, height)) < world.right_solutions
    good = chance.random((count, width)) < world.right_tests
    rates = np.where(good, world.wrong_passes_right, world.wrong_passes_wrong)[:, None, :]  # (K, 1, M)
    passed = chance.random((count, height, width)) < rates
    if world.copying:
        shared = chance.random((count, world.behaviours, width)) < rates
        which = chance.integers(world.behaviours, size=(count, height))
        copies = chance.random((count, height)) < world.copying
        passed = np.where(copies[..., None], np.take_along_axis(shared, which[..., None], axis=1), passed)
    passed = np.where(right[..., None], good[:, None, :], passed)
    letters = np.where(passed, _PASSED, _FAILED).astype(np.uint8)
    ones = (np.ones(height, np.int64), np.ones(width, np.int64), np.ones(width, np.bool_))
    found = right.sum(axis=1)
    return [
        Labelled(PassingMatrix(letters[k], f"{world.name}/{start + k}", *ones), Labels(right[k], good[k]))
        for k in np.flatnonzero((found > 0) & (found < height))
    ]


@dataclass(frozen=True)
class TrainingStep:
    """What one step of a training has before it."""

    number: int
    regime: str
    problems: list[Labelled]


def training(steps: int, problems: int, seed: int) -> Iterator[TrainingStep]:
    """A training that goes through the `REGIMES` in their order, each for an equal part of the steps.

    `problems` are drawn a step; a few less come, as `draw` says. Ids do not repeat over the steps.
    """
    for number in range(steps):
        regime = REGIMES[number * len(REGIMES) // steps]
        world = replace(regime, name=f"{regime.name}/{number}")
        yield TrainingStep(number, regime.name, draw(world, problems, seed))

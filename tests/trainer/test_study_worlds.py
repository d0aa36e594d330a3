"""Simulated worlds: what they promise, and that the published numbers come out of them."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Self

import numpy as np
import pytest

from crossjudge.trainer.selectors import Labels, PassingMatrix, Selection
from crossjudge.trainer.study.contestants import CALIBRATION, Contestant, in_world
from crossjudge.trainer.study.course import course, entrants
from crossjudge.trainer.study.field import Field, compare
from crossjudge.trainer.study.worlds import B4_WORLD, REGIMES, WEAK_TESTS, World, draw, training

EARLY, MID, LATE, COLLUSIVE = REGIMES
PUBLISHED = ("maxpass", "mbr", "codet", "codet, linear", "b4", "b4 (10, 10)", "b4, uniform", "b4, informed")


@cache
def field(world: World, draws: int) -> Field:
    chosen: list[Contestant] = [each for each in in_world(world) if each.label in (*PUBLISHED, "random", "oracle")]
    return compare(world.name, draw(world, draws, seed=7), chosen)


def pick(world: World, label: str, draws: int) -> float:
    return field(world, draws).entries[label].tallies["pick"].value


def four_errors(world: World, label: str, draws: int) -> float:
    """Four standard errors of a pass@1, and what rounding the published figure costs."""
    shares = field(world, draws).picks(label)
    return float(4 * max(shares.std(), 0.05) / np.sqrt(shares.size)) + 0.001


@pytest.mark.parametrize(
    ("label", "share"),
    [
        ("random", 0.230), ("maxpass", 0.594), ("mbr", 0.735), ("codet", 0.826), ("codet, linear", 0.854),
        ("b4 (10, 10)", 0.983), ("b4, uniform", 0.986), ("b4, informed", 0.990), ("oracle", 1.0),
    ],
)  # fmt: skip
def test_b4s_simulation_gives_b4s_numbers(label: str, share: float) -> None:
    assert pick(B4_WORLD, label, 500) == pytest.approx(share, abs=four_errors(B4_WORLD, label, 500))


@pytest.mark.parametrize(
    ("world", "label", "share"),
    [
        (WEAK_TESTS[0], "maxpass", 0.046), (WEAK_TESTS[0], "codet", 0.231), (WEAK_TESTS[0], "mbr", 0.466),
        (WEAK_TESTS[0], "b4 (10, 10)", 0.940), (WEAK_TESTS[0], "b4, informed", 0.966),
        (WEAK_TESTS[1], "maxpass", 0.055), (WEAK_TESTS[1], "codet", 0.409), (WEAK_TESTS[1], "mbr", 0.729),
        (WEAK_TESTS[1], "b4 (10, 10)", 0.742), (WEAK_TESTS[1], "b4, uniform", 0.780),
        (WEAK_TESTS[1], "b4, informed", 0.823),
    ],
)  # fmt: skip
def test_weak_tests_give_the_known_numbers(world: World, label: str, share: float) -> None:
    assert pick(world, label, 400) == pytest.approx(share, abs=four_errors(world, label, 400))


def order(world: World, *labels: str) -> list[str]:
    return sorted(labels, key=lambda label: -pick(world, label, 500))


def test_a_strong_prior_wins_early_and_loses_late() -> None:
    rules = ("b4", "codet", "maxpass", "mbr")
    assert order(EARLY, *rules) == ["b4", "codet", "maxpass", "mbr"]
    assert order(MID, *rules)[-2:] == ["mbr", "maxpass"]
    assert set(order(LATE, *rules)[:2]) == {"codet", "mbr"}
    assert order(LATE, *rules)[2:] == ["b4", "maxpass"]
    assert order(LATE, "b4 (10, 10)", "b4") == ["b4 (10, 10)", "b4"]


def test_where_wrong_solutions_agree_every_published_rule_is_worse_than_chance() -> None:
    for label in ("maxpass", "mbr", "codet", "b4"):
        assert pick(COLLUSIVE, label, 500) < pick(COLLUSIVE, "random", 500)
    shares = field(COLLUSIVE, 500)
    assert shares.difference("random", "b4").low > 0


@pytest.mark.parametrize("world", [B4_WORLD, *WEAK_TESTS, *REGIMES], ids=lambda world: world.name)
def test_a_draw_is_what_its_world_says(world: World) -> None:
    problems = draw(world, 300, seed=3)
    assert len({each.matrix.id for each in problems}) == len(problems)
    passes = {True: [0, 0], False: [0, 0]}
    for each in problems:
        right, good = each.labels.solutions, each.labels.tests
        assert good is not None
        assert each.matrix.shape == (world.solutions, world.tests)
        assert 0 < right.sum() < right.size
        assert (each.matrix.passed[right] == good).all()
        for kind in (True, False):
            cells = each.matrix.passed[~right][:, good == kind]
            passes[kind][0] += int(cells.sum())
            passes[kind][1] += cells.size
    for kind, rate in ((True, world.wrong_passes_right), (False, world.wrong_passes_wrong)):
        # Copied rows are not independent: their number, not that of the cells, decides how far chance may go.
        assert passes[kind][0] / passes[kind][1] == pytest.approx(rate, abs=0.03)


def test_copied_behaviours_make_wrong_rows_equal() -> None:
    def repeated(world: World) -> float:
        rows = [each.matrix.passed[~each.labels.solutions] for each in draw(world, 200, seed=1)]
        return float(np.mean([1 - len(np.unique(each, axis=0)) / len(each) for each in rows]))

    assert repeated(COLLUSIVE) > 0.4
    assert repeated(World("same", *COLLUSIVE.rates, solutions=16, tests=16)) < 0.02


def test_the_seed_decides_what_is_drawn() -> None:
    one, same, other = (draw(EARLY, 20, seed) for seed in (5, 5, 6))
    assert all((a.matrix.letters == b.matrix.letters).all() for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0].matrix.letters, other[0].matrix.letters)


def test_a_training_goes_through_the_regimes_in_order() -> None:
    steps = list(training(8, 5, seed=0))
    assert [step.regime for step in steps] == ["early"] * 2 + ["mid"] * 2 + ["late"] * 2 + ["collusive"] * 2
    ids = [each.matrix.id for step in steps for each in step.problems]
    assert len(set(ids)) == len(ids)


class Counts:
    """A watcher that warns of each step in which chance is not worse than every other rule."""

    def __init__(self) -> None:
        self.alarms: list[str] = []
        self.seen = 0

    def observe(
        self, matrices: Sequence[PassingMatrix], labels: Sequence[Labels], selections: Mapping[str, Sequence[Selection]]
    ) -> Self:
        assert selections.keys() == {each.label for each in entrants()}
        assert {len(each) for each in selections.values()} == {len(matrices)} == {len(labels)}
        self.seen += len(matrices)
        self.alarms = ["odd"] if self.seen % (2 * CALIBRATION) else []
        return self


def test_a_watcher_sees_the_labelled_problems_of_each_step_and_its_alarms_are_kept() -> None:
    watcher = Counts()
    found = course(6, 0, lambda _: None, watcher, steps=4)
    assert watcher.seen == 4 * CALIBRATION
    assert [(each.number, each.text) for each in found.warnings] == [(0, "odd"), (2, "odd")]
    assert {len(taken) for taken in found.steps.values()} == {4}

"""The parts of the study: what each compares, and what it found."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from crossjudge.trainer.selectors import SelectorMonitor

from .contestants import CHANCE, LOOK_AT_OUTPUTS, in_world, on_data, registered
from .course import STEPS, Course, course, entrants
from .cross_validation import Validated, cross_validate
from .field import Field, Progress, compare
from .labelled import Labelled
from .real_data import Inventory
from .tests_curve import Curve, curves
from .theorem import Held, theorem_curves
from .worlds import B4_WORLD, REGIMES, WEAK_TESTS, World, draw

MANY_TESTS = replace(B4_WORLD, name="many tests", tests=128)
IN_USE = "b4"
"""The rule that a training uses while a monitor looks on."""
_CURVE_SHARE, _SMALLER_SHARE = 16, 2
"""The curve is over that part of the draws, the weaker worlds and the regimes over that part each."""


@dataclass(frozen=True, eq=False)
class Part:
    """One part: comparisons by name, and what else it looked at."""

    name: str
    fields: dict[str, Field]
    curves: Sequence[Curve] = ()
    validated: Sequence[Validated] = ()
    course: Course | None = None
    inventory: Inventory | None = None
    theorem: Sequence[Held] = ()

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"fields": {name: each.as_json() for name, each in self.fields.items()}}
        if self.curves:
            found["by_number_of_tests"] = [
                {"label": c.label, "sizes": c.sizes, "pick": [p.as_json() for p in c.points]} for c in self.curves
            ]
        if self.validated:
            found["cross_validation"] = [each.as_json() for each in self.validated]
        if self.course is not None:
            found["course"] = self.course.as_json()
        if self.theorem:
            found["theorem"] = [each.as_json() for each in self.theorem]
        if self.inventory is not None:
            found["data"] = {**self.inventory.counts, "notes": self.inventory.notes}
        return found


def simulation(draws: int, seed: int, tell: Progress) -> Part:
    """B4's simulated experiment, the two worlds of weaker tests, and pass@1 by the number of tests."""
    fields = {B4_WORLD.name: _world(B4_WORLD, draws, seed, tell)}
    for world in WEAK_TESTS:
        fields[world.name] = _world(world, _part(draws, _SMALLER_SHARE), seed + 1, tell)
    problems = draw(MANY_TESTS, _part(draws, _CURVE_SHARE), seed)
    rules = [each for each in registered() if each.selector not in LOOK_AT_OUTPUTS]
    return Part("simulation", fields, curves(problems, rules, seed, 2, tell))


def drift(draws: int, seed: int, tell: Progress) -> Part:
    """The regimes of a training one by one, then a training that goes through them."""
    fields = {world.name: _world(world, _part(draws, _SMALLER_SHARE), seed, tell) for world in REGIMES}
    watcher = SelectorMonitor(IN_USE, [each.label for each in entrants() if each.selector not in (IN_USE, CHANCE)])
    return Part("drift", fields, course=course(_part(draws, STEPS), seed, tell, watcher))


def theorem(draws: int, seed: int, tell: Progress) -> Part:
    """UCoder's Theorem 2.4: independent wrong solutions, then such that copy."""
    return Part("theorem", {}, theorem=theorem_curves(draws, seed, tell))


def real(problems: Sequence[Labelled], inventory: Inventory, seed: int, tell: Progress) -> Part:
    """Real model output: all problems as papers count them, those with a right solution, and those with both kinds."""
    everything = compare("all problems", problems, on_data(), seed, tell)
    fields = {"all problems": everything}
    for name, kept in (("with a right solution", everything.has_right), ("with right and wrong", everything.has_both)):
        if 0 < kept.sum() < min(len(each.problems) for each in fields.values()):
            fields[name] = everything.where(kept, name)
    found = curves(problems, registered(), seed, 3, tell)
    return Part("real", fields, found, cross_validate(problems, seed, tell), inventory=inventory)


def _world(world: World, draws: int, seed: int, tell: Progress) -> Field:
    return compare(world.name, draw(world, draws, seed), in_world(world), seed, tell)


def _part(draws: int, share: int) -> int:
    return max(1, draws // share)

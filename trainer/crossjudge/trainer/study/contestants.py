"""Which selectors are compared, under which names: all that are registered, and settings of them that papers report."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from crossjudge.trainer.selectors import SELECTORS, Labels, PassingMatrix, Selection, Selector, make_selector
from crossjudge.trainer.selectors.b4 import Priors

from .labelled import Labelled, labels_of, matrices
from .worlds import World

CHANCE, TRUTH = "random", "oracle"
STRENGTH = 50
"""How many observations the informed priors of a simulation stand for."""
LOOK_AT_OUTPUTS = ("output_b4", "output_majority")
"""Without outputs these are the rules that they are made from, which are there already."""

CALIBRATION = 10
"""How many labelled problems a selector that learns from labels is shown."""
_FOLDS = 10


@runtime_checkable
class Learner(Protocol):
    """A selector that learns from problems whose truth is known."""

    def observe(self, matrices: Sequence[PassingMatrix], labels: Sequence[Labels]) -> None: ...


@dataclass(frozen=True)
class Contestant:
    """One selector with its options, under the name that tables give it."""

    label: str
    selector: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_bound(self) -> bool:
        """Whether it is no rule but chance, or the truth."""
        return self.selector in (CHANCE, TRUTH)

    def make(self, problems: Sequence[Labelled]) -> Selector:
        """The selector; one whose constructor asks for `labels` gets those of the problems."""
        takes_labels = "labels" in inspect.signature(SELECTORS[self.selector]).parameters
        given = {"labels": labels_of(problems)} if takes_labels else {}
        return make_selector(self.selector, {**given, **self.options})

    def select(self, problems: Sequence[Labelled], seed: int = 0) -> list[Selection]:
        """Its choices. One that learns from labels is shown `CALIBRATION` other problems, anew for each of `_FOLDS`."""
        if not isinstance(self.make(problems), Learner):
            return self.make(problems).select(matrices(problems))
        chosen: dict[int, Selection] = {}
        order = np.random.default_rng(seed).permutation(len(problems))
        for fold in range(_FOLDS):
            held_out, others = order[fold::_FOLDS], np.delete(order, np.s_[fold::_FOLDS])
            selector = self.make(problems)
            show(selector, [problems[at] for at in np.roll(others, fold * CALIBRATION)[:CALIBRATION]])
            found = selector.select([problems[at].matrix for at in held_out])
            chosen.update(zip(held_out.tolist(), found, strict=True))
        return [chosen[at] for at in range(len(problems))]


def show(selector: Selector, problems: Sequence[Labelled]) -> None:
    """Let a selector that learns from labels see those of the problems; others see nothing."""
    if isinstance(selector, Learner) and problems:
        selector.observe(matrices(problems), [each.labels for each in problems])


VARIANTS = (
    Contestant("codet, linear", "codet", {"exponent": 1.0}),
    Contestant("b4 (1e3, 1e4)", "b4", {"beta_0": 1e4}),
    Contestant("b4 (1e3, 1e6)", "b4", {"beta_0": 1e6}),
    Contestant("b4 (10, 10)", "b4", {"alpha_xy": 10.0, "beta_0": 10.0}),
    Contestant("b4, uniform", "b4", {"priors": Priors()}),
    Contestant("spectral, agreement", "spectral", {"kind": "agreement"}),
)
"""Settings beside the default one: those that papers or their code report, and the other kinds of a rule."""


def registered() -> list[Contestant]:
    """Every registered selector with its default options: chance first, the truth last."""
    places = {CHANCE: -1, TRUTH: 1}
    return [Contestant(name, name) for name in sorted(SELECTORS, key=lambda name: (places.get(name, 0), name))]


def in_world(world: World) -> list[Contestant]:
    """Those compared in a simulated world; `b4, informed` knows the world's own rates.

    Simulated solutions and tests have no copies and no outputs, so what only differs in these is left out.
    """
    rules = [each for each in registered() if each.selector not in LOOK_AT_OUTPUTS]
    variants = [each for each in _known(VARIANTS) if each.label not in ("b4 (1e3, 1e4)", "b4 (1e3, 1e6)")]
    informed = Contestant("b4, informed", "b4", {"priors": informed_priors(world)})
    return _ordered([*rules, *variants, informed])


def on_data() -> list[Contestant]:
    """Those compared on real model output; each rule also with copies counted the other way."""
    return _ordered([*registered(), *_known(VARIANTS), *(each for name in SELECTORS for each in _other_copies(name))])


def _other_copies(name: str) -> list[Contestant]:
    """A selector that counts copies by default as it is where they count once, and the reverse."""
    parameter = inspect.signature(SELECTORS[name]).parameters.get("copies")
    if parameter is None:
        return []
    return [
        Contestant(f"{name}, {'distinct' if parameter.default else 'copies'}", name, {"copies": not parameter.default})
    ]


def _known(contestants: Iterable[Contestant]) -> list[Contestant]:
    return [each for each in contestants if each.selector in SELECTORS]


def informed_priors(world: World, strength: float = STRENGTH) -> Priors:
    """Beta priors whose means are the world's rates."""
    solutions, tests, wrong, right = ((strength * rate, strength * (1 - rate)) for rate in world.rates)
    return Priors(solutions, tests, wrong_passes_correct=right, wrong_passes_wrong=wrong)


def _ordered(contestants: list[Contestant]) -> list[Contestant]:
    """Variants stand after their selector, chance first, the truth last."""
    names = [each.selector for each in registered()]
    return sorted(contestants, key=lambda each: names.index(each.selector))

"""From scores to probabilities: monotone maps fitted on a few labelled problems, and a selector behind such a map.

Solutions of one problem that have the same score are mostly right or wrong together (they are one consensus set), so
they are one observation here: its score, and the share of them that are correct.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self

import numpy as np
from pydantic import Field
from scipy.special import expit, logit

from .base import Selector
from .errors import BadState
from .labels import Labels
from .matrix import Bools, Floats, PassingMatrix
from .selection import Selection
from .state import State, read_state

_EDGE = 1e-6
"""Scores nearer to 0 or 1 count as this far from them, where logits are taken."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Calibrator(Protocol):
    """A map from scores in [0, 1] to probabilities that never turns an order around. Fitted on nothing it changes
    nothing."""

    def fit(self, scores: Floats, correct: Floats) -> Self:
        """Learn from observations: scores, and the share that is correct at each (0 or 1 for single solutions)."""
        ...

    def __call__(self, scores: Floats) -> Floats:
        """The probabilities; NaN stays NaN."""
        ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class _PlattState(State):
    kind: Literal["platt"]
    version: Literal[1]
    slope: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    offset: Finite


class Platt:
    """P = expit(slope · logit(score) + offset), as Platt scaling on logits, with priors that few labels cannot outvote.

    The slope, never below 0, has a normal prior around 1 and the offset one around 0, with the standard deviations
    `slope_spread` and `offset_spread`: without labels nothing changes, and where ten labels happen to be separable the
    fit stays finite. The penalised likelihood is concave, so that Newton's method finds its one maximum; where that has
    a negative slope, the best one that may be is at slope 0.
    """

    def __init__(self, slope_spread: float = 0.5, offset_spread: float = 1.5) -> None:
        self._precision = np.array([slope_spread**-2.0, offset_spread**-2.0])
        self.slope, self.offset = 1.0, 0.0

    def fit(self, scores: Floats, correct: Floats) -> Self:
        logits = _logits(scores)
        design = np.stack([logits, np.ones_like(logits)], axis=1)  # (K, 2)
        found = _newton(design, correct, np.array([1.0, 0.0]), self._precision)
        if found[0] < 0:
            found = np.array([0.0, _newton(design[:, 1:], correct, np.zeros(1), self._precision[1:])[0]])
        self.slope, self.offset = float(found[0]), float(found[1])
        return self

    def __call__(self, scores: Floats) -> Floats:
        if (self.slope, self.offset) == (1.0, 0.0):
            return scores
        return np.asarray(expit(self.slope * _logits(scores) + self.offset))

    def state_dict(self) -> dict[str, Any]:
        return _PlattState(kind="platt", version=1, slope=self.slope, offset=self.offset).model_dump(mode="json")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises `BadState`."""
        found = read_state(_PlattState, state, "platt")
        self.slope, self.offset = found.slope, found.offset


def _logits(scores: Floats) -> Floats:
    return np.asarray(logit(np.clip(scores, _EDGE, 1 - _EDGE)))


def _newton(design: Floats, correct: Floats, centre: Floats, precision: Floats) -> Floats:
    """The maximum of a logistic likelihood with a normal prior, by Newton's steps, halved where they do not help."""

    def loss(at: Floats) -> float:
        z = design @ at
        return float(np.sum(np.logaddexp(0, z) - correct * z) + precision @ (at - centre) ** 2 / 2)

    at, best = centre, loss(centre)
    for _ in range(100):
        chance = expit(design @ at)
        slope = design.T @ (chance - correct) + precision * (at - centre)
        curvature = (design.T * (chance * (1 - chance))) @ design + np.diag(precision)
        step = np.linalg.solve(curvature, slope)
        while (found := loss(at - step)) > best and np.abs(step).max() > 1e-12:
            step = step / 2
        if found > best or best - found < 1e-12:
            break
        at, best = at - step, found
    return at


class _IsotonicState(State):
    kind: Literal["isotonic"]
    version: Literal[1]
    scores: list[Share]
    values: list[Share]


class Isotonic:
    """The best rising step function, by pooling adjacent violators, with its steps drawn towards the overall share.

    Each step of k out of n becomes (k + `prior`·share) / (n + `prior`), where share = (all correct + 1) / (all + 2): a
    step of two labels would else be a certainty. Where that turns neighbours around they are pooled once more. Between
    steps the map is a straight line, outside of the scores seen it is level. It needs more labels than `Platt` (dozens
    of problems) and makes no assumption but order.
    """

    def __init__(self, prior: float = 2.0) -> None:
        self.prior = prior
        self._scores, self._values = np.zeros(0), np.zeros(0)

    def fit(self, scores: Floats, correct: Floats) -> Self:
        places, which = np.unique(scores, return_inverse=True)
        if not places.size:
            self._scores, self._values = np.zeros(0), np.zeros(0)
            return self
        count = np.bincount(which).astype(np.float64)
        block = _pooled(np.bincount(which, correct) / count, count)
        n = np.bincount(block, count).astype(np.float64)
        k = np.bincount(block, np.bincount(which, correct))
        share = (correct.sum() + 1) / (correct.size + 2)
        drawn = (k + self.prior * share) / (n + self.prior)
        again = _pooled(drawn, n)
        self._values = (np.bincount(again, drawn * n) / np.bincount(again, n))[again][block]
        self._scores = places
        return self

    def __call__(self, scores: Floats) -> Floats:
        return np.asarray(np.interp(scores, self._scores, self._values)) if self._scores.size else scores

    def state_dict(self) -> dict[str, Any]:
        state = _IsotonicState(
            kind="isotonic", version=1, scores=self._scores.tolist(), values=self._values.tolist()
        )  # fmt: skip
        return state.model_dump(mode="json")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Raises `BadState`."""
        found = read_state(_IsotonicState, state, "isotonic")
        scores, values = np.array(found.scores), np.array(found.values)
        if scores.shape != values.shape or (np.diff(scores) <= 0).any() or (np.diff(values) < 0).any():
            raise BadState("this is not a state of isotonic: scores and values must rise together")
        self._scores, self._values = scores, values


def _pooled(values: Floats, weights: Floats) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """(K,), the block of each value after pooling adjacent violators: block means rise strictly."""
    blocks: list[tuple[float, float, int]] = []  # weighed sum, weight, how many
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        total, mass, size = value * weight, weight, 1
        while blocks and blocks[-1][0] * mass >= total * blocks[-1][1]:
            before = blocks.pop()
            total, mass, size = total + before[0], mass + before[1], size + before[2]
        blocks.append((total, mass, size))
    return np.repeat(np.arange(len(blocks)), [size for _, _, size in blocks])


def observations(scores: Floats, correct: Bools) -> tuple[Floats, Floats]:
    """(K,) each: the distinct scores of one problem, and the share that is correct at each; NaN left out."""
    known = ~np.isnan(scores)
    places, which = np.unique(scores[known], return_inverse=True)
    return places, np.bincount(which, correct[known], places.size) / np.maximum(np.bincount(which), 1)


class Calibrated:
    """A selector whose scores are probabilities: what it chooses, its margin and its abstentions stay as they are.

    `fit` first, on labelled problems (of the current models: a calibration ages as they learn). Tests' scores are
    calibrated where `tests` is given and labels say which tests are correct.
    """

    name: ClassVar[str] = "calibrated"

    def __init__(self, selector: Selector, solutions: Calibrator, tests: Calibrator | None = None) -> None:
        self.selector, self.solutions, self.tests = selector, solutions, tests

    def fit(self, matrices: Sequence[PassingMatrix], labels: Sequence[Labels]) -> Self:
        """Learn from labelled problems. Raises `BadMatrix` where labels are not of their matrix."""
        seen: list[tuple[Floats, Floats]] = []
        seen_tests: list[tuple[Floats, Floats]] = []
        for matrix, label, chosen in zip(matrices, labels, self.selector.select(matrices), strict=True):
            label.check(matrix)
            seen.append(observations(chosen.solution_scores, label.solutions))
            if (good := label.of_tests(matrix)) is not None:
                seen_tests.append(observations(chosen.test_scores[matrix.sound_tests], good[matrix.sound_tests]))
        _fit(self.solutions, seen)
        if self.tests is not None:
            _fit(self.tests, seen_tests)
        return self

    def select(self, matrices: Sequence[PassingMatrix]) -> list[Selection]:
        return [self._calibrated(each) for each in self.selector.select(matrices)]

    def _calibrated(self, selection: Selection) -> Selection:
        tests = selection.test_scores if self.tests is None else self.tests(selection.test_scores)
        return replace(selection, solution_scores=self.solutions(selection.solution_scores), test_scores=tests)


def _fit(calibrator: Calibrator, seen: list[tuple[Floats, Floats]]) -> None:
    none = np.zeros(0)
    calibrator.fit(np.concatenate([none, *(s for s, _ in seen)]), np.concatenate([none, *(c for _, c in seen)]))

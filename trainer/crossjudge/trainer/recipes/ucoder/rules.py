"""Ways to choose r*: the paper's by (e, s, f), and those that it is compared with (its ablation of the selection).

Any selector by its name is one more.
"""

import zlib
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from crossjudge.trainer.selectors import PassingMatrix, Selection, Selector, make_selector
from crossjudge.trainer.selectors.base import NOTHING_PASSES, OneByOne
from crossjudge.trainer.selectors.errors import BadOption, UnknownSelector
from crossjudge.trainer.selectors.matrix import Bools
from crossjudge.trainer.selectors.max_pass import MaxPass
from crossjudge.trainer.selectors.mbr import OutputMajority
from crossjudge.trainer.selectors.ucoder import UCoder

NO_LOG_PROBS = "the generator tells no log-probabilities"
TOO_SELDOM = "no solution passes often enough"


class RandomSample(OneByOne):
    """One of the samples, each equally likely, so that a solution that was written twice is twice as likely."""

    name: ClassVar[str] = "random_sample"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def _select(self, matrix: PassingMatrix) -> Selection:
        return _only(matrix, _drawn(matrix, np.ones(matrix.shape[0], np.bool_), self.seed))


class LowPerplexity(OneByOne):
    """The solution that its model finds likeliest, whatever it does. Abstains where nobody tells."""

    name: ClassVar[str] = "low_perplexity"

    def _select(self, matrix: PassingMatrix) -> Selection:
        if matrix.log_probs is None:
            return _only(matrix, np.ones(matrix.shape[0], np.bool_)).because(NO_LOG_PROBS)
        return _only(matrix, matrix.log_probs == matrix.log_probs.max())


class SuccessRate(OneByOne):
    """One of the samples that pass at least `min_rate` of the tests, each equally likely. Abstains where none does."""

    name: ClassVar[str] = "success_rate"

    def __init__(self, min_rate: float = 0.5, seed: int = 0) -> None:
        if not 0 < min_rate <= 1:
            raise BadOption(f"min_rate is a share above 0 and at most 1, not {min_rate}")
        self.min_rate, self.seed = min_rate, seed

    def _select(self, matrix: PassingMatrix) -> Selection:
        ranked = MaxPass().select_one(matrix)
        often = np.nan_to_num(ranked.solution_scores) >= self.min_rate
        if not often.any():
            return ranked.because(NOTHING_PASSES if ranked.abstain else TOO_SELDOM)
        return _only(matrix, _drawn(matrix, often, self.seed))


def make_rule(name: str, options: Mapping[str, Any], seed: int) -> Selector:
    """The rule of that name. Raises `UnknownSelector` and `BadOption`."""
    own: Mapping[str, tuple[type[Any], Mapping[str, Any]]] = {
        "consensus": (UCoder, {}),
        "output_hash": (OutputMajority, {"copies": True}),
        "random": (RandomSample, {"seed": seed}),
        "low_perplexity": (LowPerplexity, {}),
        "success_rate": (SuccessRate, {"seed": seed}),
    }
    if name not in own:
        try:
            return make_selector(name, options)
        except UnknownSelector as error:
            raise UnknownSelector(f"{error}; and for UCoder alone {', '.join(own)}") from error
    kind, defaults = own[name]
    try:
        rule: Selector = kind(**{**defaults, **options})
    except TypeError as error:
        raise BadOption(f"{name}: {error}") from error
    return rule


def _drawn(matrix: PassingMatrix, among: Bools, seed: int) -> Bools:
    """(N,), one of the samples among those; the choice depends on the seed and the problem's id alone."""
    chance = np.random.default_rng([seed, zlib.crc32(matrix.id.encode("utf-8", "surrogatepass"))])
    weights = np.where(among, matrix.solution_copies, 0)
    chosen = np.zeros(matrix.shape[0], np.bool_)
    chosen[chance.choice(matrix.shape[0], p=weights / weights.sum())] = True
    return chosen


def _only(matrix: PassingMatrix, chosen: Bools) -> Selection:
    tests = matrix.passed[chosen].all(axis=0) & matrix.sound_tests
    return Selection(chosen, tests, chosen.astype(np.float64), matrix.passed.mean(axis=0) * matrix.sound_tests, 0.0)

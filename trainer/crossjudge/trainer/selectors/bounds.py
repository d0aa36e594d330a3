"""What no selector beats and what each should: the truth itself, and chance."""

import zlib
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from .base import OneByOne
from .errors import BadMatrix
from .labels import Labels
from .matrix import PassingMatrix
from .selection import Selection, unknown

NONE_CORRECT = "none of the solutions is correct"


class Oracle(OneByOne):
    """Chooses what is correct, from `labels` by the problem's id. Raises `BadMatrix` for a problem without labels."""

    name: ClassVar[str] = "oracle"

    def __init__(self, labels: Mapping[str, Labels]) -> None:
        self.labels = labels

    def select_one(self, matrix: PassingMatrix) -> Selection:
        """As everywhere, but that a matrix with nothing judged in it is no reason to abstain."""
        if matrix.id not in self.labels:
            raise BadMatrix("the oracle has no labels of this problem", matrix.id)
        labels = self.labels[matrix.id]
        labels.check(matrix)
        if not labels.solutions.any():
            return unknown(matrix, NONE_CORRECT)
        tests = labels.of_tests(matrix)
        assert tests is not None
        return Selection(labels.solutions, tests, labels.solutions.astype(float), tests.astype(float), 1.0)

    _select = select_one


class Random(OneByOne):
    """Chooses one solution by chance, each equally likely, and the tests that it passes; all scores are 1 / N.

    The choice depends on `seed` and the problem's id alone.
    """

    name: ClassVar[str] = "random"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def _select(self, matrix: PassingMatrix) -> Selection:
        height = matrix.shape[0]
        chance = np.random.default_rng([self.seed, zlib.crc32(matrix.id.encode("utf-8", "surrogatepass"))])
        chosen = np.zeros(height, np.bool_)
        chosen[chance.integers(height)] = True
        tests = matrix.passed[chosen][0] & matrix.sound_tests
        return Selection(chosen, tests, np.full(height, 1 / height), matrix.passed.mean(axis=0), 0.0)

"""UCoder's Theorem 2.4 (2512.17385) against simulation: when is the largest cluster of signatures the right one?

The theorem takes wrong solutions to be independent of each other. So does the first half here; in the second a share of
them copies one wrong behaviour, as solutions of one model do, which the bound knows nothing of.
"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .field import Progress

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_AT_ONCE = 200


@dataclass(frozen=True)
class Crowd:
    """The solutions of a problem, whose tests are right. All right solutions pass all of them."""

    right: float = 0.2
    """How likely a solution is right."""
    passing: float = 0.8
    """θ, how likely a wrong one passes a test."""
    copying: float = 0.0
    """The share of the wrong ones that do as one of them does."""
    solutions: int = 128

    @property
    def agreement(self) -> float:
        """p, how likely a wrong solution does on a test what another wrong one does, θ² + (1 − θ)², or a right one."""
        return max(self.passing, self.passing**2 + (1 - self.passing) ** 2)


INDEPENDENT = tuple(Crowd(passing=each) for each in (0.5, 0.8, 0.9))
COPYING = tuple(Crowd(copying=each) for each in (0.0, 0.1, 0.2, 0.3, 0.5))


@dataclass(frozen=True)
class Held:
    """How often the largest cluster was right, by the number of tests; and what the theorem promises."""

    crowd: Crowd
    sizes: Sequence[int]
    shares: list[float]
    """The share of right solutions in the largest cluster, mean over draws; clusters that tie share."""
    errors: list[float]
    """Half the 95 % interval of each."""
    bounds: list[float]

    def as_json(self) -> dict[str, Any]:
        crowd = {name: getattr(self.crowd, name) for name in ("solutions", "right", "passing", "copying")}
        return {**crowd, "tests": list(self.sizes), "right_cluster": self.shares, "errors": self.errors,
                "bound": self.bounds}  # fmt: skip


def bound(crowd: Crowd, tests: int) -> float:
    """1 − δ − n²·p^|T|, at least 0: how often the largest cluster is right at least.

    The theorem asks for k right solutions, with |T| ≥ log(n/k) / (−log p), which is k ≥ n·p^|T|, and has δ as the
    chance that there are fewer. Taken is the least such k, but 2: one alone ties with every wrong one.
    """
    n, agreed = crowd.solutions, crowd.agreement**tests
    least = max(2, math.ceil(n * agreed))
    fewer = sum(math.comb(n, k) * crowd.right**k * (1 - crowd.right) ** (n - k) for k in range(least))
    return max(0.0, 1 - fewer - n**2 * agreed)


def hold(crowd: Crowd, draws: int, seed: int, sizes: Sequence[int] = SIZES) -> Held:
    """Draws problems, and looks at the first so many tests of each."""
    name = f"{crowd.right}/{crowd.passing}/{crowd.copying}/{crowd.solutions}"
    chance = np.random.default_rng([seed, zlib.crc32(name.encode())])
    batches = [min(_AT_ONCE, draws - start) for start in range(0, draws, _AT_ONCE)]
    shares = np.concatenate([_shares(crowd, count, sizes, chance) for count in batches])  # (draws, S)
    errors = 1.96 * shares.std(axis=0) / math.sqrt(draws)
    bounds = [bound(crowd, size) for size in sizes]
    return Held(crowd, sizes, shares.mean(axis=0).tolist(), errors.tolist(), bounds)


def theorem_curves(draws: int, seed: int, tell: Progress) -> list[Held]:
    """Independent wrong solutions under ever weaker tests, then ever more that copy."""
    found = []
    for crowd in dict.fromkeys((*INDEPENDENT, *COPYING)):
        tell(f"theorem: wrong solutions pass {crowd.passing:g} of the tests, {crowd.copying:g} of them copy")
        found.append(hold(crowd, draws, seed))
    return found


def _shares(crowd: Crowd, count: int, sizes: Sequence[int], chance: np.random.Generator) -> Floats:
    """(count, S), of each problem and number of tests the share of right solutions in the largest cluster."""
    shape = (count, crowd.solutions)
    right = chance.random(shape) < crowd.right
    copies = (chance.random(shape) < crowd.copying) & ~right
    passed = chance.random((*shape, sizes[-1]), dtype=np.float32) < crowd.passing
    behaviour = chance.random((count, 1, sizes[-1]), dtype=np.float32) < crowd.passing
    passed = np.where(copies[..., None], behaviour, passed) | right[..., None]
    # A signature as one number: different ones share it but by chance of about n²/2⁶⁴.
    numbers = chance.integers(2**63, size=sizes[-1], dtype=np.uint64)
    looked_at = np.arange(sizes[-1])[:, None] < np.array(sizes)  # (M, S)
    signatures = passed.astype(np.uint64) @ (numbers[:, None] * looked_at)  # (count, N, S), modulo 2⁶⁴
    return np.stack([_right_of_largest(signatures[..., at], right) for at in range(len(sizes))], axis=1)


def _right_of_largest(signatures: NDArray[np.uint64], right: Bools) -> Floats:
    """(K,), of each row the share of right ones among those whose signature is the most frequent."""
    order = np.argsort(signatures, axis=1)
    ordered = np.take_along_axis(signatures, order, axis=1)
    begins = np.ones(ordered.shape, np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    clusters = begins.ravel().cumsum() - 1
    sizes = np.bincount(clusters)[clusters].reshape(ordered.shape)
    largest = sizes == sizes.max(axis=1, keepdims=True)
    right = np.take_along_axis(right, order, axis=1)
    return np.asarray((largest & right).sum(axis=1) / largest.sum(axis=1))

"""How much there is to learn from a matrix, before anything is selected (ZeroCoder's pre-filter, 2604.07864).

A matrix of rank 0 has no pass in it; in one of rank 1 all solutions that pass anything pass the same, so that no
selector can tell them apart and a group's rewards are all equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .matrix import Bools, PassingMatrix
from .whole import whole_part

_PRIME = 2**31 - 1  # products of two remainders fit into 64 bits


@dataclass(frozen=True)
class Structure:
    """What a matrix is made of. Tests that are broken by themselves are left out of all four."""

    rank: int
    """Of the 0/1 matrix of passes, over the rational numbers; at most `behaviours`."""
    behaviours: int
    """Distinct rows with a pass in them."""
    discriminating: float
    """The share of tests that some solution passes and another does not; of those judged on any solution."""
    density: float
    """The share of judged cells that passed."""


def structure(matrix: PassingMatrix) -> Structure:
    """Rank and behaviours are those of the part without masked cells (`whole_part`), as selectors compare rows; the
    shares are of all judged cells. All are 0 where nothing was judged."""
    passed = matrix.passed[np.ix_(*whole_part(matrix))]
    judged = matrix.judged[:, matrix.sound_tests]
    passes, cells = matrix.passed[:, matrix.sound_tests].sum(axis=0), judged.sum(axis=0)  # (M,) each
    tests = cells > 0
    return Structure(
        rank_of(passed),
        len(_distinct(passed)),
        float(((passes > 0) & (passes < cells))[tests].mean()) if tests.any() else 0.0,
        float(passes.sum() / cells.sum()) if tests.any() else 0.0,
    )


def informative(matrices: Sequence[PassingMatrix], least_rank: int = 2) -> Bools:
    """(K,), which matrices have at least that rank: the filter that a recipe applies to its problems."""
    return np.array([structure(matrix).rank >= least_rank for matrix in matrices], np.bool_)


def rank_of(passed: Bools) -> int:
    """The rank of a 0/1 matrix, by elimination in whole numbers modulo the prime 2³¹ - 1.

    Not by singular values, whose rank depends on a tolerance and on the machine's linear algebra; not over GF(2), where
    [[0,1,1],[1,0,1],[1,1,0]] has rank 2 instead of 3. Modulo a prime a rank is never too large, and too small only
    where the prime divides each of the largest minors that are not 0: minors of up to 22 rows are smaller than the
    prime (Hadamard's bound), and beyond, such a chance is about one in two thousand million.
    """
    rows = _distinct(passed)
    table = _distinct(rows.T).astype(np.int64)  # equal rows and columns add nothing
    rank = 0
    for column in range(table.shape[1]):
        below = table[rank:, column]
        if not below.any():
            continue
        pivot = rank + int(below.argmax())
        table[[rank, pivot]] = table[[pivot, rank]]
        row = table[rank] * pow(int(table[rank, column]), -1, _PRIME) % _PRIME
        table[rank + 1 :] = (table[rank + 1 :] - table[rank + 1 :, column, None] * row) % _PRIME
        rank += 1
        if rank == len(table):
            break
    return rank


def _distinct(rows: Bools) -> Bools:
    """The distinct rows with a True in them."""
    rows = rows[rows.any(axis=1)]
    if not rows.size:
        return rows[:0]
    return rows[np.unique(np.packbits(rows, axis=1), axis=0, return_index=True)[1]]

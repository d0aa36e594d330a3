"""Consensus sets: the groups of solutions that pass exactly the same tests, and the counts that selectors score.

Notation: a group C of solutions with the common row y; n = |C|, m = tests with y = 1, of N solutions and M tests.
B4 (2409.08692 §4) calls them consensus sets, UCoder (2512.17385) clusters of execution signatures.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .matrix import Bools, Floats, Ints, PassingMatrix
from .whole import whole_part


@dataclass(frozen=True, eq=False)
class Groups:
    """G groups over the part of a matrix that can be compared. Counts are of copies where copies count."""

    matrix: PassingMatrix
    rows: Ints
    """(n_rows,), the solutions that are in a group, as indices into the matrix."""
    columns: Ints
    """(n_columns,), the tests that are looked at."""
    of: Ints
    """(n_rows,), the group of each solution."""
    pattern: Bools
    """(G, n_columns), the common row y of each group."""
    n: Floats
    """(G,), solutions in the group."""
    m: Floats
    """(G,), tests that it passes."""
    s1: Floats
    """(G,), cells that the other solutions pass among the m tests."""
    s0: Floats
    """(G,), the same among the other tests."""
    all_n: float
    all_m: float

    @property
    def count(self) -> int:
        return len(self.n)

    @cached_property
    def support(self) -> Floats:
        """(G,), the mean of J(C, i)² over all solutions i, in [0, 1]: how much of the crowd stands near a group.

        J(C, i) is the Jaccard index of the tests that C passes and those that i passes; 0 where neither passes any.
        """
        passed = self.pattern.astype(np.float64)
        both = passed @ passed.T  # (G, G)
        sizes = passed.sum(axis=1)
        either = sizes[:, None] + sizes - both
        return np.asarray((both / np.maximum(either, 1.0)) ** 2 @ self.n / self.all_n)


def row_groups(matrix: PassingMatrix, *, copies: bool) -> Groups:
    """Groups of equal rows."""
    rows, columns = whole_part(matrix)
    passed = matrix.passed[rows][:, columns]
    return grouped(matrix, rows, columns, passed, equal_rows(np.packbits(passed, axis=1)), copies=copies)


def output_groups(matrix: PassingMatrix, *, copies: bool) -> Groups:
    """Groups of solutions that gave back the same in every column, where outputs are known; else of equal rows.

    What they give back decides what they pass, but for tests that look at more than values; where members of a group
    differ in a test all the same, its row has what most of them do.
    """
    if matrix.outputs is None:
        return row_groups(matrix, copies=copies)
    rows, columns = whole_part(matrix)
    ids = equal_rows(matrix.outputs[rows][:, columns])
    return grouped(matrix, rows, columns, matrix.passed[rows][:, columns], ids, copies=copies)


def equal_rows(table: NDArray[np.generic]) -> Ints:
    """(rows,), the number of the kind of each row, kinds numbered by their first row."""
    raw, width = table.tobytes(), table.shape[1] * table.itemsize
    numbers: dict[bytes, int] = {}
    kinds = [numbers.setdefault(raw[at * width : (at + 1) * width], len(numbers)) for at in range(len(table))]
    return np.array(kinds, np.int64)


def grouped(
    matrix: PassingMatrix, rows: Ints, columns: Ints, passed: Bools, of: Ints, *, copies: bool
) -> Groups:  # fmt: skip
    """The counts of groups that are given. `passed` is (n_rows, n_columns), `of` the group of each row."""
    solutions = matrix.solution_copies[rows].astype(np.float64) if copies else np.ones(rows.size)
    tests = matrix.test_copies[columns].astype(np.float64) if copies else np.ones(columns.size)
    count = int(of.max()) + 1 if of.size else 0
    n = np.bincount(of, solutions, count).astype(np.float64)
    members = np.zeros((count, rows.size))
    members[of, np.arange(rows.size)] = solutions
    passes = members @ passed  # (G, n_columns), of each group's solutions, how many pass each test
    pattern = passes * 2 > n[:, None]
    m = pattern @ tests
    weighed = passes.sum(axis=0) * tests  # (n_columns,), passes of all solutions
    inside = (pattern * passes) @ tests  # (G,), the group's own passes on its tests
    outside = (~pattern * passes) @ tests
    s1 = pattern @ weighed - inside
    s0 = weighed.sum() - pattern @ weighed - outside
    return Groups(matrix, rows, columns, of, pattern, n, m, s1, s0, float(solutions.sum()), float(tests.sum()))

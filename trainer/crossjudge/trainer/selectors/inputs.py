"""Tests that ask the same: what each set of solutions answers to each distinct input, and who else answers so."""

from dataclasses import dataclass

import numpy as np

from .groups import Groups
from .matrix import NO_OUTPUT, Floats, Ints

SILENT = 0.5
"""The votes for an answer that did not come: fewer than those of an answer that a single solution gave."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Of G groups and the K distinct inputs among their tests."""

    of_test: Ints
    """(n_columns,), the input of each test: tests to which all solutions answer alike have the same one."""
    votes: Floats
    """(G, K), solutions that answer as the group does."""
    confirmed: Floats
    """(G, K), tests at that input which the group passes, so that they expect its answer."""
    kind: Ints
    """(G, K), a number for each different answer to each input: 0 to (different ones) - 1."""
    variety: Ints
    """(G,), how many different answers a group gives over all inputs."""


def answers(groups: Groups) -> Answers:
    """The answers of each group, whose matrix has outputs."""
    assert groups.matrix.outputs is not None, "answers are read from outputs"
    first_row = np.zeros(groups.count, np.int64)
    first_row[groups.of[::-1]] = groups.rows[::-1]
    every = groups.matrix.outputs[first_row][:, groups.columns]
    of_test, representatives = _equal_columns(every)
    given = every[:, representatives]
    inputs = given.shape[1]
    members = np.zeros((groups.columns.size, inputs))
    members[np.arange(groups.columns.size), of_test] = 1.0
    keys = given * inputs + np.arange(inputs)  # (G, K), equal for equal answers to the same input
    _, kind = np.unique(keys, return_inverse=True)
    kind = kind.reshape(given.shape)
    votes = np.bincount(kind.ravel(), np.repeat(groups.n, inputs))[kind]
    return Answers(
        of_test, np.where(given == NO_OUTPUT, SILENT, votes), groups.pattern @ members, kind, _variety(given)
    )  # fmt: skip


def _equal_columns(table: Ints) -> tuple[Ints, Ints]:
    """The number of each column's kind, and the first column of each kind."""
    numbers: dict[bytes, int] = {}
    of = np.array([numbers.setdefault(column.tobytes(), len(numbers)) for column in table.T.copy()], np.int64)
    first = np.zeros(len(numbers), np.int64)
    first[of[::-1]] = np.arange(of.size)[::-1]
    return of, first


def _variety(given: Ints) -> Ints:
    ordered = np.sort(given, axis=1)
    return np.asarray((np.diff(ordered, axis=1) != 0).sum(axis=1) + 1)

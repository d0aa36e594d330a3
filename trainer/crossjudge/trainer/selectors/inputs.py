"""Tests that ask the same: what each set of solutions answers to each distinct input, and who else answers so."""

from dataclasses import dataclass

import numpy as np

from .groups import Groups, equal_rows
from .matrix import NO_OUTPUT, Bools, Floats, Ints

MANY = 8
"""So many times more answers in a matrix than groups are too many to keep a count of each at each input."""
SILENT = 0.5
"""The votes for an answer that did not come: fewer than those of an answer that a single solution gave."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Of G groups and the K distinct inputs among their tests: those to which all answer alike share one."""

    votes: Floats
    """(G, K), solutions that answer as the group does."""
    confirmed: Floats
    """(G, K), tests at that input which the group passes, so that they expect its answer."""
    kind: Ints
    """(G, K), equal numbers, from 0, for equal answers to an input."""
    is_constant: Bools
    """(G,), True for a group that gives one answer to all inputs."""


def answers(groups: Groups) -> Answers:
    """The answers of each group, whose matrix has outputs."""
    assert groups.matrix.outputs is not None, "answers are read from outputs"
    first_row = np.zeros(groups.count, np.int64)
    first_row[groups.of[::-1]] = groups.rows[::-1]
    every = groups.matrix.outputs[first_row][:, groups.columns]
    of_test = equal_rows(every.T)
    representatives = np.zeros(of_test.max() + 1, np.int64)
    representatives[of_test[::-1]] = np.arange(of_test.size)[::-1]
    given = every[:, representatives]  # (G, K)
    inputs = given.shape[1]
    members = np.zeros((of_test.size, inputs))
    members[np.arange(of_test.size), of_test] = 1.0
    kind = _kinds(given)
    flat = kind * inputs + np.arange(inputs)
    votes = np.bincount(flat.ravel(), np.repeat(groups.n, inputs))[flat]
    return Answers(
        np.where(given == NO_OUTPUT, SILENT, votes), groups.pattern @ members, kind,
        (given == given[:, :1]).all(axis=1),
    )  # fmt: skip


def _kinds(given: Ints) -> Ints:
    """(G, K), the answers to each input numbered from 0, in the order of their own numbers."""
    if given.max() < MANY * len(given):
        return given - NO_OUTPUT  # their own numbers will do, with some to spare
    columns = given.T
    order = np.argsort(columns, axis=1)
    ordered = np.take_along_axis(columns, order, axis=1)
    is_new = np.diff(ordered, axis=1, prepend=ordered[:, :1]) != 0
    kinds = np.empty_like(order)
    np.put_along_axis(kinds, order, np.cumsum(is_new, axis=1), axis=1)
    return kinds.T

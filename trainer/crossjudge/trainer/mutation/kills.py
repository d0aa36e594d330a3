"""Which tests notice which mutants: a proxy and its mutants judged together against the tests at hand.

The *proxy* stands in for a correct solution; in a label-free run it is one that the selector chose. What it fails says
nothing of a test's power to discriminate, so only tests that the proxy passes count here.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crossjudge.client import Detail, Grid, Problem
from crossjudge.contracts import SourceStatus, Test

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_LOADS = (SourceStatus.OK, SourceStatus.NOT_RUN)


class Judge(Protocol):
    """What is needed of `crossjudge.client.Client`."""

    def stream(self, problems: Iterable[Problem], *, detail: Any = None) -> Generator[Grid]: ...


@dataclass(frozen=True)
class Suspects:
    """A proxy, its mutants, and the tests that are to tell them apart."""

    proxy: str
    mutants: Sequence[str]
    tests: Sequence[Test | str]
    entry_point: str | None = None
    prelude: str = ""

    @property
    def problem(self) -> Problem:
        """What a judge is given: the proxy is the first solution. It must have a test."""
        document = {"solutions": [self.proxy, *self.mutants], "tests": list(self.tests), "prelude": self.prelude}
        return Problem.model_validate({**document, "entry_point": self.entry_point})


@dataclass(frozen=True, eq=False)
class Kills:
    """What became of K mutants under M tests.

    A cell *counts* where both the proxy and the mutant were judged (neither S nor X) and the proxy passed. Among those,
    a test *kills* a mutant that does not pass it, whatever the verdict, and *tells it apart* also where both pass but
    gave back something else.
    """

    proxy_passed: Bools
    """(M,), the tests that the proxy passes."""
    proxy_judged: Bools
    """(M,), False where it was not judged, so that nothing is known of the test."""
    counts: Bools
    """(K, M), the cells that count."""
    killed: Bools
    """(K, M), the kill matrix; False where a cell does not count."""
    differs: Bools
    """(K, M), where the mutant was told apart from the proxy."""
    loads: Bools
    """(K,), False for mutants that broke before any test could look at them."""

    @cached_property
    def live(self) -> Bools:
        """(K,), the mutants that load and that some test tells apart; the others are taken for equivalent."""
        return np.asarray(self.loads & self.differs.any(axis=1))

    @cached_property
    def kill_rates(self) -> Floats:
        """(M,), the share of live mutants that each test kills, of those whose cell counts.

        NaN where that is unknown: the proxy fails the test or was not judged on it, or no live mutant's cell counts.
        """
        known = self.counts & self.live[:, None]
        return _share((self.killed & known).sum(axis=0), known.sum(axis=0))

    def score(self, tests: Sequence[int] | Bools | None = None) -> float:
        """The mutation score of some tests (indices or a mask; all of them by default): the share of live mutants that
        at least one of them kills.

        A mutant that none of them is known to kill is left out if a cell of it that could have done so was not judged.
        NaN where no mutant is left.
        """
        mask = np.zeros(self.proxy_passed.shape, np.bool_)
        mask[slice(None) if tests is None else tests if isinstance(tests, np.ndarray) else list(tests)] = True
        killed = (self.killed & mask).any(axis=1)  # (K,)
        unsure = (~self.counts & mask & (self.proxy_passed | ~self.proxy_judged)).any(axis=1)
        known = self.live & (killed | ~unsure)
        return float(_share((killed & known).sum(keepdims=True), known.sum(keepdims=True))[0])


def judge_kills(judge: Judge, suspects: Sequence[Suspects]) -> list[Kills]:
    """The kills of each of many problems, in their order, judged in as few batches as the client makes of them.

    Limits are the judge's own; a mutant that never ends costs its tests the whole CPU limit each, so give it one that
    is just enough for the proxies. A problem without tests has kills without columns, and is not sent. With an
    asynchronous client, stream each `Suspects.problem` with output digests, and take `kills_of` each grid.

    Raises what the judge raises (`CrossjudgeError`).
    """
    sent = [index for index, each in enumerate(suspects) if each.tests]
    found = {index: _nothing(each) for index, each in enumerate(suspects) if not each.tests}
    problems = (suspects[index].problem for index in sent)
    for grid in judge.stream(problems, detail=[Detail.OUTPUTS]):
        found[sent[grid.index]] = kills_of(grid)
    return [found[index] for index in range(len(suspects))]


def kills_of(grid: Grid) -> Kills:
    """From the passing matrix of a proxy (its first row) and mutants (the others), with output digests where known."""
    judged, passed = grid.scored, grid.passed  # (1 + K, M)
    counts = judged[1:] & judged[:1] & passed[:1]
    killed = counts & ~passed[1:]
    other_output = counts & _outputs_differ(grid)
    loads = np.array([report.status in _LOADS for report in grid.solutions[1:]], np.bool_)
    return Kills(passed[0], judged[0], counts, killed, killed | other_output, loads)


def _outputs_differ(grid: Grid) -> Bools:
    """(K, M), where proxy and mutant both gave something back, and not the same."""
    height, width = grid.shape
    if grid.outputs is None:
        return np.zeros((height - 1, width), np.bool_)
    outputs = np.array([digest or "" for row in grid.outputs for digest in row], np.str_).reshape(height, width)
    known = outputs != ""
    return np.asarray(known[1:] & known[:1] & (outputs[1:] != outputs[:1]), np.bool_)


def _nothing(suspects: Suspects) -> Kills:
    mutants = len(suspects.mutants)
    column, table = np.zeros(0, np.bool_), np.zeros((mutants, 0), np.bool_)
    return Kills(column, column, table, table, table, np.ones(mutants, np.bool_))


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> Floats:
    """part / whole, NaN where there is nothing."""
    with np.errstate(invalid="ignore"):
        return np.asarray(part / whole, np.float64)

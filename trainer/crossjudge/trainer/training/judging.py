"""Rollouts judged by the verifier: their passing matrices, as selectors and rewards want them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from crossjudge.client import (
    Client,
    ConnectionFailed,
    Grid,
    Patience,
    Problem,
    QuotaExceeded,
    ServiceUnavailable,
)
from crossjudge.contracts import Detail, SourceStatus, Test
from crossjudge.trainer.processes import ALONE, Processes, share
from crossjudge.trainer.selectors import Labels, PassingMatrix

from .clock import Clock
from .config import VerifierConfig
from .rollout import Distinct, Rollout

T = TypeVar("T")
J = TypeVar("J")
Bools = NDArray[np.bool_]
OUTPUTS = (Detail.OUTPUTS,)
_UNBROKEN = (SourceStatus.OK, SourceStatus.NOT_RUN)
_PAUSE_S = 5.0
_BUSY_S, _UNREACHABLE_S = 60.0, 30.0


@dataclass(frozen=True, eq=False)
class JudgedRollout:
    """A rollout with its cells. Arrays are over replies' solutions (N,) and all tests (M,), as they were written."""

    rollout: Rollout
    matrix: PassingMatrix
    """Distinct solutions and tests with their copies."""
    solution_places: NDArray[np.int64]
    """(N,), the row of each solution."""
    test_places: NDArray[np.int64]
    """(M,), the column of each test."""
    right: Bools | None
    """(rows,), whether a solution passes all reference tests; None where that could not be judged."""
    good: Bools | None
    """(columns,), whether the reference solution passes a test; likewise."""

    @property
    def truth(self) -> Bools | None:
        """(N,), `right` of each solution."""
        return None if self.right is None else self.right[self.solution_places]

    @property
    def valid(self) -> Bools | None:
        """(M,), `good` of each test."""
        return None if self.good is None else self.good[self.test_places]

    @property
    def labels(self) -> Labels | None:
        """What is true of the matrix, where the references say."""
        return None if self.right is None else Labels(self.right, self.good)

    @property
    def passed(self) -> Bools:
        """(N, M)"""
        return self.matrix.passed[self.solution_places][:, self.test_places]

    @property
    def judged(self) -> Bools:
        """(N, M), False for cells that say nothing."""
        return self.matrix.judged[self.solution_places][:, self.test_places]


def client_of(verifier: VerifierConfig, run: str) -> Client:
    """The client of a verifier. It gives up soon, because a `Judge` waits longer, and says so."""
    longest = verifier.patience_seconds
    patience = Patience(busy=min(_BUSY_S, longest), unreachable=min(_UNREACHABLE_S, longest))
    return Client(verifier.url, run=run, limits=verifier.limits, isolation=verifier.isolation, patience=patience)


@dataclass(frozen=True)
class Judge:
    """The verifier as a run uses it. `patience_seconds`: how long it may be away before the run gives up.

    Each of `processes` asks for its share and gets the others' too, so all have to ask for the same, from their main
    threads.
    """

    client: Client
    patience_seconds: float
    tell: Callable[[str], None]
    processes: Processes = ALONE

    def grids(self, problems: Sequence[Problem], detail: Sequence[Detail] = OUTPUTS) -> dict[int, Grid]:
        """The grid of each problem by its index; what was judged before the verifier went away is kept.

        Raises what the client raises, once the verifier has been away for as long as patience allows.
        """
        return self._all(self._own(problems, detail))

    def _all(self, own: dict[int, Grid]) -> dict[int, Grid]:
        return {index: grid for part in self.processes.gathered(own) for index, grid in part.items()}

    def _own(self, problems: Sequence[Problem], detail: Sequence[Detail] = OUTPUTS) -> dict[int, Grid]:
        """Those of this process's share."""
        found: dict[int, Grid] = {}
        since = None
        while missing := [index for index in share(len(problems), self.processes) if index not in found]:
            try:
                for grid in self.client.stream([problems[index] for index in missing], detail=list(detail)):
                    found[missing[grid.index]] = grid
                    since = None
            except (ConnectionFailed, ServiceUnavailable, QuotaExceeded) as error:
                since = since or time.monotonic()
                left = self.patience_seconds - (time.monotonic() - since)
                if left <= 0:
                    raise
                self.tell(f"the verifier is away ({error.detail}); waiting for it, {left:.0f} s more at most")
                time.sleep(min(_PAUSE_S, left))
        return found

    def meanwhile(self, parts: Iterable[T], judged: Callable[[T], Sequence[J]], clock: Clock) -> list[J]:
        """What `judged` makes of all parts, in their order; a part is judged while the next one is made.

        The clock's `sample` is the making, `verify` what is waited for after it. Of several processes each judges after
        all is made, because they have to ask in the same order.
        """
        made = clock.over(parts, "sample")
        if self.processes.count > 1:
            whole = list(made)
            with clock.part("verify"):
                return [each for part in whole for each in judged(part)]
        under_way = [_started(partial(judged, part)) for part in made]
        with clock.part("verify"):
            return [each for future in under_way for each in future.result()]

    def judged_meanwhile(
        self, parts: Iterable[Sequence[Rollout]], with_references: bool, clock: Clock
    ) -> list[JudgedRollout]:
        """The rollouts of all parts with their cells; a part is judged while the next one is made.

        The clock's `sample` is the making, `verify` what is waited for after it.
        """
        under_way = []
        for rollouts in clock.over(parts, "sample"):
            asked = _Asked.of(rollouts, with_references)
            under_way.append((asked, _started(partial(self._own, asked.problems))))
        with clock.part("verify"):
            return [each for asked, own in under_way for each in asked.judged(self._all(own.result()))]

    def judge(self, rollouts: Sequence[Rollout], with_references: bool) -> list[JudgedRollout]:
        """The rollouts with their cells. With references, their verdicts too, which no selector sees."""
        asked = _Asked.of(rollouts, with_references)
        return asked.judged(self.grids(asked.problems))


def _started(call: Callable[[], T]) -> "Future[T]":
    """A call in a thread of its own, which does not hold the program where that ends first."""
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=work, name="crossjudge-judge", daemon=True).start()
    return future


@dataclass(frozen=True)
class _Plan:
    """What is asked of the verifier for one rollout: distinct solutions × distinct tests, references behind them."""

    rollout: Rollout
    solutions: Distinct
    tests: Distinct
    reference: str | None
    reference_tests: tuple[Test, ...]

    @staticmethod
    def of(rollout: Rollout, with_references: bool) -> "_Plan":
        problem = rollout.problem
        return _Plan(
            rollout,
            Distinct.of(rollout.solutions),
            Distinct.of([test.model_dump_json() for test in rollout.tests]),
            problem.reference_solution if with_references else None,
            problem.reference_tests if with_references else (),
        )

    def problem(self) -> Problem | None:
        """What is sent; None where there is nothing to judge."""
        solutions = [self.rollout.solutions[at] for at in self.solutions.firsts]
        tests = [*(self.rollout.tests[at] for at in self.tests.firsts), *self.reference_tests]
        if not tests:
            return None
        stated = self.rollout.problem
        return Problem(
            id=stated.id, entry_point=stated.entry_point, prelude=stated.prelude, tests=tests,
            solutions=[*solutions, *([] if self.reference is None else [self.reference])],
        )  # fmt: skip

    def judged(self, grid: Grid | None) -> JudgedRollout:
        height, width = len(self.solutions.firsts), len(self.tests.firsts)
        rows = [""] * height if grid is None else [row[:width] for row in grid.verdicts[:height]]
        outputs = grid.outputs if grid is not None else None
        sound = [] if grid is None else [r.status in _UNBROKEN and not r.vacuous for r in grid.tests[:width]]
        matrix = PassingMatrix.of(
            rows, id=self.rollout.problem.id, tests=width, solution_copies=self.solutions.copies,
            test_copies=self.tests.copies if width else [], sound_tests=sound,
            outputs=None if outputs is None else [row[:width] for row in outputs[:height]],
        )  # fmt: skip
        right = good = None
        if grid is not None:
            # A cell that says nothing is no reason to call anybody wrong.
            if self.reference_tests and grid.scored[:height, width:].all():
                right = np.asarray(grid.passed[:height, width:].all(axis=1))
            if self.reference is not None and width and grid.scored[height, :width].all():
                good = np.asarray(grid.passed[height, :width])
        return JudgedRollout(self.rollout, matrix, self.solutions.places, self.tests.places, right, good)


@dataclass(frozen=True)
class _Asked:
    """What is asked for several rollouts: the problems of those that have anything to judge."""

    plans: Sequence[_Plan]
    problems: Sequence[Problem]
    places: Sequence[int | None]
    """Of each rollout its place among the problems."""

    @staticmethod
    def of(rollouts: Sequence[Rollout], with_references: bool) -> "_Asked":
        plans = [_Plan.of(rollout, with_references) for rollout in rollouts]
        made = [plan.problem() for plan in plans]
        problems = [problem for problem in made if problem is not None]
        numbers = iter(range(len(problems)))
        return _Asked(plans, problems, [None if problem is None else next(numbers) for problem in made])

    def judged(self, grids: Mapping[int, Grid]) -> list[JudgedRollout]:
        return [
            plan.judged(None if place is None else grids[place])
            for plan, place in zip(self.plans, self.places, strict=True)
        ]

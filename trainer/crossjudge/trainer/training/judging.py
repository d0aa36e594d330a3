"""Rollouts judged by the verifier: their passing matrices, as selectors and rewards want them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crossjudge.client import Client, ConnectionFailed, Grid, Problem, ServiceUnavailable
from crossjudge.contracts import Detail, SourceStatus, Test
from crossjudge.trainer.selectors import PassingMatrix

from .rollout import Distinct, Rollout

Bools = NDArray[np.bool_]
_UNBROKEN = (SourceStatus.OK, SourceStatus.NOT_RUN)
_PAUSE_S = 5.0


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
    truth: Bools | None
    """(N,), whether each solution passes all reference tests; None where none were judged."""
    valid: Bools | None
    """(M,), whether the reference solution passes each test; likewise."""

    @property
    def passed(self) -> Bools:
        """(N, M)"""
        return self.matrix.passed[self.solution_places][:, self.test_places]

    @property
    def judged(self) -> Bools:
        """(N, M), False for cells that say nothing."""
        return self.matrix.judged[self.solution_places][:, self.test_places]


@dataclass(frozen=True)
class Judge:
    """The verifier as a run uses it. `patience_seconds`: how long it may be away before the run gives up."""

    client: Client
    patience_seconds: float
    tell: Callable[[str], None]

    def grids(self, problems: Sequence[Problem], detail: Sequence[Detail] = (Detail.OUTPUTS,)) -> dict[int, Grid]:
        """The grid of each problem by its index; what was judged before the verifier went away is kept.

        Raises what the client raises, once the verifier has been away for as long as patience allows.
        """
        found: dict[int, Grid] = {}
        since = None
        while missing := [index for index in range(len(problems)) if index not in found]:
            try:
                for grid in self.client.stream([problems[index] for index in missing], detail=list(detail)):
                    found[missing[grid.index]] = grid
                    since = None
            except (ConnectionFailed, ServiceUnavailable) as error:
                since = since or time.monotonic()
                left = self.patience_seconds - (time.monotonic() - since)
                if left <= 0:
                    raise
                self.tell(f"the verifier is away ({error.detail}); waiting for it, {left:.0f} s more at most")
                time.sleep(min(_PAUSE_S, left))
        return found

    def judge(self, rollouts: Sequence[Rollout], with_references: bool) -> list[JudgedRollout]:
        """The rollouts with their cells. With references, their verdicts too, which no selector sees."""
        plans = [_Plan.of(rollout, with_references) for rollout in rollouts]
        problems = {index: problem for index, plan in enumerate(plans) if (problem := plan.problem()) is not None}
        grids = self.grids(list(problems.values()))
        by_plan = {index: grids[at] for at, index in enumerate(problems)}
        return [plan.judged(by_plan.get(index)) for index, plan in enumerate(plans)]


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
        truth = valid = None
        if grid is not None and self.reference_tests:
            truth = np.asarray(grid.passed[:height, width:].all(axis=1))[self.solutions.places]
        if grid is not None and self.reference is not None and width:
            valid = grid.passed[height, :width][self.tests.places]
        return JudgedRollout(self.rollout, matrix, self.solutions.places, self.tests.places, truth, valid)

"""All that a reward may look at: a problem's passing matrix and what the selector made of it. Arrays, nothing else."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import BadGroup

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Group:
    """N solutions × M tests of one problem; N and M may be 0. `of` makes one and checks it.

    A selector that abstains has chosen nothing: give it no chosen solutions, and no reward that rests on the choice is
    given to anyone.
    """

    passed: Bools
    """(N, M)"""
    judged: Bools
    """(N, M), False for cells that say nothing (S and X): they are masked everywhere."""
    chosen_solutions: Bools
    """(N,), the consensus set."""
    chosen_tests: Bools
    """(M,), the tests that are consistent with it."""
    executes: Bools
    """(M,), False for tests that are broken by themselves: no Python, or they never use the solution."""
    copies: Ints
    """(M,), how many of the group's tests are the same as this one, itself among them."""
    solution_scores: Floats | None = None
    """(N,), the selector's; NaN for a solution that it could not tell anything of."""
    kill_rates: Floats | None = None
    """(M,), the share of live mutants of the proxy that each test kills; NaN where unknown."""
    proxy: int | None = None
    """The solution of which the mutants were made."""

    @staticmethod
    def of(
        passed: ArrayLike,
        judged: ArrayLike | None = None,
        *,
        chosen_solutions: ArrayLike,
        chosen_tests: ArrayLike,
        executes: ArrayLike | None = None,
        copies: ArrayLike | None = None,
        solution_scores: ArrayLike | None = None,
        kill_rates: ArrayLike | None = None,
        proxy: int | None = None,
    ) -> "Group":
        """The group of these arrays (or lists); what is left out says nothing: all judged, all execute, no copies.

        Raises `BadGroup` for shapes that do not fit, a proxy that is none of the solutions, copies below 1, and kill
        rates outside of [0, 1].
        """
        table = np.asarray(passed, np.bool_)
        if table.ndim != 2:
            raise BadGroup(f"passed must be a table of solutions × tests, not of the shape {table.shape}")
        height, width = table.shape
        rates = None if kill_rates is None else _shaped(kill_rates, (width,), "kill_rates", np.float64)
        if rates is not None and ((rates < 0) | (rates > 1)).any():
            raise BadGroup("kill_rates must lie in [0, 1], or be NaN where they are not known")
        multiplicity = _shaped(np.ones(width) if copies is None else copies, (width,), "copies", np.int64)
        if (multiplicity < 1).any():
            raise BadGroup("copies count the test itself, so that none is below 1")
        if proxy is not None and not 0 <= proxy < height:
            raise BadGroup(f"proxy {proxy} is none of the {height} solutions")
        known = _shaped(np.ones_like(table) if judged is None else judged, (height, width), "judged", np.bool_)
        return Group(
            passed=table & known,
            judged=known,
            chosen_solutions=_shaped(chosen_solutions, (height,), "chosen_solutions", np.bool_),
            chosen_tests=_shaped(chosen_tests, (width,), "chosen_tests", np.bool_),
            executes=_shaped(np.ones(width) if executes is None else executes, (width,), "executes", np.bool_),
            copies=multiplicity,
            solution_scores=None
            if solution_scores is None
            else _shaped(solution_scores, (height,), "solution_scores", np.float64),
            kill_rates=rates,
            proxy=proxy,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """(N, M)"""
        height, width = self.passed.shape
        return height, width

    @property
    def has_consensus(self) -> bool:
        """Whether any solution was chosen."""
        return bool(self.chosen_solutions.any())


def _shaped(given: ArrayLike, shape: tuple[int, ...], name: str, kind: type[np.generic]) -> NDArray[Any]:
    array = np.asarray(given)
    if array.shape != shape:
        raise BadGroup(f"{name} has the shape {array.shape} where {shape} is due")
    return array.astype(kind)

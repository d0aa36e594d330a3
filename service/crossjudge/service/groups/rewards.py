"""Rewards of solutions and tests from one passing matrix. Pure: knows letters, nothing of HTTP or Redis.

Notation: M[i, j] is 1 where solution i passes test j. Cells that are S or X are masked: they count nowhere, and where
nothing is left to count there is no reward, never a 0. A test is *valid* unless it is broken by itself (does not
compile, is too large) or vacuous (never used a solution); others count for no solution. A solution that is broken by
itself (does not load, lacks the entry point) says nothing about a test: every test fails on it.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from crossjudge.contracts import Reward, RewardParts, SolutionReport, SourceStatus, TestReport, Verdict

_PASSED = Verdict.PASSED.value
_UNSCORED = frozenset(verdict.value for verdict in Verdict if not verdict.is_scored)
_UNBROKEN = (SourceStatus.OK, SourceStatus.NOT_RUN)

_NOT_JUDGED = "none of its cells could be judged: they were cancelled, or the service failed to run them"
_NO_VALID_TEST = "the group has no valid test: each is broken by itself or never uses the solution"
_NOT_WHOLE = "some of its cells could not be judged, so that its row compares with no other"
_NO_WHOLE_ROW = "no solution's row could be judged to its end"
_NO_SOUND_SOLUTION = "no solution that loads was judged on it, and so there is nothing to tell of it"
_BROKEN = "the test is broken by itself"
_VACUOUS = "the test never uses the solution"


@dataclass(frozen=True)
class Agreement:
    """Solutions that pass the same valid tests agree; what they pass is what they stand for.

    `size` solutions pass the same `tests` of `all_tests`; the other `all_solutions - size` pass `on_passed` cells of
    those tests, and `on_others` of the other ones.
    """

    size: int
    tests: int
    all_solutions: int
    all_tests: int
    on_passed: int
    on_others: int


@dataclass(frozen=True)
class Table:
    """One passing matrix: a string a solution, a letter a test; and what is said of each by itself."""

    rows: Sequence[str]
    solutions: Sequence[SolutionReport]
    tests: Sequence[TestReport]

    @cached_property
    def why_invalid(self) -> list[str | None]:
        """Of each test, why it counts for no solution; none where it does."""
        return [_BROKEN if test.status not in _UNBROKEN else _VACUOUS if test.vacuous else None for test in self.tests]

    @cached_property
    def valid(self) -> list[int]:
        return [column for column, why in enumerate(self.why_invalid) if why is None]

    @cached_property
    def tallies(self) -> list[tuple[int, int]]:
        """Of each solution, how many valid tests it passes, and on how many it was judged."""
        letters = [[row[column] for column in self.valid] for row in self.rows]
        return [(row.count(_PASSED), sum(letter not in _UNSCORED for letter in row)) for row in letters]

    @cached_property
    def sound(self) -> list[int]:
        """The solutions that are not broken by themselves."""
        return [row for row, report in enumerate(self.solutions) if report.status in _UNBROKEN]

    @cached_property
    def passed_by(self) -> list[frozenset[int] | None]:
        """Of each solution the valid tests that it passes; none where not all of those cells were judged."""
        return [
            frozenset(column for column in self.valid if row[column] == _PASSED) if judged == len(self.valid) else None
            for row, (_, judged) in zip(self.rows, self.tallies, strict=True)
        ]

    @cached_property
    def agreements(self) -> dict[frozenset[int], Agreement]:
        """Each set of valid tests that some solutions pass, and all that a selector may want to know of them."""
        sizes = Counter(passed for passed in self.passed_by if passed is not None)
        column_sums = Counter(column for passed, size in sizes.items() for column in passed for _ in range(size))
        cells, solutions = column_sums.total(), sizes.total()
        found = {}
        for passed, size in sizes.items():
            inside = sum(column_sums[column] for column in passed)
            on_passed, on_others = inside - size * len(passed), cells - inside
            found[passed] = Agreement(size, len(passed), solutions, len(self.valid), on_passed, on_others)
        return found

    def is_judged(self, test: int) -> bool:
        """Whether any cell of a column was."""
        return any(row[test] not in _UNSCORED for row in self.rows)


@dataclass(frozen=True)
class Rewarded:
    """A reward with the numbers that it is made of, or the reason why there is none."""

    value: float | None
    parts: RewardParts | None = None
    reason: str | None = None


class Policy(Protocol):
    """How rewards follow from a table."""

    def of_solution(self, table: Table, solution: int) -> Rewarded: ...

    def of_test(self, table: Table, test: int) -> Rewarded: ...


class PassRate:
    """Shares of passes.

    Solution i:  R = (valid tests that it passes) / (valid tests on which it was judged).

    Test j:  R = V · D over the solutions that load and were judged on j. Let a(i) be R of solution i without test j,
    and `best` those with the largest a. V (validity) is the share of `best` that pass j, D (discrimination) the share
    of the rest that do not.

    Degenerate cases: a test that is not valid gets 0. With no rest (all solutions equally good, or nothing but j to
    tell them by) D is 1, and the reward is the share that passes. A test that all pass where others tell the solutions
    apart has D = 0. j itself never has a say in who is `best`; copies of it have.
    """

    def of_solution(self, table: Table, solution: int) -> Rewarded:
        passed, judged = table.tallies[solution]
        if not judged:
            return Rewarded(None, reason=_NOT_JUDGED if table.valid else _NO_VALID_TEST)
        return Rewarded(passed / judged, RewardParts(passed=passed, judged=judged))

    def of_test(self, table: Table, test: int) -> Rewarded:
        if (settled := _settled(table, test)) is not None:
            return settled
        best, rest = _best_without(table, test)
        if not best:
            return Rewarded(None, reason=_NO_SOUND_SOLUTION)
        passes = [table.rows[solution][test] == _PASSED for solution in best]
        fails = [table.rows[solution][test] != _PASSED for solution in rest]
        validity = sum(passes) / len(passes)
        discrimination = sum(fails) / len(fails) if fails else 1.0
        return Rewarded(validity * discrimination, RewardParts(validity=validity, discrimination=discrimination))


def _best_without(table: Table, test: int) -> tuple[list[int], list[int]]:
    """The solutions that do best on all valid tests but this one, and the rest; of those that were judged on it."""
    judged_on_it = [solution for solution in table.sound if table.rows[solution][test] not in _UNSCORED]
    rates = {solution: _rate_without(table, solution, test) for solution in judged_on_it}
    known = {solution: rate for solution, rate in rates.items() if rate is not None}
    if not known:
        return judged_on_it, []
    most = max(known.values())
    return [s for s, rate in known.items() if rate == most], [s for s, rate in known.items() if rate < most]


def _rate_without(table: Table, solution: int, test: int) -> float | None:
    passed, judged = table.tallies[solution]
    passed -= table.rows[solution][test] == _PASSED
    return passed / (judged - 1) if judged > 1 else None


class AllOrNothing:
    """1 where `PassRate` gives 1, else 0."""

    def of_solution(self, table: Table, solution: int) -> Rewarded:
        return _whole(PassRate().of_solution(table, solution))

    def of_test(self, table: Table, test: int) -> Rewarded:
        return _whole(PassRate().of_test(table, test))


def _whole(rewarded: Rewarded) -> Rewarded:
    if rewarded.value is None:
        return rewarded
    return Rewarded(float(rewarded.value == 1.0), rewarded.parts, rewarded.reason)


class Consensus:
    """A selector's choice as a reward: 1 for each solution of the agreement that scores best and for each test that
    they pass, else 0. At a tie all of the best are chosen. Copies count each.

    Departure from the papers: solutions that pass nothing are never chosen, and what could not be judged is left out.
    """

    def __init__(self, score: Callable[[Agreement], float]) -> None:
        self._score = score

    def of_solution(self, table: Table, solution: int) -> Rewarded:
        if not table.valid or not table.tallies[solution][1]:
            return Rewarded(None, reason=_NOT_JUDGED if table.valid else _NO_VALID_TEST)
        if (passed := table.passed_by[solution]) is None:
            return Rewarded(None, reason=_NOT_WHOLE)
        is_chosen = passed in self.chosen(table)
        return Rewarded(float(is_chosen), RewardParts(passed=len(passed), agreeing=table.agreements[passed].size))

    def of_test(self, table: Table, test: int) -> Rewarded:
        if (settled := _settled(table, test)) is not None:
            return settled
        if not table.agreements:
            return Rewarded(None, reason=_NO_WHOLE_ROW)
        return Rewarded(float(any(test in passed for passed in self.chosen(table))))

    def chosen(self, table: Table) -> list[frozenset[int]]:
        """What the best agreements pass; empty where nobody passes anything."""
        scores = {passed: self._score(agreement) for passed, agreement in table.agreements.items() if passed}
        most = max(scores.values(), default=None)
        return [passed for passed, score in scores.items() if score == most]


def codet(agreement: Agreement) -> float:
    """CodeT (2207.10397) as released: |tests| · sqrt(|solutions|). Squared, so that ties are exact."""
    return float(agreement.tests**2 * agreement.size)


_B4_ALPHA = 1e3
_B4_BETA_0 = 1e5


def b4(agreement: Agreement, alpha: float = _B4_ALPHA, beta_0: float = _B4_BETA_0) -> float:
    """B4 (2409.08692): the log evidence of the agreement being all of the correct solutions, and its tests the correct
    ones, with Beta(alpha, 1) before both shares, Beta(1, 1) before a wrong solution's passing a correct test and
    Beta(1, beta_0) before its passing a wrong one. Constant terms are left out.
    """
    n, m = agreement.size, agreement.tests
    others, rejected = agreement.all_solutions - n, agreement.all_tests - m
    s1, s0 = agreement.on_passed, agreement.on_others
    return (
        _ln_beta(n + alpha, others + 1)
        + _ln_beta(m + alpha, rejected + 1)
        + _ln_beta(s1 + 1, others * m - s1 + 1)
        + _ln_beta(s0 + 1, others * rejected - s0 + beta_0)
    )


def _ln_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _settled(table: Table, test: int) -> Rewarded | None:
    """What is said of a test that no formula needs to look at."""
    if (why := table.why_invalid[test]) is not None:
        return Rewarded(0.0, reason=why)
    if not table.is_judged(test):
        return Rewarded(None, reason=_NOT_JUDGED)
    return None


POLICIES: dict[Reward, Policy] = {
    Reward.PASS_RATE: PassRate(),
    Reward.ALL_OR_NOTHING: AllOrNothing(),
    Reward.CODET: Consensus(codet),
    Reward.B4: Consensus(b4),
}

"""Code-A1's rewards (2603.15611 as released, §3.3 of our notes on it): replies of a tester that sees one solution.

They do not follow from a group's matrix: each reply of several tests was written against one solution, and a reference
program made its tests valid. So these take what became of the replies, and stand beside the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .group import Bools, Floats
from .options import between, one_of
from .rewarded import Rewards

_NONE = np.zeros(0, np.bool_)


@dataclass(frozen=True, eq=False)
class Judged:
    """Some tests against one solution: what it passed, and which of them were judged at all (neither S nor X)."""

    passed: Bools = field(default_factory=lambda: _NONE)
    """(T,)"""
    judged: Bools = field(default_factory=lambda: _NONE)
    """(T,)"""

    @staticmethod
    def of(letters: str) -> "Judged":
        """From verdicts, a letter a test."""
        table = np.array(list(letters), np.str_)
        return Judged(table == "P", (table != "S") & (table != "X"))

    def first(self, count: int) -> "Judged":
        return Judged(self.passed[:count], self.judged[:count])

    @property
    def is_empty(self) -> bool:
        return not self.passed.size

    @property
    def pass_rate(self) -> float:
        """Of the judged ones; NaN where there is none."""
        return float(self.passed[self.judged].mean()) if self.judged.any() else float("nan")


@dataclass(frozen=True, eq=False)
class Reply:
    """One reply of the tester: its valid tests in their order, how many of its tests were invalid (unparsable, a
    repeated one, an exception of the reference, a wrong stated answer), and its share of characters that cannot be
    printed."""

    valid: Judged
    invalid: int = 0
    unprintable: float = 0.0


@dataclass(frozen=True)
class CodeA1Tester:
    """R_T = (alpha · R_val + (1 - alpha) · R_adv) · 1[the solution runs] - (share of unprintable characters).

    With V valid tests, n = `tests` asked for, F of the first n valid ones failed, and a Mistake Book of H tests of
    which the solution passes Hp:

        R_val = min(1, V/n, 1 - invalid/n), at least 0
        g = F/n,  h = (H - Hp)/H
        R_adv = (g - h + 1)/2 with a book, g without, 0 where V = 0

    `unfailed` is what becomes of a reply that the solution passes wholly (g = 0) where there is a book: the released
    `code` keeps to the formula, the paper's `figure` shows 0.

    Tests that were not judged are left out of g and h. No reward: where none of a reply's first n valid tests, or none
    of the book, was judged.
    """

    name: ClassVar[str] = "code_a1"
    alpha: float = 0.5
    tests: int = 8
    unfailed: str = "code"

    def __post_init__(self) -> None:
        between("alpha", self.alpha, 0, 1)
        between("tests", self.tests, 1, 1000)
        one_of("unfailed", self.unfailed, ("code", "figure"))

    def of(self, replies: Sequence[Reply], book: Judged, *, runs: bool) -> Rewards:
        """One value for each reply, (R,)."""
        valid = np.array([self._validity(reply) for reply in replies], np.float64)
        adversarial = np.array([self._adversity(reply.valid, book) for reply in replies], np.float64)
        unprintable = np.array([reply.unprintable for reply in replies], np.float64)
        worth = self.alpha * valid + (1 - self.alpha) * adversarial if runs else np.zeros_like(valid)
        parts = {"validity": valid, "adversity": adversarial, "unprintable": unprintable}
        return Rewards(worth - unprintable, parts)

    def _validity(self, reply: Reply) -> float:
        return max(0.0, min(1.0, reply.valid.passed.size / self.tests, 1 - reply.invalid / self.tests))

    def _adversity(self, valid: Judged, book: Judged) -> float:
        if valid.is_empty:
            return 0.0
        first = valid.first(self.tests)
        if not first.judged.any():
            return float("nan")
        failed = np.count_nonzero(first.judged & ~first.passed)
        g = float(failed / (self.tests - np.count_nonzero(~first.judged)))
        if book.is_empty:
            return g
        if g == 0 and self.unfailed == "figure":
            return 0.0
        h = 1 - book.pass_rate
        return (g - h + 1) / 2


@dataclass(frozen=True)
class CodeA1Coder:
    """R_C of a solution = mean over the replies against it of (Hp/H + P/V) / 2, of which an empty half is left out.

    P of a reply's V valid tests and Hp of the H in the Mistake Book are passed. With neither it is 0, and so it is for
    a solution that does not run, which passes nothing.

    Tests that were not judged count nowhere. A half of which nothing was judged makes its reply's value unknown;
    unknown replies are left out of the mean. No reward: where none is left.
    """

    name: ClassVar[str] = "code_a1"

    def of(self, replies: Sequence[Reply], book: Judged) -> tuple[float, Floats]:
        """The solution's reward (NaN where there is none), and what each reply says of it, (R,)."""
        values = np.array([self._of_reply(reply.valid, book) for reply in replies], np.float64)
        known = values[~np.isnan(values)]
        return (float(known.mean()) if known.size else float("nan")), values

    def _of_reply(self, valid: Judged, book: Judged) -> float:
        halves = [half.pass_rate for half in (book, valid) if not half.is_empty]
        return sum(halves) / len(halves) if halves else 0.0

"""Duels judged by the verifier, in two rounds: the reference on what was written, then solutions on the valid tests.

Each solution meets only the tests that were written against it and those of the Mistake Book: the rest of the matrix
is not run. The reference meets all of them that are new, and what it does not pass is not valid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from crossjudge.client import Grid, Problem
from crossjudge.contracts import Detail, SourceStatus, Verdict
from crossjudge.trainer.data import StatedCall, StatedCalls
from crossjudge.trainer.mistakes import Outcome
from crossjudge.trainer.rewards import Judged, Reply
from crossjudge.trainer.selectors import Selection
from crossjudge.trainer.training.judging import Judge, JudgedRollout
from crossjudge.trainer.training.rollout import Distinct

from .duels import Duel, unprintable_share
from .references import UNKNOWN, Corrected, Question

_RUNS = (SourceStatus.OK, SourceStatus.NOT_RUN)


@dataclass(frozen=True, eq=False)
class JudgedReply:
    """A reply of the tester as rewards want it, and its valid tests, to which `reply.valid` belongs."""

    reply: Reply
    tests: tuple[str, ...]

    @property
    def failed(self) -> list[str]:
        """The valid tests that the solution fails."""
        valid = self.reply.valid
        return [text for text, is_failed in zip(self.tests, valid.judged & ~valid.passed, strict=True) if is_failed]


@dataclass(frozen=True, eq=False)
class Choice:
    """How a reference was chosen, where the problem's own is not used."""

    judged: JudgedRollout
    selection: Selection


@dataclass(frozen=True, eq=False)
class JudgedDuel:
    """A duel with what became of its tests, all by solution."""

    duel: Duel
    reference: str | None
    """The program that corrected the tests; None where there is none, and so nothing to reward by."""
    replies: tuple[tuple[JudgedReply, ...], ...]
    book: tuple[Judged, ...]
    """Each solution on the replayed tests."""
    runs: tuple[bool, ...]
    """Whether it loads and defines the entry point."""
    became: tuple[Corrected, ...]
    """Each test that was written and could be read."""
    tests: tuple[str, ...] = ()
    """Each test that was run, once."""
    letters: tuple[str, ...] = ()
    """Of each solution its verdicts on them; S for those that it was not to meet."""
    choice: Choice | None = None

    @property
    def outcome(self) -> Outcome:
        """What the Mistake Book learns of it."""
        texts = self.duel.replayed
        solved = [text for each in self.book for text, passed in zip(texts, each.passed, strict=True) if passed]
        failed = [text for of_one in self.replies for reply in of_one for text in reply.failed]
        return Outcome(self.duel.problem.id, solved, failed)


def judge_duels(judge: Judge, duels: Sequence[Duel], references: Sequence[str | None]) -> list[JudgedDuel]:
    """Judge duels against their references. Without one, none of a duel's tests is known to be valid or not.

    Raises what the judge raises.
    """
    corrections = _correct(judge, duels, references)
    trials = [_Trial(*each) for each in zip(duels, references, corrections, strict=True)]
    asked = {at: problem for at, trial in enumerate(trials) if (problem := trial.problem()) is not None}
    grids = judge.grids(list(asked.values()))
    by_trial = {at: grids[index] for index, at in enumerate(asked)}
    return [trial.judged(by_trial.get(at)) for at, trial in enumerate(trials)]


def _correct(
    judge: Judge, duels: Sequence[Duel], references: Sequence[str | None]
) -> list[Mapping[StatedCall, Corrected]]:
    """Of each duel what its reference makes of the written tests."""
    found: list[Mapping[StatedCall, Corrected]] = [{} for _ in duels]
    asked: dict[int, Question] = {}
    for at, (duel, reference) in enumerate(zip(duels, references, strict=True)):
        written = [call for of_one in duel.written for reply in of_one for call in reply.calls]
        if reference is not None and written:
            asked[at] = Question.of(duel.problem, reference, written)
    grids = judge.grids([question.asked() for question in asked.values()], [Detail.MESSAGES])
    for index, (at, question) in enumerate(asked.items()):
        found[at] = question.answered(grids[index])
    return found


@dataclass(frozen=True)
class _Trial:
    """The second round of one duel."""

    duel: Duel
    reference: str | None
    corrections: Mapping[StatedCall, Corrected]

    @cached_property
    def sources(self) -> list[str]:
        """The solutions, and behind them the reference, which may be one of them."""
        return [*self.duel.solutions, *([] if self.reference is None else [self.reference])]

    @cached_property
    def rows(self) -> Distinct:
        return Distinct.of(self.sources)

    @cached_property
    def new_tests(self) -> list[list[str]]:
        """By solution, the tests against it that the reference can state."""
        return [[test for reply in of_one for test in self._stated(reply)] for of_one in self.duel.written]

    @cached_property
    def columns(self) -> dict[str, int]:
        """The number of each test that is run."""
        tests = [*self.duel.replayed, *(test for of_one in self.new_tests for test in of_one)]
        return {test: at for at, test in enumerate(dict.fromkeys(tests))}

    def problem(self) -> Problem | None:
        """What is sent; None where there is nothing to judge."""
        if not self.columns:
            return None
        met = [[*self.duel.replayed, *tests] for tests in self.new_tests]
        if self.reference is not None:
            met.append([test for tests in self.new_tests for test in tests])
        rows = self.rows.places.tolist()
        pairs = {(row, self.columns[test]) for row, tests in zip(rows, met, strict=True) for test in tests}
        stated = self.duel.problem
        return Problem(
            id=stated.id, entry_point=stated.entry_point, prelude=stated.prelude, tests=list(self.columns),
            solutions=[self.sources[first] for first in self.rows.firsts], pairs=sorted(pairs),
        )  # fmt: skip

    def judged(self, grid: Grid | None) -> JudgedDuel:
        cells = [] if grid is None else [grid.verdicts[row] for row in self.rows.places]
        status = [] if grid is None else [grid.solutions[row].status for row in self.rows.places]
        solutions = range(len(self.duel.solutions))
        return JudgedDuel(
            self.duel, self.reference,
            tuple(tuple(self._reply(at, n, cells) for n in range(len(self.duel.written[at]))) for at in solutions),
            tuple(Judged.of("".join(cells[at][self.columns[test]] for test in self.duel.replayed)) for at in solutions),
            tuple(grid is None or status[at] in _RUNS for at in solutions),
            tuple(self._became(call) for of_one in self.duel.written for reply in of_one for call in reply.calls),
            tuple(self.columns), tuple(cells[at] if cells else "" for at in solutions),
        )  # fmt: skip

    def _reply(self, solution: int, number: int, cells: Sequence[str]) -> JudgedReply:
        written = self.duel.written[solution][number]
        unprintable = unprintable_share(self.duel.attacks[solution].completions[number].text)
        became = [self._became(call) for call in written.calls]
        if not all(each.is_known for each in became):
            return JudgedReply(Reply(Judged.of("X"), 0, unprintable), ("",))
        invalid, letters, tests = written.unreadable + written.repeated, "", []
        for each in became:
            told = Verdict.FAILED if each.test is None else Verdict(cells[-1][self.columns[each.test]])
            refuted = told.is_scored and told is not Verdict.PASSED
            invalid += refuted or not each.is_right
            if each.test is not None and not refuted:
                tests.append(each.test)
                letters += cells[solution][self.columns[each.test]] if told.is_scored else Verdict.NOT_JUDGED
        return JudgedReply(Reply(Judged.of(letters), invalid, unprintable), tuple(tests))

    def _stated(self, reply: StatedCalls) -> list[str]:
        return [test for call in reply.calls if (test := self._became(call).test) is not None]

    def _became(self, call: StatedCall) -> Corrected:
        return self.corrections.get(call, UNKNOWN)

"""The hostile corpus in real jails: each program gets the letter that it deserves, and its honest neighbours pass."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from crossjudge.contracts import Chunk, Columns, Detail, Isolation, Limits, Order, Part, PartResult, Row
from crossjudge.worker.pool import JailPool
from crossjudge.worker.settings import WorkerSettings
from hostile_corpus import TABLE, Attack, Program, attacked, corpus, honest_solution, table
from judged_cells import jail_pool

KINDS = tuple(dict.fromkeys(program.kind for program in corpus()))
# gVisor does all that a program asks the kernel for itself, and that takes its time.
SLOWNESS = 5 if WorkerSettings().sandbox == "gvisor" else 1
LIMITS = Limits(
    cpu_seconds=0.4 * SLOWNESS, wall_seconds=1.2 * SLOWNESS, memory_mb=192, processes=16, disk_mb=4, output_kb=64
)
JAILS = 4  # most of what takes long here sleeps
HONEST_PROGRAM = "print(2 * int(input()))\n"
PASSED = frozenset("P")
# `auto` runs most of these as `split` does: each kind in both is for `make test-slow`.
_IN_AUTO_TOO = ("exits", "liars", "hooks", "frames")
CASES = [
    pytest.param(kind, isolation, marks=[pytest.mark.slow] if isolation == "auto" and kind not in _IN_AUTO_TOO else [])
    for kind in KINDS
    for isolation in (Isolation.SPLIT, Isolation.AUTO)
]


@pytest.fixture(scope="module")
def pool() -> Iterator[JailPool]:
    with jail_pool(JAILS) as jails:
        yield jails


@dataclass(frozen=True)
class Asked:
    """One row of a problem: a solution, the tests that it is judged by, and the letters that may come of each."""

    name: str
    solution: str
    columns: dict[int, frozenset[str]]
    beats_shared: frozenset[int]
    """The tests that it passes where it shares an interpreter with them, deserved or not."""


def _passed(columns: dict[int, frozenset[str]]) -> frozenset[int]:
    return frozenset(index for index, deserved in columns.items() if deserved == PASSED)


@dataclass
class Asking:
    """One problem of the batch: programs of a class, and honest solutions between them, against the same tests."""

    entry_point: str | None
    tests: list[Any] = field(default_factory=list)
    rows: list[Asked] = field(default_factory=list)

    def add(self, program: Program, attacks: Sequence[Attack]) -> None:
        """A program with some of its attacks; with a test of its own, an honest neighbour of its own."""
        if not attacks:
            return
        columns = {self.column_of(program, attack): attack.deserved for attack in attacks}
        winning = frozenset(self.column_of(program, attack) for attack in attacks if attack.wins_shared)
        solution = program.solution or program.honest or honest_solution()
        self.rows.append(Asked(program.name, solution, columns, winning))
        if program.kind == "leaks":  # what one row leaves, the next one of the same jail might find
            self.rows.append(self.rows[-1])
        if program.own_test in self.tests and not program.is_hostile_test:
            own = {self.tests.index(program.own_test): program.neighbour}
            solution = program.honest or honest_solution()
            self.rows.append(Asked(f"a neighbour of {program.name!r}", solution, own, _passed(own)))

    def add_neighbours(self) -> None:
        """In the middle of them, a solution that passes all the tests that are not some program's own."""
        known = [index for index, test in enumerate(self.tests) if test in attacked().values()]
        as_programs = [index for index in known if _is_program(self.tests[index])]
        plain = [index for index in known if index not in as_programs]
        middle = len(self.rows) // 2
        for solution, columns in ((honest_solution(), plain), (HONEST_PROGRAM, as_programs)):
            if columns:
                deserved = dict.fromkeys(columns, PASSED)
                self.rows.insert(middle, Asked("the honest neighbour", solution, deserved, _passed(deserved)))

    def column_of(self, program: Program, attack: Attack) -> int:
        """The index of the attacked test among the problem's tests."""
        test = program.own_test if attack.test == "own" else attacked()[attack.test]
        if test not in self.tests:
            self.tests.append(test)
        return self.tests.index(test)

    def wrong(self, result: PartResult) -> list[str]:
        """What did not get the letter that it deserves, in words."""
        return [
            f"{asked.name}: {self.tests[index]!r} got {row.verdicts[index]}, not {'/'.join(sorted(deserved))}: {said}"
            for asked, row in zip(self.rows, result.rows, strict=True)
            for index, deserved in asked.columns.items()
            if row.verdicts[index] not in deserved
            for said in [row.cells[index].message if row.cells else None]
        ]


def _is_program(test: Any) -> bool:
    return isinstance(test, dict) and test["kind"] == "stdio"


def _is_call(attack: Attack) -> bool:
    return attack.test == "call"


def problems_of(kind: str) -> list[Asking]:
    """The programs of a class as one batch asks for them: as they are, and by their entry point."""
    by_names, by_entry_point = Asking(None), Asking("f")
    for program in corpus():
        if program.kind == kind:
            by_names.add(program, [attack for attack in program.attacks if not _is_call(attack)])
            by_entry_point.add(program, [attack for attack in program.attacks if _is_call(attack)])
    asked = [problem for problem in (by_names, by_entry_point) if problem.rows]
    for problem in asked:
        problem.add_neighbours()
    return asked


def judge(pool: JailPool, problems: list[Asking], isolation: Isolation) -> list[PartResult]:
    """All of them in one chunk."""
    columns = {
        index: Columns.model_validate({"entry_point": problem.entry_point, "prelude": "", "tests": problem.tests})
        for index, problem in enumerate(problems)
    }
    parts = [
        Part(problem=index, rows=[Row(solution=row.solution, columns=sorted(row.columns)) for row in problem.rows])
        for index, problem in enumerate(problems)
    ]
    cells = sum(len(row.columns) for problem in problems for row in problem.rows)
    order = Order(run="hostile", limits=LIMITS, isolation=isolation, detail=[Detail.MESSAGES])
    return pool.judge(order, columns, Chunk(parts=parts, cells=cells), threading.Event()).parts


@pytest.mark.nsjail
@pytest.mark.parametrize(("kind", "isolation"), CASES)
def test_hostile_programs_get_what_they_deserve_and_their_neighbours_pass(
    pool: JailPool, kind: str, isolation: Isolation
) -> None:
    problems = problems_of(kind)
    results = judge(pool, problems, isolation)
    wrong = [line for problem, result in zip(problems, results, strict=True) for line in problem.wrong(result)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.nsjail
@pytest.mark.parametrize("kind", KINDS)
def test_the_list_of_those_that_beat_a_shared_interpreter_is_honest(pool: JailPool, kind: str) -> None:
    problems = problems_of(kind)
    won, listed = set(), set()
    for problem, result in zip(problems, judge(pool, problems, Isolation.SHARED), strict=True):
        for asked, row in zip(problem.rows, result.rows, strict=True):
            won |= {(asked.name, index) for index in asked.columns if row.verdicts[index] == "P"}
            listed |= {(asked.name, index) for index in asked.beats_shared}
    assert won == listed


def test_there_are_programs_of_every_class_and_their_names_are_their_own() -> None:
    names = [program.name for program in corpus()]
    assert len(names) == len(set(names)) >= 110
    assert all(program.attacks for program in corpus())
    solutions = [program for program in corpus() if not program.is_hostile_test]
    assert not [program.name for program in solutions if any("P" in attack.deserved for attack in program.attacks)]


def test_the_table_in_the_docs_lists_the_corpus_as_it_is() -> None:
    assert TABLE.read_text("utf-8") == table(), "run: python tests/hostile_corpus.py"

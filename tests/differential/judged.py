"""Problems judged through a real pool of jails, many at a time, and held against the reference."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from crossjudge.contracts import AssertTest, Chunk, Columns, Detail, Isolation, Limits, Order, Part, Row
from crossjudge.worker.pool import JailPool

from .pairs import Pair, Problem
from .reference import Reference

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=20.0, memory_mb=256)


@dataclass(frozen=True)
class Cell:
    """What one isolation said of one pair."""

    letter: str
    message: str
    output: str | None


@dataclass(frozen=True)
class Held:
    """One pair in one isolation, held against the reference."""

    pair: Pair
    isolation: Isolation
    letters: tuple[str, str]
    """The reference's, then the jail's."""
    messages: tuple[str, str]

    @property
    def agrees(self) -> bool:
        return self.letters[0] == self.letters[1]

    def __str__(self) -> str:
        parts = (
            f"one interpreter says {self.letters[0]}, {self.isolation.value} says {self.letters[1]}",
            f"--- solution\n{self.pair.solution.strip()}",
            f"--- test\n{self.pair.test.strip()}",
            f"--- one interpreter\n{self.messages[0].strip()}",
            f"--- {self.isolation.value}\n{self.messages[1].strip()}",
        )
        return "\n".join(parts) + "\n"


def judge(
    pool: JailPool, problems: Sequence[Problem], isolation: Isolation, *, outputs: bool = False
) -> list[list[Cell]]:
    """The cells of each problem, in the order of `Problem.pairs`; all of them are one chunk."""
    detail = [Detail.MESSAGES, Detail.OUTPUTS] if outputs else [Detail.MESSAGES]
    order = Order(run="differential", limits=LIMITS, isolation=isolation, detail=detail)
    columns = {index: _columns(problem) for index, problem in enumerate(problems)}
    parts = [
        Part(problem=index, rows=[Row(solution=text) for text in problem.solutions])
        for index, problem in enumerate(problems)
    ]
    chunk = Chunk(parts=parts, cells=sum(len(problem.pairs) for problem in problems))
    result = pool.judge(order, columns, chunk, threading.Event())
    return [
        [
            Cell(letter, detail.message or "", detail.output)
            for row in part.rows
            for letter, detail in zip(row.verdicts, row.cells or [], strict=True)
        ]
        for part in result.parts
    ]


def _columns(problem: Problem) -> Columns:
    return Columns(entry_point=None, prelude="", tests=[AssertTest(code=text) for text in problem.tests])


def held(pool: JailPool, reference: Reference, problems: Sequence[Problem], isolation: Isolation) -> list[Held]:
    """Every pair of the problems, judged by a jail and by the reference."""
    found = []
    for problem, cells in zip(problems, judge(pool, problems, isolation), strict=True):
        for pair, cell in zip(problem.pairs, cells, strict=True):
            letter, why = reference.letter(pair.solution, pair.test)
            found.append(Held(pair, isolation, (letter, cell.letter), (why, cell.message)))
    return found

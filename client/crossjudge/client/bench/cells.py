"""A cell as one plain program, for the ways that know nothing of problems: an interpreter, and a program for it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crossjudge.contracts import AssertTest, Problem, StdioTest

Place = tuple[int, int, int]
"""Which problem of the work, which solution, which test."""


@dataclass(frozen=True)
class Cell:
    """It passes when the program ends well and, where `stdout` says what it has to print, prints those words."""

    place: Place
    source: str
    stdin: str = ""
    stdout: str | None = None


def cells_of(problems: Sequence[Problem]) -> Iterator[Cell]:
    """All cells, row by row. Raises `ValueError` for a kind of test that is not one program with its solution."""
    for index, problem in enumerate(problems):
        for row, solution in enumerate(problem.solutions):
            program = f"{problem.prelude}\n{solution}\n"
            for column, test in enumerate(problem.tests):
                place = (index, row, column)
                if isinstance(test, AssertTest):
                    yield Cell(place, program + test.code)
                elif isinstance(test, StdioTest):
                    yield Cell(place, program, test.stdin, test.stdout)
                else:
                    raise ValueError(f"a test of kind {test.kind} is not a program of its own")


def count(problems: Sequence[Problem]) -> int:
    return sum(len(problem.solutions) * len(problem.tests) for problem in problems)


def chosen(problems: Sequence[Problem], most: int) -> list[Cell]:
    """So many cells of the problems, from everywhere in their matrices; always the same ones."""
    cells = list(cells_of(problems))
    places = sorted(random.Random(0).sample(range(len(cells)), min(most, len(cells))))
    return [cells[place] for place in places]


def says_the_same(said: str, expected: str) -> bool:
    """Whether two outputs hold the same words."""
    return said.split() == expected.split()

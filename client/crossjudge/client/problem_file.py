"""Reads problems from JSON lines, plain or gzipped. After a bad line the next is read all the same."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from crossjudge.contracts import Problem, ProblemResult, SolutionReport, SourceStatus, TestReport

from ._check import problem_of
from .errors import InvalidRequest
from .json_lines import BadLine, objects, opened


@dataclass(frozen=True)
class ProblemLine:
    """One problem of the file; it always has an id, and no other line of the file has the same.

    `has_cells` is False for a line with no solutions or no tests, which there is nothing to judge of: `problem` then
    carries an empty text in place of what is missing, and `result` is the answer.
    """

    number: int
    problem: Problem
    left_aside: frozenset[str] = frozenset()
    renamed: bool = False
    result: ProblemResult | None = None

    @property
    def has_cells(self) -> bool:
        return self.result is None

    @property
    def cells(self) -> int:
        return len(self.problem.solutions) * len(self.problem.tests) if self.has_cells else 0


class ProblemReader:
    """Goes through the lines of an open file once. `digest` is then that of all bytes read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self._ids: set[str] = set()

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[ProblemLine | BadLine]:
        for line in objects(self._source, "problem", self._hash.update):
            yield line if isinstance(line, BadLine) else self._line(*line)

    def _line(self, number: int, document: dict[str, Any]) -> ProblemLine | BadLine:
        try:
            return self._problem(number, document)
        except InvalidRequest as error:
            first = error.violations[0]
            more = f" (and {len(error.violations) - 1} more)" if len(error.violations) > 1 else ""
            return BadLine(number, first.path, first.detail + more)

    def _problem(self, number: int, document: dict[str, Any]) -> ProblemLine:
        left_aside = frozenset(document.keys() - Problem.model_fields.keys())
        known = {name: value for name, value in document.items() if name not in left_aside}
        if isinstance(known.get("id"), int) and not isinstance(known["id"], bool):
            known["id"] = str(known["id"])
        empty = [name for name in ("solutions", "tests") if known.get(name) == []]
        problem = problem_of({**known, **{name: [""] for name in empty}})
        _check_pairs(problem, empty)
        name, renamed = self._name(problem.id, number)
        problem = problem.model_copy(update={"id": name})
        result = nothing_to_judge(problem, empty) if empty else None
        return ProblemLine(number, problem, left_aside, renamed, result)

    def _name(self, given: str | None, number: int) -> tuple[str, bool]:
        """An id of its own for each line: its position where it has none, `id#line` where another has it already."""
        wanted = str(number - 1) if given is None else given
        name = wanted
        while name in self._ids:
            name = f"{name}#{number}"
        self._ids.add(name)
        return name, name != wanted


def _check_pairs(problem: Problem, empty: list[str]) -> None:
    height = 0 if "solutions" in empty else len(problem.solutions)
    width = 0 if "tests" in empty else len(problem.tests)
    for at, (row, column) in enumerate(problem.pairs or []):
        if row >= height or column >= width:
            detail = f"[{row}, {column}] lies outside of {height} solutions × {width} tests"
            raise InvalidRequest.at(f"$.pairs[{at}]", detail)


def nothing_to_judge(problem: Problem, empty: list[str]) -> ProblemResult:
    """The result of a problem without solutions or without tests: the service takes neither, and needs not."""
    height = 0 if "solutions" in empty else len(problem.solutions)
    width = 0 if "tests" in empty else len(problem.tests)
    return ProblemResult(
        id=problem.id or "",
        matrix=[""] * height,
        solutions=[SolutionReport(status=SourceStatus.NOT_RUN)] * height,
        tests=[TestReport(status=SourceStatus.NOT_RUN, vacuous=False)] * width,
        outputs=None,
        cells=None,
    )


@dataclass
class Survey:
    """What is in a file, counted before anything is judged."""

    digest: str = ""
    order: dict[str, int] = field(default_factory=dict)
    """The place of each problem, by its id."""
    solutions: int = 0
    cells: int = 0
    nothing_to_judge: int = 0
    renamed: int = 0
    left_aside: set[str] = field(default_factory=set)
    bad: list[BadLine] = field(default_factory=list)

    def add(self, line: ProblemLine | BadLine) -> None:
        if isinstance(line, BadLine):
            self.bad.append(line)
            return
        self.order[line.problem.id or ""] = len(self.order)
        self.solutions += len(line.problem.solutions)
        self.cells += line.cells
        self.nothing_to_judge += not line.has_cells
        self.renamed += line.renamed
        self.left_aside |= line.left_aside


def survey(file: str) -> Survey:
    """Count a file. Raises `CommandError` where it cannot be read."""
    found = Survey()
    with opened(file) as source:
        reader = ProblemReader(source)
        for line in reader:
            found.add(line)
        found.digest = reader.digest
    return found

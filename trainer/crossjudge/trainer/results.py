"""Results of `crossjudge verify` as matrices for selectors: equal solutions and tests folded into one, which counts as
often as it was written, and unfolded again in what a selector answers."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from crossjudge.client.json_lines import BadLine, opened
from crossjudge.client.problem_file import ProblemLine, ProblemReader
from crossjudge.client.results_file import ResultLine, read_results
from crossjudge.contracts import (
    ProblemResult,
    SolutionReport,
    SourceStatus,
    TestReport,
    Verdict,
    dump_json,
)  # fmt: skip

from .selectors import BadMatrix, PassingMatrix, Selection

_UNBROKEN = (SourceStatus.OK, SourceStatus.NOT_RUN)
_UNSCORED = frozenset(verdict.value for verdict in Verdict if not verdict.is_scored)


@dataclass(frozen=True, eq=False)
class JudgedProblem:
    """One result, ready for a selector. `matrix` is of distinct solutions × distinct tests."""

    line: int
    matrix: PassingMatrix
    solutions: NDArray[np.int64]
    """(N,), of each solution in the result the row of the matrix."""
    tests: NDArray[np.int64]
    """(M,), of each test the column."""

    @property
    def id(self) -> str:
        return self.matrix.id

    def unfold(self, selection: Selection) -> Selection:
        """A selection of `matrix` as one of the result's own lists."""
        return selection.unfold(self.solutions, self.tests)


@dataclass(frozen=True)
class Copies:
    """Of each solution and of each test of a problem the index of the first equal one, which is its own for a first."""

    solutions: list[int]
    tests: list[int]


@dataclass(frozen=True)
class Sources:
    """What a file of problems says of copies, by the ids that `verify` gives its problems."""

    file: str
    copies: dict[str, Copies]
    bad: list[BadLine]

    @staticmethod
    def read(file: str) -> "Sources":
        """Raises `CommandError` where the file cannot be opened. Bad lines have no results and are kept aside."""
        copies, bad = {}, []
        with opened(file) as source:
            for line in ProblemReader(source):
                if isinstance(line, BadLine):
                    bad.append(line)
                else:
                    copies[line.problem.id or ""] = _copies_of(line)
        return Sources(file, copies, bad)


class _Wrong(Exception):
    """Something in a result is wrong: its place and what it is."""

    def __init__(self, path: str, detail: str) -> None:
        self.path, self.detail = path, detail


def judged_problems(source: BinaryIO, sources: Sources | None = None) -> Iterator[JudgedProblem | BadLine]:
    """The problems of an open file of results. Copies are known from `sources`, or else from the results' `copy_of`."""
    for line in read_results(source):
        yield line if isinstance(line, BadLine) else _judged(line, sources)


def _judged(line: ResultLine, sources: Sources | None) -> JudgedProblem | BadLine:
    result = line.result
    try:
        copies = _stated(result) if sources is None else _looked_up(result, sources)
        return _folded(line.number, result, copies)
    except _Wrong as wrong:
        return BadLine(line.number, wrong.path, wrong.detail, result.id)
    except BadMatrix as error:
        return BadLine(line.number, "$.matrix", error.detail, result.id)


def _stated(result: ProblemResult) -> Copies:
    return Copies(_firsts_stated(result.solutions, "solutions"), _firsts_stated(result.tests, "tests"))


def _firsts_stated(reports: Sequence[SolutionReport | TestReport], name: str) -> list[int]:
    firsts: list[int] = []
    for index, report in enumerate(reports):
        first = report.copy_of
        if first is not None and not (0 <= first < index and firsts[first] == first):
            detail = f"{first} is not the index of an earlier one that is no copy itself"
            raise _Wrong(f"$.{name}[{index}].copy_of", detail)
        firsts.append(index if first is None else first)
    return firsts


def _looked_up(result: ProblemResult, sources: Sources) -> Copies:
    copies = sources.copies.get(result.id)
    if copies is None:
        raise _Wrong("$.id", f"{sources.file} has no such problem: is it the file that was verified?")
    for name, due, found in (
        ("solutions", len(copies.solutions), len(result.solutions)), ("tests", len(copies.tests), len(result.tests)),
    ):  # fmt: skip
        if due != found:
            what = f"{found} {name} where {sources.file} has {due}: is it the file that was verified?"
            raise _Wrong(f"$.{name}", what)
    return copies


def _copies_of(line: ProblemLine) -> Copies:
    problem, result = line.problem, line.result
    solutions = _firsts(problem.solutions if result is None or result.solutions else [])
    tests = _firsts([dump_json(test) for test in problem.tests] if result is None or result.tests else [])
    return Copies(solutions, tests)


def _firsts(items: Sequence[Hashable]) -> list[int]:
    places: dict[Hashable, int] = {}
    return [places.setdefault(item, index) for index, item in enumerate(items)]


def _folded(number: int, result: ProblemResult, copies: Copies) -> JudgedProblem:
    solutions, times_solution = _places(copies.solutions)
    tests, times_test = _places(copies.tests)
    rows = _merged(result.matrix, solutions, "solution")
    columns = _merged(_turned(rows, len(tests)), tests, "test")
    kept = [index for index, first in enumerate(copies.tests) if first == index]
    sound = [result.tests[index].status in _UNBROKEN and not result.tests[index].vacuous for index in kept]
    matrix = PassingMatrix.of(
        _turned(columns, len(rows)), id=result.id, tests=len(kept), solution_copies=times_solution,
        test_copies=times_test, sound_tests=sound, outputs=_outputs(result, copies, kept),
    )  # fmt: skip
    return JudgedProblem(number, matrix, solutions, tests)


def _places(firsts: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The place of each item among the distinct ones, and how often each of these occurs."""
    distinct, places = np.unique(np.array(firsts, np.int64), return_inverse=True)
    return places.astype(np.int64), np.bincount(places, minlength=distinct.size).astype(np.int64)


def _turned(rows: list[str], width: int) -> list[str]:
    return ["".join(column) for column in zip(*rows, strict=True)] if rows else [""] * width


def _merged(rows: list[str], places: NDArray[np.int64], noun: str) -> list[str]:
    """One row for each place: what any of its rows was judged to be, for equal sources are judged alike."""
    found: dict[int, tuple[int, str]] = {}
    for index, (row, place) in enumerate(zip(rows, places.tolist(), strict=True)):
        first, letters = found.setdefault(place, (index, row))
        if letters != row:
            found[place] = first, _one_of(letters, row, f"{noun}s {first} and {index}")
    return [letters for _, letters in found.values()]


def _one_of(letters: str, others: str, who: str) -> str:
    for at, (one, other) in enumerate(zip(letters, others, strict=True)):
        if one != other and not {one, other} & _UNSCORED:
            what = f"{who} have equal sources and yet other verdicts ({one} and {other} in cell {at})"
            raise _Wrong("$.matrix", f"{what}: do the results belong to these sources?")
    pairs = zip(letters, others, strict=True)
    return "".join(other if one in _UNSCORED and other not in _UNSCORED else one for one, other in pairs)


def _outputs(result: ProblemResult, copies: Copies, kept: list[int]) -> list[list[str | None]] | None:
    """What each distinct solution gave back in each distinct test, from whichever of its copies ran."""
    if result.outputs is None:
        return None
    height, width = len(result.solutions), len(result.tests)
    if len(result.outputs) != height or any(len(row) != width for row in result.outputs):
        raise _Wrong("$.outputs", f"not {height} lists of {width} digests each, like the matrix")
    folded: dict[int, dict[int, str | None]] = {}
    for first, digests in zip(copies.solutions, result.outputs, strict=True):
        row = folded.setdefault(first, dict.fromkeys(kept))
        for test, digest in zip(copies.tests, digests, strict=True):
            row[test] = digest if row[test] is None else row[test]
    return [list(row.values()) for row in folded.values()]

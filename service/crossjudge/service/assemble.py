"""Puts the answer of a batch together from its layout and the results of its chunks; the reverse of `split`.

An answer may be far larger than our memory should be, so it is made as pieces of JSON. What is held at a time is one
problem's letters and reports, and of its cells' details those of one row. Knows neither Redis nor HTTP.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crossjudge.contracts import (
    BatchStatus,
    Detail,
    Isolation,
    Order,
    PackedCells,
    PackedResult,
    PackedTests,
    SourceReport,
    SourceStatus,
    dump_json,
    encode_json,
)
from crossjudge.contracts import Verdict as V

from .layout import ProblemLayout

_FIELDS = {Detail.MESSAGES: ("message",), Detail.TIMINGS: ("cpu_ms", "wall_ms"), Detail.STDOUT: ("stdout",)}
_NO_PROBLEMS = b'"problems":null'
_NOT_RUN = SourceStatus.NOT_RUN.value
_SKIPPED = V.SKIPPED.value

Document = dict[str, Any]


class Judged(Protocol):
    """What assembling needs of the results: the one of a chunk, none where the chunk was never judged."""

    def get(self, chunk: int) -> PackedResult | None: ...


def answer_pieces(
    status: BatchStatus, problems: Iterable[ProblemLayout], order: Order, results: Judged
) -> Iterator[bytes]:
    """The JSON of a batch's status with its passing matrices. Cells of chunks that have no result are `S`."""
    head, tail = dump_json(status.model_copy(update={"problems": None}), exclude_unset=True).split(_NO_PROBLEMS)
    yield head + b'"problems":['
    for index, problem in enumerate(problems):
        if index:
            yield b","
        yield from problem_pieces(problem, order, results)
    yield b"]" + tail


def verdict_counts(layout: ProblemLayout, results: Judged) -> dict[str, int]:
    """How many cells of a problem got each letter, those that were not asked for or not judged as `S`."""
    heads = _heads(layout, results)
    is_straight = _is_straight(layout)
    counts: Counter[str] = Counter()
    for index in range(len(layout.rows)):
        letters = _letters(layout, heads, is_straight, index)
        counts.update({verdict.value: letters.count(verdict) for verdict in V})
    return dict(+counts)


def _is_straight(layout: ProblemLayout) -> bool:
    return layout.columns == list(range(len(layout.columns)))


def problem_pieces(
    layout: ProblemLayout, order: Order, results: Judged, *, has_details: bool = True
) -> Iterator[bytes]:
    """The JSON of one problem's result; without details, those of its cells are null whatever was asked for."""
    heads = _heads(layout, results)
    is_straight = _is_straight(layout)
    matrix = [_letters(layout, heads, is_straight, index) for index in range(len(layout.rows))]
    said = {
        "id": layout.id,
        "matrix": matrix,
        "solutions": [_solution(layout, heads, index) | copy for index, copy in enumerate(_copies(layout.rows))],
        "tests": [
            _test(layout, heads, index, order.isolation) | copy for index, copy in enumerate(_copies(layout.columns))
        ],
    }
    yield encode_json(said)[:-1]
    if not has_details:
        yield b',"outputs":null,"cells":null}'
        return
    details = _Details(layout, heads, matrix, is_straight, results)
    yield b',"outputs":'
    yield from _listed(map(details.outputs, range(len(matrix))) if Detail.OUTPUTS in order.detail else None)
    yield b',"cells":'
    fields = [name for which in order.detail for name in _FIELDS.get(which, ())]
    yield from _listed((details.cells(index, fields) for index in range(len(matrix))) if fields else None)
    yield b"}"


def _listed(rows: Iterator[Any] | None) -> Iterator[bytes]:
    if rows is None:
        yield b"null"
        return
    separator = b"["
    for row in rows:
        yield separator + encode_json(row)
        separator = b","
    yield b"]"


@dataclass(slots=True)
class _Row:
    """What is said of one distinct solution, and where its details are: chunk, part, place in that part."""

    verdicts: str
    report: SourceReport
    place: tuple[int, int, int]


@dataclass(slots=True)
class _Column:
    """What the chunks together say of one distinct test."""

    status: str = _NOT_RUN
    message: str | None = None
    needs: str | None = None
    used: bool | None = None
    """True where any chunk says so, else false where any does."""


@dataclass(slots=True)
class _Heads:
    """What the workers said of one problem, but for its cells' details. Its columns are empty where nothing ran."""

    rows: dict[int, _Row]
    columns: list[_Column]


def _heads(layout: ProblemLayout, results: Judged) -> _Heads:
    rows: dict[int, _Row] = {}
    columns: list[_Column] = []
    for chunk, part, members in layout.parts:
        if (result := results.get(chunk)) is None:
            continue
        judged = result.parts[part]
        columns = columns or [_Column() for _ in judged.tests.status]
        _hear(columns, judged.tests)
        for place, (member, row) in enumerate(zip(members, judged.rows, strict=True)):
            rows[member] = _Row(row.verdicts, row.solution, (chunk, part, place))
    return _Heads(rows, columns)


def _hear(columns: list[_Column], tests: PackedTests) -> None:
    """Add what one part says of the tests: of each, the first who has run it tells how it went."""
    none = [None] * len(columns)
    said = zip(columns, tests.status, tests.used or none, strict=True)
    for index, (column, status, used) in enumerate(said):
        if used is not None:
            column.used = used or column.used or False
        if column.status == _NOT_RUN and status != _NOT_RUN:
            column.status = status
            column.message = tests.message[index] if tests.message else None
            column.needs = tests.needs[index] if tests.needs else None


def _letters(layout: ProblemLayout, heads: _Heads, is_straight: bool, solution: int) -> str:
    row = layout.rows[solution]
    judged = None if row is None else heads.rows.get(row)
    if judged and is_straight and layout.asked is None:
        return judged.verdicts
    letters = "".join(
        V.ERROR if row is None or column is None else judged.verdicts[column] if judged else V.SKIPPED
        for column in layout.columns
    )
    if layout.asked is None:
        return letters
    mask = layout.asked[solution]
    return "".join(letter if asked == "1" else V.SKIPPED for letter, asked in zip(letters, mask, strict=True))


def _copies(places: Sequence[int | None]) -> Iterator[Document]:
    """Of each solution (or test) what its report says of being a copy: equal ones have one row (or column)."""
    firsts: dict[int, int] = {}
    for index, place in enumerate(places):
        first = index if place is None else firsts.setdefault(place, index)
        yield {} if first == index else {"copy_of": first}


def _solution(layout: ProblemLayout, heads: _Heads, solution: int) -> Document:
    if (why := layout.large_solutions.get(solution)) is not None:
        return {"status": SourceStatus.TOO_LARGE, "message": why}
    row = layout.rows[solution]
    judged = None if row is None else heads.rows.get(row)
    if judged is None:
        return {"status": SourceStatus.NOT_RUN}
    return _report(judged.report.status, judged.report.message)


def _report(status: str, message: str | None) -> Document:
    return {"status": status} if message is None else {"status": status, "message": message}


def _test(layout: ProblemLayout, heads: _Heads, test: int, asked: Isolation) -> Document:
    if (why := layout.large_tests.get(test)) is not None:
        return {"status": SourceStatus.TOO_LARGE, "message": why, "vacuous": False}
    place = layout.columns[test]
    assert place is not None, f"test {test} has neither a column nor a size"
    column = heads.columns[place] if heads.columns else _Column()
    said = _report(column.status, column.message) | {"vacuous": column.used is False}
    if asked is Isolation.AUTO and column.status == SourceStatus.OK:
        said["isolation"] = Isolation.SPLIT if column.needs is None else Isolation.SHARED
        said["isolation_reason"] = column.needs or "nothing in it needs the solution's own interpreter"
    return said


@dataclass(slots=True)
class _Details:
    """The details of one problem's cells, a row of the matrix at a time."""

    layout: ProblemLayout
    heads: _Heads
    matrix: list[str]
    is_straight: bool
    """No two tests are equal and none is too large: each has the column of its own number."""
    results: Judged

    def outputs(self, solution: int) -> list[str | None]:
        """What each cell gave back."""
        return self._spread(solution, "output")

    def cells(self, solution: int, fields: list[str]) -> list[Document]:
        """A report of each cell with these fields."""
        columns = [self._spread(solution, name) for name in fields]
        cells = [dict(zip(fields, values, strict=True)) for values in zip(*columns, strict=True)]
        if "message" in fields:
            self._say_what_is_too_large(solution, cells)
        return cells

    def _spread(self, solution: int, name: str) -> list[Any]:
        """One kind of detail of a row, test by test; null for what was not asked for or not judged."""
        letters, columns = self.matrix[solution], self.layout.columns
        said: list[Any] | None = getattr(self._packed(solution), name, None)
        if said is None:
            return [None] * len(columns)
        if self.is_straight and _SKIPPED not in letters:
            return said
        return [
            None if column is None or letter == _SKIPPED else said[column]
            for letter, column in zip(letters, columns, strict=True)
        ]

    def _packed(self, solution: int) -> PackedCells | None:
        row = self.layout.rows[solution]
        if row is None or (head := self.heads.rows.get(row)) is None:
            return None
        chunk, part, place = head.place
        result = self.results.get(chunk)
        assert result is not None, f"chunk {chunk} had a result"
        return result.parts[part].rows[place].cells

    def _say_what_is_too_large(self, solution: int, cells: list[Document]) -> None:
        why = self.layout.large_solutions.get(solution)
        for test in range(len(cells)) if why else self.layout.large_tests:
            if self.matrix[solution][test] != V.SKIPPED:
                cells[test]["message"] = why or self.layout.large_tests[test]

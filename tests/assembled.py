"""The answer of a batch put together all at once, as models: what the service's pieces must amount to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crossjudge.contracts import (
    CellDetail,
    CellReport,
    ChunkResult,
    ColumnReport,
    Detail,
    Isolation,
    Order,
    ProblemResult,
    RowResult,
    SolutionReport,
    SourceReport,
    SourceStatus,
    TestReport,
)
from crossjudge.contracts import Verdict as V
from crossjudge.service.layout import ProblemLayout

_FIELDS = {Detail.MESSAGES: ("message",), Detail.TIMINGS: ("cpu_ms", "wall_ms"), Detail.STDOUT: ("stdout",)}


@dataclass(frozen=True)
class _Judged:
    """What the workers said of one problem: its rows by index, and its columns part by part."""

    rows: dict[int, RowResult]
    columns: list[list[ColumnReport]]


def assembled(layout: Iterable[ProblemLayout], order: Order, results: dict[int, ChunkResult]) -> list[ProblemResult]:
    """The passing matrices of a batch; cells of chunks that have no result are `S`."""
    return [_problem(problem, order, results) for problem in layout]


def _problem(layout: ProblemLayout, order: Order, results: dict[int, ChunkResult]) -> ProblemResult:
    judged, detail = _judged(layout, results), order.detail
    matrix = [_letters(layout, judged, index) for index in range(len(layout.rows))]
    fields = [name for which in detail for name in _FIELDS.get(which, ())]
    return ProblemResult(
        id=layout.id,
        matrix=matrix,
        solutions=[
            SolutionReport(
                **_solution(layout, judged, index).model_dump(exclude_unset=True), **_copy(layout.rows, index)
            )
            for index in range(len(layout.rows))
        ],
        tests=[
            TestReport(
                **_test(layout, judged, index, order.isolation).model_dump(exclude_unset=True),
                **_copy(layout.columns, index),
            )
            for index in range(len(layout.columns))
        ],
        outputs=_outputs(layout, judged, matrix) if Detail.OUTPUTS in detail else None,
        cells=_cells(layout, judged, matrix, fields) if fields else None,
    )


def _judged(layout: ProblemLayout, results: dict[int, ChunkResult]) -> _Judged:
    rows: dict[int, RowResult] = {}
    columns: list[list[ColumnReport]] = []
    for chunk, part, members in layout.parts:
        if (result := results.get(chunk)) is not None:
            rows.update(zip(members, result.parts[part].rows, strict=True))
            columns.append(result.parts[part].tests)
    return _Judged(rows, columns)


def _row(layout: ProblemLayout, judged: _Judged, solution: int) -> RowResult | None:
    place = layout.rows[solution]
    return None if place is None else judged.rows.get(place)


def _letters(layout: ProblemLayout, judged: _Judged, solution: int) -> str:
    row = _row(layout, judged, solution)
    is_large = layout.rows[solution] is None
    letters = "".join(
        V.ERROR if is_large or column is None else row.verdicts[column] if row else V.SKIPPED
        for column in layout.columns
    )
    if layout.asked is None:
        return letters
    mask = layout.asked[solution]
    return "".join(letter if asked == "1" else V.SKIPPED for letter, asked in zip(letters, mask, strict=True))


def _copy(places: list[int | None], index: int) -> dict[str, int]:
    first = index if places[index] is None else places.index(places[index])
    return {} if first == index else {"copy_of": first}


def _solution(layout: ProblemLayout, judged: _Judged, solution: int) -> SolutionReport:
    if (why := layout.large_solutions.get(solution)) is not None:
        return SolutionReport(status=SourceStatus.TOO_LARGE, message=why)
    row = _row(layout, judged, solution)
    report = row.solution if row else SourceReport(status=SourceStatus.NOT_RUN)
    if report.message is None:
        return SolutionReport(status=report.status)
    return SolutionReport(status=report.status, message=report.message)


def _test(layout: ProblemLayout, judged: _Judged, test: int, asked: Isolation) -> TestReport:
    if (why := layout.large_tests.get(test)) is not None:
        return TestReport(status=SourceStatus.TOO_LARGE, message=why, vacuous=False)
    column = layout.columns[test]
    assert column is not None, f"test {test} has neither a column nor a size"
    reports = [columns[column] for columns in judged.columns]
    told = next((report for report in reports if report.status is not SourceStatus.NOT_RUN), None)
    used = {report.used for report in reports}
    vacuous = False in used and True not in used
    if told is None:
        return TestReport(status=SourceStatus.NOT_RUN, vacuous=vacuous)
    said: dict[str, Any] = {"status": told.status, "vacuous": vacuous}
    if told.message is not None:
        said["message"] = told.message
    if asked is Isolation.AUTO and told.status is SourceStatus.OK:
        said["isolation"] = Isolation.SPLIT if told.needs is None else Isolation.SHARED
        said["isolation_reason"] = told.needs or "nothing in it needs the solution's own interpreter"
    return TestReport(**said)


def _cell(layout: ProblemLayout, row: RowResult | None, matrix_row: str, test: int) -> CellDetail | None:
    """What the worker said of a cell; none where it was not asked for, not judged or not asked in detail."""
    column = layout.columns[test]
    if row is None or row.cells is None or column is None or matrix_row[test] == V.SKIPPED:
        return None
    cell: CellDetail = row.cells[column]
    return cell


def _outputs(layout: ProblemLayout, judged: _Judged, matrix: list[str]) -> list[list[str | None]]:
    def row_outputs(solution: int) -> list[str | None]:
        row = _row(layout, judged, solution)
        cells = [_cell(layout, row, matrix[solution], test) for test in range(len(layout.columns))]
        return [cell.output if cell else None for cell in cells]

    return [row_outputs(solution) for solution in range(len(layout.rows))]


def _cells(layout: ProblemLayout, judged: _Judged, matrix: list[str], fields: list[str]) -> list[list[CellReport]]:
    def report(solution: int, row: RowResult | None, test: int) -> CellReport:
        why = layout.large_solutions.get(solution) or layout.large_tests.get(test)
        if why is not None and matrix[solution][test] != V.SKIPPED:
            values = dict.fromkeys(fields) | ({"message": why} if "message" in fields else {})
            return CellReport.model_construct(**values)
        cell = _cell(layout, row, matrix[solution], test)
        return CellReport.model_construct(**{name: getattr(cell, name) if cell else None for name in fields})

    return [
        [report(solution, _row(layout, judged, solution), test) for test in range(len(layout.columns))]
        for solution in range(len(layout.rows))
    ]

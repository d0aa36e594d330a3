"""From the jail's answers to a chunk's result: verdict letters, messages, what each source did by itself. Pure."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossjudge.contracts import (
    CellDetail,
    Chunk,
    ChunkResult,
    ColumnReport,
    Columns,
    Detail,
    Order,
    PartResult,
    Row,
    RowResult,
    SourceReport,
    SourceStatus,
    Verdict,
)

from .outcome import ColumnsAnswer, RawOutcome, RowAnswer, TestAnswer
from .verdict import decide, explain


@dataclass(frozen=True)
class JudgedPart:
    """What the jails said of one part: of its tests, and of each row."""

    compiled: ColumnsAnswer
    rows: list[RowAnswer]


def chunk_result(
    order: Order, columns: Mapping[int, Columns], chunk: Chunk, judged: Sequence[JudgedPart]
) -> ChunkResult:
    """All that is said of a chunk."""
    outcomes = [outcome for part in judged for row in part.rows for outcome in row.cells.values()]
    return ChunkResult(
        parts=[
            _part_result(order, columns[part.problem], part.rows, answer)
            for part, answer in zip(chunk.parts, judged, strict=True)
        ],
        executed=sum(len(_wanted(columns[part.problem], row)) for part in chunk.parts for row in part.rows),
        cpu_seconds=sum(outcome.cpu_ns for outcome in outcomes) / 1e9,
        wall_seconds=sum(outcome.wall_ns for outcome in outcomes) / 1e9,
        worker=f"{socket.gethostname()}/{os.getpid()}",
    )


def _part_result(order: Order, columns: Columns, rows: list[Row], judged: JudgedPart) -> PartResult:
    compiled = judged.compiled
    return PartResult(
        rows=[
            _row_result(order, columns, compiled, row, answer) for row, answer in zip(rows, judged.rows, strict=True)
        ],
        tests=[_column_report(index, report, rows, judged.rows) for index, report in enumerate(compiled.tests)],
    )


def _wanted(columns: Columns, row: Row) -> list[int]:
    return list(range(len(columns.tests))) if row.columns is None else row.columns


def _row_result(order: Order, columns: Columns, compiled: ColumnsAnswer, row: Row, answer: RowAnswer) -> RowResult:
    letters = [Verdict.SKIPPED] * len(columns.tests)
    cells = [CellDetail()] * len(columns.tests)
    for index in _wanted(columns, row):
        outcome = answer.cells.get(index)
        message: str | None
        if outcome is None:
            letters[index], message = Verdict.ERROR, _why_not_run(compiled, answer, index)
            outcome = RawOutcome()
        else:
            letters[index] = decide(columns.tests[index], outcome, order.limits)
            message = explain(letters[index], outcome, order.limits)
        cells[index] = _detail(order, outcome, message)
    return RowResult(
        verdicts="".join(letters),
        solution=_solution_report(order, columns, compiled, answer),
        cells=cells if order.detail else None,
    )


def _why_not_run(compiled: ColumnsAnswer, answer: RowAnswer, index: int) -> str:
    for what, report in (("solution", answer.solution), ("prelude", compiled.prelude), ("test", compiled.tests[index])):
        if report.status is not SourceStatus.OK:
            return f"the {what} does not compile: {report.message}"
    return "the cell was not run"


def _detail(order: Order, outcome: RawOutcome, message: str | None) -> CellDetail:
    asked = order.detail
    return CellDetail(
        message=message if Detail.MESSAGES in asked else None,
        cpu_ms=round(outcome.cpu_ns / 1e6, 3) if Detail.TIMINGS in asked else None,
        wall_ms=round(outcome.wall_ns / 1e6, 3) if Detail.TIMINGS in asked else None,
        stdout=outcome.stdout if Detail.STDOUT in asked else None,
        output=outcome.output if Detail.OUTPUTS in asked else None,
    )


def _solution_report(order: Order, columns: Columns, compiled: ColumnsAnswer, answer: RowAnswer) -> SourceReport:
    if answer.solution.status is not SourceStatus.OK:
        return answer.solution
    if compiled.prelude.status is not SourceStatus.OK:
        return SourceReport(status=compiled.prelude.status, message=f"the prelude: {compiled.prelude.message}")
    for index, outcome in answer.cells.items():
        if outcome.phase == "entry":
            return SourceReport(status=SourceStatus.NO_ENTRY_POINT, message=outcome.message)
        if outcome.phase == "load":
            verdict = decide(columns.tests[index], outcome, order.limits)
            return SourceReport(status=SourceStatus.LOAD_ERROR, message=explain(verdict, outcome, order.limits))
    return SourceReport(status=SourceStatus.OK)


def _column_report(index: int, report: TestAnswer, rows: list[Row], answers: list[RowAnswer]) -> ColumnReport:
    said = {answer.cells[index].used for answer in answers if index in answer.cells} - {None}
    used = None if not said else True in said
    if report.status is SourceStatus.OK and not any(row.columns is None or index in row.columns for row in rows):
        return ColumnReport(status=SourceStatus.NOT_RUN)
    return ColumnReport(status=report.status, message=report.message, used=used, needs=report.needs)

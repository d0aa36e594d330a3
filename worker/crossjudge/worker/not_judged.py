"""The result of a chunk that we failed to judge: an `X` in every cell that was asked for, and why. Pure."""

from collections.abc import Mapping

from crossjudge.contracts import (
    CellDetail,
    Chunk,
    ChunkResult,
    ColumnReport,
    Columns,
    Detail,
    Order,
    Part,
    PartResult,
    Row,
    RowResult,
    SourceReport,
    SourceStatus,
    Verdict,
)


def not_judged(order: Order, columns: Mapping[int, Columns], chunk: Chunk, *, worker: str, why: str) -> ChunkResult:
    """All `X`. It is our failure, so nothing is said of the programs and nothing counts as run."""
    has_messages, message = Detail.MESSAGES in order.detail, f"not judged: {why}"

    def part_result(part: Part) -> PartResult:
        width = len(columns[part.problem].tests)
        return PartResult(
            rows=[_row(row, width, message, has_messages=has_messages) for row in part.rows],
            tests=[ColumnReport(status=SourceStatus.NOT_RUN, message=message)] * width,
        )

    parts = [part_result(part) for part in chunk.parts]
    return ChunkResult(parts=parts, executed=0, cpu_seconds=0.0, worker=worker)


def _row(row: Row, width: int, message: str, *, has_messages: bool) -> RowResult:
    asked_for = range(width) if row.columns is None else set(row.columns)
    verdicts = [Verdict.NOT_JUDGED if column in asked_for else Verdict.SKIPPED for column in range(width)]
    said = [CellDetail(message=message if verdict is Verdict.NOT_JUDGED else None) for verdict in verdicts]
    return RowResult(
        verdicts="".join(verdicts),
        solution=SourceReport(status=SourceStatus.NOT_RUN, message=message),
        cells=said if has_messages else None,
    )

"""How a chunk's result stands in Redis: a list for each kind of detail instead of an object for each cell, compressed.

A million cells in full detail are some 200 MB as objects and a tenth of that here, and the service reads a list as it
is, without making anything of each cell.
"""

import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from .batch import Answer
from .chunk import CellDetail, ChunkResult, ColumnReport, PartResult, RowResult, SourceReport
from .text import encode_json, load_json

_WORTH_COMPRESSING = 512
_LEVEL = 1  # much of it repeats; more effort gains little


class PackedCells(Answer):
    """The fields of `CellDetail`, each for all cells of a row; null where no cell of the row has it.

    A worker of ours has made them from `CellDetail`, so that nobody looks at each of a million values once more.
    """

    message: list[Any] | None = None
    cpu_ms: list[Any] | None = None
    wall_ms: list[Any] | None = None
    stdout: list[Any] | None = None
    output: list[Any] | None = None


class PackedRow(Answer):
    """A `RowResult`."""

    verdicts: str
    solution: SourceReport
    cells: PackedCells | None = None


class PackedTests(Answer):
    """The fields of `ColumnReport`, each for all tests of a part; null where no test has it."""

    status: list[Any]
    message: list[Any] | None = None
    used: list[Any] | None = None
    needs: list[Any] | None = None


class PackedPart(Answer):
    """A `PartResult`."""

    rows: list[PackedRow]
    tests: PackedTests


class PackedResult(Answer):
    """A `ChunkResult`."""

    parts: list[PackedPart]
    executed: int
    cpu_seconds: float
    worker: str


def pack(result: ChunkResult) -> bytes:
    """The result as it is written to Redis; `unpack` reads it."""
    packed = PackedResult.model_construct(
        parts=[_part(part) for part in result.parts],
        executed=result.executed,
        cpu_seconds=result.cpu_seconds,
        worker=result.worker,
    )
    plain = encode_json(packed)
    return plain if len(plain) < _WORTH_COMPRESSING else zlib.compress(plain, _LEVEL)


def unpack(data: bytes) -> PackedResult:
    """What `pack` has written. Raises `ValueError`."""
    try:
        plain = data if data.startswith(b"{") else zlib.decompress(data)  # no stream of zlib starts like that
    except zlib.error as error:
        raise ValueError(f"a result is broken: {error}") from error
    try:
        return PackedResult.model_validate_json(plain)
    except ValidationError:  # lone surrogates, or it is none
        return PackedResult.model_validate(load_json(plain))


def _part(part: PartResult) -> PackedPart:
    return PackedPart.model_construct(rows=[_row(row) for row in part.rows], tests=_tests(part.tests))


def _tests(tests: Sequence[ColumnReport]) -> PackedTests:
    return PackedTests.model_construct(
        status=[test.status for test in tests],
        message=_said(test.message for test in tests),
        used=_said(test.used for test in tests),
        needs=_said(test.needs for test in tests),
    )


def _row(row: RowResult) -> PackedRow:
    cells = None if row.cells is None else _cells(row.cells)
    return PackedRow.model_construct(verdicts=row.verdicts, solution=row.solution, cells=cells)


def _cells(cells: Sequence[CellDetail]) -> PackedCells:
    return PackedCells.model_construct(
        message=_said(cell.message for cell in cells),
        cpu_ms=_said(cell.cpu_ms for cell in cells),
        wall_ms=_said(cell.wall_ms for cell in cells),
        stdout=_said(cell.stdout for cell in cells),
        output=_said(cell.output for cell in cells),
    )


def _said(values: Iterable[Any]) -> list[Any] | None:
    listed = list(values)
    return None if all(value is None for value in listed) else listed

"""A chunk's result survives Redis, whatever programs have said."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.contracts import (
    CellDetail,
    ChunkResult,
    ColumnReport,
    PartResult,
    RowResult,
    SourceReport,
    SourceStatus,
    pack,
    unpack,
)
from queued_batches import unpacked
from strategies import any_character

said = st.none() | st.text(any_character, max_size=20)
milliseconds = st.none() | st.floats(0, 1e6).map(lambda value: round(value, 3))
cells = st.builds(CellDetail, message=said, cpu_ms=milliseconds, wall_ms=milliseconds, stdout=said, output=said)
reports = st.builds(SourceReport, status=st.sampled_from(SourceStatus), message=said)
columns = st.builds(
    ColumnReport, status=st.sampled_from(SourceStatus), message=said, used=st.none() | st.booleans(), needs=said
)


@st.composite
def rows(draw: st.DrawFn) -> RowResult:
    verdicts = draw(st.text("PFETMCSX", max_size=6))
    of_row = st.lists(cells, min_size=len(verdicts), max_size=len(verdicts))
    return RowResult(verdicts=verdicts, solution=draw(reports), cells=draw(st.none() | of_row))


parts = st.builds(PartResult, rows=st.lists(rows(), max_size=4), tests=st.lists(columns, max_size=4))
results = st.builds(
    ChunkResult,
    parts=st.lists(parts, max_size=3),
    executed=st.integers(0, 10**6),
    cpu_seconds=st.floats(0, 1e6),
    worker=st.text(max_size=20),
)


@given(results)
def test_a_result_is_unpacked_as_it_was_packed(result: ChunkResult) -> None:
    assert unpacked(unpack(pack(result))) == result


def test_cells_that_say_much_the_same_take_little_room() -> None:
    detail = CellDetail(message="AssertionError: 1 != 2", cpu_ms=1.25, wall_ms=2.5, stdout="", output="1")
    row = RowResult(verdicts="F" * 500, solution=SourceReport(status=SourceStatus.OK), cells=[detail] * 500)
    packed = pack(ChunkResult(parts=[PartResult(rows=[row], tests=[])], executed=500, cpu_seconds=1, worker="w"))

    assert len(packed) < 10 * 500


@pytest.mark.parametrize("broken", [b"", b"x\x9c", b"{", b"{}", zlib.compress(b"[]"), zlib.compress(b"{" * 600)[:-8]])
def test_what_is_no_result_is_said_to_be_none(broken: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(broken)

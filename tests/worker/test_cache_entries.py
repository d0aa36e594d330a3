"""What is kept of a cell: enough to answer the same again, never what the machine may have caused, nothing broken."""

import signal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.contracts import (
    AssertTest,
    CallTest,
    Columns,
    Detail,
    Isolation,
    Limits,
    Order,
    Part,
    PartResult,
    Row,
    SourceReport,
    SourceStatus,
    StdioTest,
    Test,
)
from crossjudge.contracts import Chunk as ChunkOf
from crossjudge.worker.cache.entries import KeptRow, KnownCell, read_cell, read_row, write_cell, write_row
from crossjudge.worker.outcome import ColumnsAnswer, RawOutcome, RowAnswer, TestAnswer
from crossjudge.worker.results import JudgedPart, chunk_result
from crossjudge.worker.verdict import decide

FINE = SourceReport(status=SourceStatus.OK)
FINE_TEST = TestAnswer(status=SourceStatus.OK)
BROKEN_TEST = TestAnswer(status=SourceStatus.SYNTAX_ERROR, message="line 1: SyntaxError: invalid syntax")
TESTS: list[Test] = [
    AssertTest(code="assert True"), CallTest(kind="call", expected=1), StdioTest(kind="stdio", stdout="")
]  # fmt: skip

texts = st.none() | st.text(max_size=20)
endings = st.tuples(st.just("exit"), st.integers(0, 3)) | st.tuples(st.just("signal"), st.sampled_from([9, 11, 24]))
outcomes = st.builds(
    RawOutcome,
    stopped=st.sampled_from([None, None, None, "cpu", "wall", "memory"]),
    over=st.sampled_from([None, None, None, "cpu", "wall"]),
    ended=st.none() | endings,
    cpu_ns=st.integers(0, 3_000_000_000),
    wall_ns=st.integers(0, 3_000_000_000),
    said=st.sampled_from([None, "passed", "failed", "error", "memory", "returned", "broken"]),
    phase=st.sampled_from(["load", "entry", "call", "test"]),
    message=texts,
    used=st.sampled_from([None, True, False]),
    output=texts,
    check=st.sampled_from([None, True, False]),
    stdout=st.text(max_size=20),
)
tests = st.sampled_from(TESTS)
reports = st.sampled_from([FINE_TEST, FINE_TEST.model_copy(update={"needs": "it patches the solution"}), BROKEN_TEST])
orders = st.builds(
    Order, run=st.just("r"), limits=st.just(Limits()), isolation=st.just(Isolation.AUTO),
    detail=st.lists(st.sampled_from(Detail), unique=True),
)  # fmt: skip


def answered(order: Order, test: Test, row: KeptRow, cell: KnownCell) -> PartResult:
    """All that a batch of this cell alone is answered with."""
    compiled = ColumnsAnswer(prelude=row.prelude, tests=[cell.test])
    answer = RowAnswer(solution=row.solution, cells={} if cell.outcome is None else {0: cell.outcome})
    columns = {0: Columns(entry_point=None, prelude="", tests=[test])}
    chunk = ChunkOf(parts=[Part(problem=0, rows=[Row(solution="")])], cells=1)
    return chunk_result(order, columns, chunk, [JudgedPart(compiled, [answer])]).parts[0]


@given(orders, tests, reports, outcomes)
def test_what_is_kept_of_a_cell_is_answered_like_the_cell(
    order: Order, test: Test, report: TestAnswer, outcome: RawOutcome
) -> None:
    cell = KnownCell(report, outcome)
    kept = write_cell(order, test, KeptRow(), cell)
    if kept is not None:
        again = read_cell(order, test, KeptRow(), kept)
        assert again is not None
        assert answered(order, test, KeptRow(), again) == answered(order, test, KeptRow(), cell)
        assert write_cell(order, test, KeptRow(), again) == kept


@given(orders, tests, reports, outcomes)
def test_no_cell_is_kept_that_the_machine_may_have_decided(
    order: Order, test: Test, report: TestAnswer, outcome: RawOutcome
) -> None:
    is_kept = write_cell(order, test, KeptRow(), KnownCell(report, outcome)) is not None
    is_in_doubt = outcome.stopped or outcome.over or outcome.ended == ("signal", signal.SIGKILL)
    assert is_kept == (decide(test, outcome, order.limits) in "PFEC" and not is_in_doubt)


@given(st.sampled_from([FINE, BROKEN_TEST]), st.sampled_from([FINE, BROKEN_TEST]), reports)
def test_a_cell_that_did_not_run_is_kept_where_a_source_is_to_blame(
    solution: SourceReport, prelude: SourceReport, report: TestAnswer
) -> None:
    order = Order(run="r", limits=Limits(), isolation=Isolation.SPLIT, detail=[])
    row, cell = KeptRow(solution=solution, prelude=prelude), KnownCell(report, None)
    kept = write_cell(order, TESTS[0], row, cell)
    assert (kept is not None) == (BROKEN_TEST.status in (solution.status, prelude.status, report.status))
    if kept is not None:
        assert read_cell(order, TESTS[0], row, kept) == cell


@pytest.mark.parametrize("why", ["over the cpu limit", "the compiler did not survive it", "MemoryError: "])
def test_what_the_compiler_gave_up_on_is_not_kept(why: str) -> None:
    order = Order(run="r", limits=Limits(), isolation=Isolation.SPLIT, detail=[])
    gave_up = TestAnswer(status=SourceStatus.SYNTAX_ERROR, message=f"cannot be compiled: {why}")
    assert write_row(KeptRow(solution=gave_up)) is None
    assert write_row(KeptRow(prelude=gave_up)) is None
    assert write_cell(order, TESTS[0], KeptRow(), KnownCell(gave_up, None)) is None


@given(st.sampled_from([FINE, BROKEN_TEST]), st.sampled_from([FINE, BROKEN_TEST]))
def test_what_is_kept_of_a_row_is_read_again(solution: SourceReport, prelude: SourceReport) -> None:
    row = KeptRow(
        solution=SourceReport(status=solution.status, message=solution.message),
        prelude=SourceReport(status=prelude.status, message=prelude.message),
    )
    assert read_row(write_row(row)) == row


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["ran", "test", "ended", "x"]), inner),
    max_leaves=4,
)


@given(orders, tests, st.binary(max_size=30) | json_like.map(lambda value: repr(value).encode("utf-8", "replace")))
def test_what_is_broken_is_not_there_and_never_an_error(order: Order, test: Test, data: bytes) -> None:
    read_row(data)
    cell = read_cell(order, test, KeptRow(), data)
    if cell is not None:  # then it is one that might have been written
        assert write_cell(order, test, KeptRow(), cell) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"1", b"{", b"[[1,2]]", b'{"ended":["exit"]}', b'{"ended":["signal",9]}', b'{"said":"P"}',
        b'{"stopped":"cpu"}', b'{"over":"cpu"}', b'{"said":"memory"}', b'{"cpu_ns":-1}', b'{"verdict":"P"}',
        b'{"test":{"status":"fine"}}', b'{"ran":false}', b'{"message":"%s"}' % (b"m" * 1001), b"[" * 100_000,
    ],
)  # fmt: skip
def test_no_such_cell_is_ever_read(data: bytes) -> None:
    order = Order(run="r", limits=Limits(), isolation=Isolation.SPLIT, detail=list(Detail))
    assert read_cell(order, TESTS[0], KeptRow(), data) is None


@pytest.mark.parametrize("data", [None, b"", b"[]", b"null", b'{"x":1}', b'{"solution":{}}', b"{"])
def test_no_such_row_is_ever_read(data: Any) -> None:
    assert read_row(data) is None

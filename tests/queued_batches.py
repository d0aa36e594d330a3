"""Batches in Redis as the service writes them, for tests of the worker alone."""

import time
from collections.abc import Callable

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from crossjudge.contracts import (
    AssertTest,
    CellDetail,
    Chunk,
    ChunkResult,
    ColumnReport,
    Columns,
    Detail,
    Isolation,
    Limits,
    Order,
    PackedCells,
    PackedResult,
    PackedRow,
    PackedTests,
    Part,
    PartResult,
    Row,
    RowResult,
    dump_json,
    unpack,
)
from crossjudge.contracts.queue import (
    BatchField,
    batch_key,
    chunks_key,
    columns_key,
    queue_name,
    results_key,
    scope_of,
)
from crossjudge.worker.commit import enqueue
from crossjudge.worker.lanes import put

RUN = "a-run"


SCOPE = scope_of("", RUN)


def queue_of(redis: Redis) -> Queue:
    return Queue(queue_name(SCOPE, "normal"), connection=redis, serializer=JSONSerializer)


def put_job(redis: Redis, batch: str, index: int) -> None:
    """Queue one chunk."""
    with redis.pipeline() as pipe:
        enqueue(queue_of(redis), batch, index, pipe=pipe)
        put(pipe, SCOPE)
        pipe.execute()


def put_batch(
    redis: Redis,
    batch: str,
    solutions: list[str],
    tests: list[str],
    *,
    detail: list[Detail] | None = None,
    retention_s: int = 60,
    queued: bool = True,
    rows_each: int = 1,
) -> None:
    """One problem, a chunk for every `rows_each` solutions; with `queued`, a job for each."""
    groups = [solutions[start : start + rows_each] for start in range(0, len(solutions), rows_each)]
    order = Order(run=RUN, limits=Limits(), isolation=Isolation.SHARED, detail=detail or [])
    columns = Columns(entry_point=None, prelude="", tests=[AssertTest(code=test) for test in tests])
    fields: dict[str, str | bytes | int] = {
        BatchField.RUN: RUN,
        BatchField.ORDER: dump_json(order),
        BatchField.STATUS: "queued",
        BatchField.CREATED_AT: f"{time.time() - 1.5:.6f}",
        BatchField.CELLS_TOTAL: len(solutions) * len(tests),
        BatchField.CELLS_DONE: 0,
        BatchField.CHUNKS_TOTAL: len(groups),
        BatchField.CHUNKS_DONE: 0,
        BatchField.RETENTION: retention_s,
    }
    redis.hset(batch_key(batch), mapping=fields)  # type: ignore[arg-type]  # mappings are invariant in redis-py
    redis.hset(columns_key(batch), "0", dump_json(columns))
    for index, group in enumerate(groups):
        rows = [Row(solution=solution) for solution in group]
        chunk = Chunk(parts=[Part(problem=0, rows=rows)], cells=len(tests) * len(rows))
        redis.hset(chunks_key(batch), str(index), dump_json(chunk))
        if queued:
            put_job(redis, batch, index)


def field(redis: Redis, batch: str, name: str) -> str | None:
    raw = redis.hget(batch_key(batch), name)
    return raw.decode() if isinstance(raw, bytes) else raw


def judge_of(redis: Redis, batch: str, index: int) -> str | None:
    """The worker that handed in a chunk."""
    raw = redis.hget(results_key(batch), str(index))
    return unpack(raw).worker if isinstance(raw, bytes) else None


def result_of(redis: Redis, batch: str, index: int) -> PartResult | None:
    """What came of a chunk of `put_batch`, which has one part."""
    raw = redis.hget(results_key(batch), str(index))
    return unpacked(unpack(raw)).parts[0] if isinstance(raw, bytes) else None


def unpacked(result: PackedResult) -> ChunkResult:
    """What was packed."""
    return ChunkResult(
        parts=[PartResult(rows=[_row(row) for row in part.rows], tests=_tests(part.tests)) for part in result.parts],
        executed=result.executed,
        cpu_seconds=result.cpu_seconds,
        worker=result.worker,
    )


def _tests(tests: PackedTests) -> list[ColumnReport]:
    none = [None] * len(tests.status)
    columns = zip(tests.status, tests.message or none, tests.used or none, tests.needs or none, strict=True)
    return [ColumnReport(status=s, message=message, used=used, needs=needs) for s, message, used, needs in columns]


def _row(row: PackedRow) -> RowResult:
    if row.cells is None:
        return RowResult(verdicts=row.verdicts, solution=row.solution)
    width = len(row.verdicts)
    lists = {name: getattr(row.cells, name) or [None] * width for name in PackedCells.model_fields}
    cells = [CellDetail(**{name: values[index] for name, values in lists.items()}) for index in range(width)]
    return RowResult(verdicts=row.verdicts, solution=row.solution, cells=cells)


def wait_for(condition: Callable[[], object], what: str = "it", timeout_s: float = 30.0) -> None:
    """Raises `AssertionError` where the condition does not come true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {timeout_s} s"
        time.sleep(0.01)


def wait_until_done(redis: Redis, batch: str) -> None:
    wait_for(lambda: field(redis, batch, BatchField.STATUS) == "done", f"the end of batch {batch}")

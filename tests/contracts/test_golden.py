"""One golden JSON per message: what is on the wire today must be readable tomorrow, and look the same.

A deliberate change of the wire: run `python tests/contracts/test_golden.py` and commit what it wrote.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import crossjudge.contracts as contracts
from crossjudge.contracts import (
    Answer,
    AssertTest,
    Batch,
    BatchPage,
    BatchState,
    BatchStatus,
    CallTest,
    CellCounts,
    CellDetail,
    CellReport,
    Check,
    Chunk,
    ChunkResult,
    ColumnReport,
    Columns,
    Detail,
    GroupProblem,
    GroupSample,
    Health,
    Isolation,
    Limits,
    Order,
    PackedCells,
    PackedPart,
    PackedResult,
    PackedRow,
    PackedTests,
    Part,
    PartResult,
    Problem,
    ProblemDetails,
    ProblemResult,
    PytestTest,
    Quotas,
    Request,
    Reward,
    RewardParts,
    Row,
    RowResult,
    RunList,
    RunUsage,
    SampleAnswer,
    SampleState,
    SolutionReport,
    SourceReport,
    SourceStatus,
    StdioTest,
    StoredKey,
    TestReport,
    Violation,
    dump_json,
    load_json,
)
from crossjudge.contracts.queue import Event, WorkerInfo
from crossjudge.contracts.stats import (
    Activity,
    Bucket,
    CellView,
    ProblemPage,
    ProblemSummary,
    QueueState,
    RunActivity,
    Stats,
    TestText,
)

MAPS = {"verdicts", "kinds"}
"""Fields that are objects with any keys."""

GOLDEN = Path(__file__).parent.parent / "golden"
T0 = datetime(2030, 1, 2, 3, 4, 5, 678000, UTC)
T1 = datetime(2030, 1, 2, 3, 4, 6, tzinfo=UTC)
T2 = datetime(2030, 1, 2, 3, 4, 7, 890123, UTC)

LIMITS = Limits(cpu_seconds=1.5, wall_seconds=8.0, memory_mb=256, processes=8, disk_mb=4, output_kb=32)
TESTS = [
    AssertTest(code="assert add(1, 2) == 3"),
    CallTest(kind="call", args=[0.1], kwargs={"b": 0.2}, expected=0.3, tolerance=1e-9),
    StdioTest(kind="stdio", stdin="1 2\n", stdout="3\n", compare="tokens"),
    PytestTest(kind="pytest", code="def test_add():\n    assert add(2, 2) == 4\n"),
]
UGLY = "def add(a, b): return '\x00\ud800é'"
PROBLEM = Problem(
    id="sum/1", entry_point="add", prelude="import math\n", solutions=["def add(a, b):\n    return a + b\n", UGLY],
    tests=TESTS, pairs=[(0, 0), (0, 1), (0, 3), (1, 0)],
)  # fmt: skip
RESULT = ProblemResult(
    id="sum/1",
    matrix=["PPSP", "FSSS"],
    solutions=[
        SolutionReport(status=SourceStatus.OK),
        SolutionReport(status=SourceStatus.LOAD_ERROR, message="NameError: name 'x' is not defined"),
    ],
    tests=[
        TestReport(status=SourceStatus.OK),
        TestReport(status=SourceStatus.OK, vacuous=True),
        TestReport(status=SourceStatus.NOT_RUN),
        TestReport(status=SourceStatus.SYNTAX_ERROR, message="line 1: invalid syntax"),
    ],
    outputs=[["3", "0.30000000000000004", None, "4"], ["'\x00'", None, None, None]],
    cells=[
        [CellReport(cpu_ms=0.5, wall_ms=0.75, stdout=""), CellReport(), CellReport(), CellReport()],
        [CellReport(message="AssertionError", stdout="seen\n"), CellReport(), CellReport(), CellReport()],
    ],
)
DONE = BatchStatus(
    id="b_01JGH", run="zerocoder-7b-a", status=BatchState.DONE,
    cells=CellCounts(total=4, done=4, executed=3, cached=1),
    created_at=T0, started_at=T1, finished_at=T2, problems=[RESULT],
)  # fmt: skip
WINDOW = Activity(cells=6, executed=4, cached=2, cpu_seconds=0.25, wall_seconds=0.5, verdicts={"P": 4, "F": 2})
QUEUED = BatchStatus(id="b_01JGJ", run="r", status=BatchState.QUEUED, cells=CellCounts(total=9), created_at=T0)

MESSAGES: dict[str, BaseModel] = {
    "batch": Batch(
        run="zerocoder-7b-a", problems=[PROBLEM], limits=LIMITS, isolation=Isolation.SHARED,
        detail=[Detail.MESSAGES, Detail.OUTPUTS],
    ),
    "batch_of_defaults": Batch(problems=[Problem(solutions=["x = 1"], tests=[AssertTest(code="assert x")])]),
    "batch_status_done": DONE,
    "batch_status_queued": QUEUED,
    "batch_page": BatchPage(batches=[QUEUED], next="b_01JGJ"),
    "group_sample": GroupSample(
        size=8, solution=UGLY, sample="step-12/0",
        problem=GroupProblem(id="sum/1", entry_point="add", prelude="import math\n", solutions=["x = 1"], tests=TESTS),
        reward=Reward.CODET, deadline_seconds=60.0, run="zerocoder-7b-a", limits=LIMITS, isolation=Isolation.AUTO,
        detail=[Detail.OUTPUTS], fork_per_cell=True, cache=False,
    ),
    "group_sample_of_defaults": GroupSample(size=1, test=AssertTest(code="assert f(1)")),
    "sample_answer_waiting": SampleAnswer(
        key="step-12/sum", run="r", sample="a", status=SampleState.WAITING, size=8, came=3
    ),
    "sample_answer_judged": SampleAnswer(
        key="step-12/sum", run="r", sample="a", status=SampleState.JUDGED, size=8, came=8, batch="b_01JGH", index=2,
        row="PFPX", solution=SolutionReport(status=SourceStatus.OK), outputs=["3", None, "4", None],
        cells=[CellReport(cpu_ms=0.5, wall_ms=0.75)], reward=2 / 3, parts=RewardParts(passed=2, judged=3),
    ),
    "sample_answer_lost": SampleAnswer(
        key="k", run="r", sample="t", status=SampleState.JUDGED, size=1, came=1, batch="b_01JGH", index=0, column="X",
        test=TestReport(status=SourceStatus.NOT_RUN), reason="none of its cells could be judged",
    ),
    "run_list": RunList(
        runs=[
            RunUsage(
                run="zerocoder-7b-a", batches=2, cells=2048, executed=1400, cached=648, cpu_seconds=12.5,
                queue_wait_seconds=0.25, last_batch_at=T2,
            )
        ]
    ),
    "health": Health(version="0.1.0", workers=2),
    "check": Check(name="user namespaces", status="fail", found="switched off", mend="sysctl kernel.x=1"),
    "problem_details": ProblemDetails(
        title="Unprocessable Content",
        status=422,
        detail="$.problems[0].tests[2].kind: say one of assert, call, stdio, pytest",
        errors=[Violation(path="$.problems[0].tests[2].kind", detail="say one of assert, call, stdio, pytest")],
    ),
    "order": Order(run="zerocoder-7b-a", limits=LIMITS, isolation=Isolation.SPLIT, detail=[Detail.TIMINGS]),
    "columns": Columns(entry_point="add", prelude="import math\n", tests=TESTS),
    "chunk": Chunk(parts=[Part(problem=0, rows=[Row(solution=UGLY), Row(solution="", columns=[0, 3])])], cells=6),
    "chunk_result": ChunkResult(parts=[PartResult(
        rows=[
            RowResult(
                verdicts="PFSX",
                solution=SourceReport(status=SourceStatus.OK),
                cells=[
                    CellDetail(cpu_ms=0.5, wall_ms=1.5, stdout="\udcff", output="3"),
                    CellDetail(message="AssertionError"), CellDetail(), CellDetail(message="the worker was lost"),
                ],
            ),
            RowResult(verdicts="EEEE", solution=SourceReport(status=SourceStatus.SYNTAX_ERROR, message="line 1: …")),
        ],
        tests=[
            ColumnReport(status=SourceStatus.OK, used=True),
            ColumnReport(status=SourceStatus.LOAD_ERROR, message="NameError", used=False),
            ColumnReport(status=SourceStatus.NOT_RUN),
        ])],
        executed=7, cpu_seconds=0.125, worker="host.1234",
    ),
    "packed_result": PackedResult(parts=[PackedPart(
        rows=[
            PackedRow(
                verdicts="PF",
                solution=SourceReport(status=SourceStatus.OK),
                cells=PackedCells(
                    message=[None, "AssertionError"], cpu_ms=[0.5, None], wall_ms=[1.5, None],
                    stdout=["\udcff", None], output=["3", None],
                ),
            ),
            PackedRow(verdicts="EE", solution=SourceReport(status=SourceStatus.SYNTAX_ERROR, message="line 1: …")),
        ],
        tests=PackedTests(status=["ok", "not_run"], used=[True, None]))],
        executed=2, cpu_seconds=0.125, worker="host.1234",
    ),
    "stored_key": StoredKey(
        id="0123456789", sha256="ab" * 32, tenant="acme", note="the first", created_at=T0, expires_at=T1, revoked_at=T2,
        weight=2.0, quotas=Quotas(cells_in_flight=1000, cells_per_minute=60_000, stored_batches=10, batch_cells=500),
    ),
    "stats": Stats(
        now=T2, minutes=1, step_seconds=60, cells_per_second=0.1, window=WINDOW, kinds={"assert": 6},
        buckets=[Bucket(at=T1, **WINDOW.model_dump())],
        runs=[
            RunActivity(
                run="zerocoder-7b-a", batches=1, cells=9, executed=4, cached=2, cpu_seconds=0.25, last_batch_at=T0,
                window=WINDOW, cells_per_second=0.1, share=1.0, waiting_chunks=1, held_chunks=2,
                oldest_wait_seconds=1.5, buckets=None,
            )
        ],
        queue=QueueState(waiting_chunks=1, held_chunks=2, oldest_wait_seconds=1.5),
        workers=[WorkerInfo(name="host.1234", host="host", pid=1234, version="0.1.0", jails=2)],
    ),
    "problem_page": ProblemPage(
        batch=QUEUED, total=2, next=1,
        problems=[ProblemSummary(index=0, id="sum/1", solutions=2, tests=4, verdicts={"P": 3, "F": 1, "S": 4})],
    ),
    "cell_view": CellView(
        batch="b_01JGH", run="zerocoder-7b-a", status=BatchState.DONE, problem=0, problem_id="sum/1",
        solution_index=1, test_index=1, verdict="F", message="AssertionError", cpu_ms=0.5, wall_ms=0.75,
        stdout="seen\n", output="'\x00'", solution_status="ok", test_status="ok", entry_point="add",
        prelude="import math\n", solution=UGLY, detail=["messages"],
        test=TestText(kind="call", args="[0.1]", kwargs='{"b":0.2}', expected="0.3", tolerance="1e-09"),
    ),
    "event": Event(batch="b_01JGH", status=BatchState.RUNNING, total=1024, done=512),
    "worker_info": WorkerInfo(name="host.1234", host="host", pid=1234, version="0.1.0", jails=2),
}  # fmt: skip


def parts(value: Any) -> Iterator[BaseModel]:
    """Every model inside a message, the message first."""
    if isinstance(value, BaseModel):
        yield value
        yield from (part for name in type(value).model_fields for part in parts(getattr(value, name)))
    elif isinstance(value, list | tuple):
        yield from (part for item in value for part in parts(item))


def with_new_fields(value: Any) -> Any:
    """The JSON that a later version might send: every model in it has a field that we do not know."""
    if isinstance(value, dict):
        return {**{k: v if k in MAPS else with_new_fields(v) for k, v in value.items()}, "field_of_tomorrow": [1]}
    return [with_new_fields(v) for v in value] if isinstance(value, list) else value


SAMPLES = {type(part).__name__: part for message in MESSAGES.values() for part in parts(message)}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_looks_like_its_golden_file(name: str) -> None:
    message = MESSAGES[name]
    golden = load_json((GOLDEN / f"{name}.json").read_bytes())
    assert load_json(dump_json(message)) == golden
    assert type(message).model_validate(golden) == message


def test_every_model_of_the_contracts_stands_in_a_golden_file() -> None:
    exported = {v for v in vars(contracts).values() if isinstance(v, type) and issubclass(v, BaseModel)}
    assert {model.__name__ for model in exported - {Request, Answer}} <= SAMPLES.keys()


@pytest.mark.parametrize("name", [n for n, part in SAMPLES.items() if isinstance(part, Request)])
def test_an_unknown_field_in_a_request_is_an_error(name: str) -> None:
    part = SAMPLES[name]
    with pytest.raises(ValidationError, match="field_of_tomorrow"):
        type(part).model_validate({**part.model_dump(), "field_of_tomorrow": 1})


@pytest.mark.parametrize("name", [n for n, message in MESSAGES.items() if isinstance(message, Answer)])
def test_an_unknown_field_anywhere_in_an_answer_is_left_aside(name: str) -> None:
    message = MESSAGES[name]
    tomorrow = with_new_fields(load_json((GOLDEN / f"{name}.json").read_bytes()))
    assert type(message).model_validate(tomorrow) == message


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_model_is_frozen(name: str) -> None:
    part = SAMPLES[name]
    field = next(iter(type(part).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(part, field, getattr(part, field))


if __name__ == "__main__":
    for its_name, its_message in MESSAGES.items():
        text = json.dumps(load_json(dump_json(its_message)), indent=2)
        (GOLDEN / f"{its_name}.json").write_text(text + "\n", "ascii")

"""What both clients do against an honest service over real HTTP."""

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, closing
from typing import Any

import numpy as np
import pytest

from crossjudge.client import (
    AsyncClient,
    BatchCancelled,
    BatchFailed,
    BatchState,
    Client,
    ConnectionFailed,
    Grid,
    InvalidRequest,
    InvalidSettings,
    Limits,
    NotFound,
    Patience,
    Problem,
    WaitTimeout,
)
from pretend_service import PretendService, eventually, refusal

Call = Callable[..., Any]
UGLY = "\x00 \ud800 \udfff é"


def problems(count: int) -> Iterator[dict[str, Any]]:
    for _ in range(count):
        yield {"solutions": ["PF", "EE"], "tests": ["a", "b"]}


def by_index(grids: list[Grid]) -> list[tuple[int, str, list[str]]]:
    return sorted((grid.index, grid.id, grid.verdicts) for grid in grids)


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_a_matrix_comes_back_as_arrays(call: Call) -> None:
    grid = call("matrix", ["PFX", "SEP"], ["1", "2", "3"], id="sum", entry_point="f")
    assert (grid.id, grid.shape, grid.verdicts) == ("sum", (2, 3), ["PFX", "SEP"])
    assert grid.passed.dtype == np.bool_
    assert grid.passed.tolist() == [[True, False, False], [False, False, True]]
    assert grid.scored.tolist() == [[True, True, False], [False, True, True]]
    assert grid.letters.tolist() == [["P", "F", "X"], ["S", "E", "P"]]


def test_what_a_call_says_goes_before_what_the_client_was_set_up_with(call: Call, service: PretendService) -> None:
    settings = {"run": "mine", "limits": {"cpu_seconds": 1}, "isolation": "shared", "detail": "full", "cache": False,
                "api_key": "k"}  # fmt: skip
    other = {"limits": Limits(memory_mb=64), "isolation": "auto", "detail": "timings", "cache": True}
    call("matrix", ["P"], ["a"], settings=settings)
    call("matrix", ["P"], ["a"], settings=settings, **other)
    first, second = (seen.body for seen in service.sent("POST"))
    assert (first["run"], first["limits"]["cpu_seconds"], first["isolation"]) == ("mine", 1, "shared")
    assert first["detail"] == ["messages", "timings", "stdout", "outputs"]
    assert (second["limits"]["cpu_seconds"], second["limits"]["memory_mb"]) == (2.0, 64)
    assert (second["isolation"], second["detail"]) == ("auto", ["timings"])
    assert (first["cache"], second["cache"]) == (False, True)
    assert {seen.headers["authorization"] for seen in service.seen} == {"Bearer k"}


@pytest.mark.parametrize("filler", [0, 100_000], ids=["plain", "gzipped"])
def test_the_ugliest_text_arrives_as_it_was_written(call: Call, service: PretendService, filler: int) -> None:
    source = UGLY + "x" * filler
    call("matrix", [source], [UGLY, {"kind": "stdio", "stdin": UGLY, "stdout": UGLY}], prelude=UGLY)
    sent = service.sent("POST")[0]
    assert sent.headers.get("content-encoding") == ("gzip" if filler else None)
    posted = sent.body["problems"][0]
    assert (posted["solutions"], posted["prelude"], posted["tests"][0]["code"]) == ([source], UGLY, UGLY)
    assert "gzip" in sent.headers["accept-encoding"]


def test_fields_of_a_newer_service_are_left_aside(call: Call, service: PretendService) -> None:
    service.extra = {"field_of_tomorrow": {"a": 1}}
    assert call("matrix", ["P"], ["a"]).verdicts == ["P"]


@pytest.mark.parametrize(
    ("problem", "path"),
    [
        ({"solutions": [], "tests": ["a"]}, "$.problems[1].solutions"),
        ({"solutions": ["P"], "tests": [{"kind": "call", "args": 3, "expected": 1}]}, "$.problems[1].tests[0].args"),
        ({"solutions": ["P", 3], "tests": ["a"]}, "$.problems[1].solutions[1]"),
        ({"solutions": ["P"], "tests": ["a"], "prompt": "x"}, "$.problems[1].prompt"),
        (["not", "an", "object"], "$.problems[1]"),
    ],
)
def test_a_problem_that_is_none_is_named_before_anything_is_sent(
    call: Call, service: PretendService, problem: Any, path: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        call("submit", [{"solutions": ["P"], "tests": ["a"]}, problem])
    assert (caught.value.violations[0].path, caught.value.status) == (path, None)
    assert path in str(caught.value)
    assert not service.seen


def test_limits_that_are_none_are_named(call: Call, service: PretendService) -> None:
    with pytest.raises(InvalidRequest, match=r"\$\.limits\.cpu_seconds"):
        call("matrix", ["P"], ["a"], limits={"cpu_seconds": -1})
    assert not service.seen


def test_a_batch_is_submitted_looked_at_and_waited_for(call: Call, service: PretendService) -> None:
    service.hold()
    batch = call("submit", [Problem(id="a", solutions=["PF"], tests=["1", "2"]), *problems(1)])
    assert call("status", batch).status is BatchState.RUNNING
    timer = threading.Timer(0.3, service.release)
    timer.start()
    try:
        assert call("wait", batch.id, timeout=30).status is BatchState.DONE
    finally:
        timer.join()
    assert by_index(call("results", batch)) == [(0, "a", ["PF"]), (1, "1", ["PF", "EE"])]


def test_waiting_is_long_polling_and_ends_in_time(call: Call, service: PretendService) -> None:
    service.hold()
    batch = call("submit", problems(1))
    with pytest.raises(WaitTimeout, match="0 of 4 cells") as caught:
        call("wait", batch, timeout=0.3)
    assert (caught.value.batch, isinstance(caught.value, TimeoutError)) == (batch.id, True)
    waits = [float(seen.query["wait"]) for seen in service.sent("GET") if "wait" in seen.query]
    assert waits and max(waits) <= 0.3
    assert len(waits) <= 3


def test_a_service_that_answers_long_polls_at_once_is_not_flooded(call: Call, service: PretendService) -> None:
    service.hold()
    batch = call("submit", problems(1))
    body = batch.model_dump_json().encode()
    running = [refusal(200, "")] * 3
    for answer in running:
        answer.body, answer.headers = body, {"Content-Type": "application/json"}
    service.script.extend(running)
    with pytest.raises(WaitTimeout):
        call("wait", batch, timeout=1.2)
    assert len(service.sent("GET")) <= 4


def test_a_cancelled_batch_has_skipped_cells_and_is_no_result_of_matrix(call: Call, service: PretendService) -> None:
    service.hold()
    batch = call("submit", problems(1))
    assert call("cancel", batch).status is BatchState.CANCELLED
    assert by_index(call("results", batch.id)) == [(0, "0", ["SS", "SS"])]
    timer = threading.Timer(0.3, lambda: service.cancel("b_1"))
    timer.start()
    try:
        with pytest.raises(BatchCancelled) as caught:
            call("matrix", ["P"], ["a"], timeout=30)
    finally:
        timer.join()
    assert caught.value.batch == "b_1"


def test_a_failed_batch_says_why(call: Call, service: PretendService) -> None:
    service.failing_ids = {"bad"}
    with pytest.raises(BatchFailed, match="it broke"):
        call("matrix", ["P"], ["a"], id="bad")


def test_batches_are_fetched_page_by_page(call: Call, service: PretendService) -> None:
    for _ in range(5):
        call("submit", problems(1))
    assert [batch.id for batch in call("batches", run="a", status="done", limit=2)] == [f"b_{n}" for n in range(5)]
    pages = [seen.query for seen in service.sent("GET")]
    assert pages[0] == {"run": "a", "status": "done", "limit": "2"}
    assert [page.get("cursor") for page in pages] == [None, "2", "4"]


def test_runs_and_health_are_read(call: Call) -> None:
    assert [usage.run for usage in call("runs")] == ["a"]
    assert call("health").version == "0"
    assert call("ready").workers == 1


def test_an_unknown_batch_is_not_found(call: Call) -> None:
    with pytest.raises(NotFound, match=r"no batch 'b/\.\./x'") as caught:
        call("status", "b/../x")
    assert (caught.value.status, caught.value.batch) == (404, "b/../x")


@pytest.mark.parametrize("url", ["foo", "ftp://host", "http://", "http://[::1", "http://host:99999"])
def test_a_url_that_is_none_is_said_at_once(url: str) -> None:
    for client in (Client, AsyncClient):
        with pytest.raises(InvalidSettings, match=r"http://127\.0\.0\.1:8000"):
            client(url)


# --- stream


def test_a_stream_yields_every_problem_once_with_its_place(call: Call) -> None:
    grids = call("stream", problems(25), cells_per_batch=10, in_flight=3)
    assert by_index(grids) == [(n, str(n), ["PF", "EE"]) for n in range(25)]


def test_a_stream_of_nothing_yields_nothing(call: Call, service: PretendService) -> None:
    assert call("stream", []) == []
    assert not service.seen


def test_a_stream_groups_problems_and_keeps_a_large_one_whole(call: Call, service: PretendService) -> None:
    call("stream", [*problems(5), {"solutions": ["P"] * 100, "tests": ["a"] * 3}, *problems(1)], cells_per_batch=8)
    sizes = sorted(sum(len(p["solutions"]) * len(p["tests"]) for p in s.body["problems"]) for s in service.sent("POST"))
    assert sizes == [4, 8, 8, 304]


def test_a_refused_problem_does_not_cost_its_neighbours(call: Call, service: PretendService) -> None:
    service.refused_ids, service.failing_ids = {"7"}, {"3"}
    refused: list[tuple[int, str]] = []
    grids = call("stream", problems(12), cells_per_batch=1000, on_refused=lambda at, e: refused.append((at, str(e))))
    assert [index for index, _, _ in by_index(grids)] == [n for n in range(12) if n not in (3, 7)]
    assert sorted(at for at, _ in refused) == [3, 7]
    assert dict(refused)[7] == "$.problems[7].pairs[0]: out of range"


def test_without_on_refused_the_stream_ends_with_the_error(call: Call, service: PretendService) -> None:
    service.refused_ids = {"7"}
    with pytest.raises(InvalidRequest, match=r"\$\.problems\[7\]"):
        call("stream", problems(12))


def test_an_order_that_is_refused_is_not_blamed_on_each_problem(call: Call, service: PretendService) -> None:
    with pytest.raises(InvalidRequest, match="at most 60"):
        call("stream", problems(50), limits={"cpu_seconds": 61}, on_refused=lambda at, e: None)
    assert len(service.sent("POST")) == 1


def test_what_is_no_problem_is_told_to_on_refused(call: Call) -> None:
    refused: list[int] = []
    given = [*problems(1), {"solutions": []}, *problems(1)]
    grids = call("stream", given, on_refused=lambda at, error: refused.append(at))
    assert (refused, [grid.index for grid in grids]) == ([1], [0, 2])


@pytest.mark.parametrize("value", [{1, 2}, 10**5000, nested(5000), object()], ids=["set", "digits", "depth", "object"])
def test_a_call_that_cannot_be_json_is_refused_by_its_place_before_it_is_sent(call: Call, value: Any) -> None:
    asked = {"solutions": ["P"], "tests": ["a", {"kind": "call", "expected": value}], "entry_point": "f"}
    with pytest.raises(InvalidRequest, match=r"\$\.problems\[0\]\.tests\[1\]: cannot be written as JSON: "):
        call("submit", [asked])


def test_a_stream_tells_how_batches_get_on(call: Call) -> None:
    seen: list[tuple[int, bool]] = []
    call("stream", problems(4), cells_per_batch=8, on_status=lambda s: seen.append((s.cells.done, s.status.is_final)))
    assert [done for done, is_final in seen if is_final] == [8, 8]


def test_a_stream_that_loses_the_service_ends_with_that(service: PretendService) -> None:
    patience = Patience(unreachable=0.2, first_pause=0.01)
    with Client("http://127.0.0.1:9", patience=patience) as client, pytest.raises(ConnectionFailed):
        list(client.stream(problems(3)))


class Counting:
    """An endless source that knows how much of it was read."""

    def __init__(self) -> None:
        self.read = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for self.read in itertools.count(1):
            yield {"solutions": ["PF"], "tests": ["a", "b"]}


def test_an_endless_source_is_read_only_as_far_as_needed_and_its_batches_are_cancelled(service: PretendService) -> None:
    source = Counting()
    service.hold()
    helper = threading.Thread(target=service.finish, args=("b_0", 3))
    helper.start()
    with Client() as client, closing(client.stream(source, cells_per_batch=2, in_flight=3)) as grids:
        assert next(grids).verdicts == ["PF"]
        helper.join(30)
        assert eventually(lambda: service.running() == 3)
        assert source.read == 4
    assert service.most_running == 3
    assert sorted(service.states()) == [BatchState.CANCELLED] * 3 + [BatchState.DONE]


def test_an_async_stream_left_early_cancels_its_batches(service: PretendService) -> None:
    source = Counting()
    service.hold()

    async def run() -> None:
        async with AsyncClient() as client, aclosing(client.stream(source, cells_per_batch=2, in_flight=3)) as grids:
            first = asyncio.ensure_future(anext(grids))
            assert await asyncio.to_thread(eventually, lambda: service.running() == 3)
            service.finish("b_0")
            assert (await first).verdicts == ["PF"]
            assert source.read <= 4

    asyncio.run(asyncio.wait_for(run(), 60))
    assert service.most_running == 3
    assert BatchState.RUNNING not in service.states()
    assert service.states().count(BatchState.DONE) == 1


def test_an_async_source_is_streamed_while_it_is_slow(service: PretendService) -> None:
    async def run() -> list[int]:
        first_is_out = asyncio.Event()

        async def source() -> AsyncIterator[dict[str, Any]]:
            yield {"solutions": ["P"], "tests": ["a"]}
            await first_is_out.wait()  # the next problem exists only once the first has been judged
            yield {"solutions": ["P"], "tests": ["a"]}

        indices = []
        async with AsyncClient() as client:
            async for grid in client.stream(source(), cells_per_batch=1):
                indices.append(grid.index)
                first_is_out.set()
        return indices

    assert asyncio.run(asyncio.wait_for(run(), 60)) == [0, 1]


def test_an_error_in_the_consumer_cancels_what_is_in_flight(service: PretendService) -> None:
    service.hold()
    batches = threading.Thread(target=service.cancel, args=("b_0", 2))
    batches.start()
    with Client() as client, pytest.raises(BatchCancelled):
        list(client.stream(Counting(), cells_per_batch=2, in_flight=2))
    batches.join(30)
    assert service.states() == [BatchState.CANCELLED, BatchState.CANCELLED]

"""The client's decisions, without any input or output."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.client import CrossjudgeError, Grid, InvalidRequest, Problem, ProblemResult
from crossjudge.client import _protocol as protocol
from crossjudge.client._batching import Batching, Task, batched, cells_of
from crossjudge.client._check import batch_of, json_path
from crossjudge.client._protocol import Request, Response
from crossjudge.client._retry import Patience, Streak, is_retried, retry_after_seconds
from crossjudge.client._settings import Order
from crossjudge.contracts import Batch, BatchStatus, load_json
from strategies import batches, problems

NOW = datetime(2025, 1, 1, tzinfo=UTC)


@given(batches)
def test_what_is_posted_is_the_batch_whatever_a_model_wrote(batch: Batch) -> None:
    request = protocol.post_batch(batch)
    assert request.body is not None
    is_zipped = request.headers.get("Content-Encoding") == "gzip"
    body = gzip.decompress(request.body) if is_zipped else request.body
    assert Batch.model_validate(load_json(body)) == batch


@given(st.integers(100, 599), st.binary(max_size=300), st.text(st.characters(codec="latin-1"), max_size=20))
def test_every_answer_is_read_or_refused_with_an_error_of_ours(status: int, body: bytes, kind: str) -> None:
    response = Response(status, {"content-type": kind, "retry-after": kind}, body)
    with pytest.raises(CrossjudgeError) as caught:
        protocol.read(response, Request("GET", "/v1/batches/x"), BatchStatus)
    assert caught.value.status == status
    assert str(caught.value)


@given(st.integers(400, 599))
def test_no_client_error_but_429_is_tried_again(status: int) -> None:
    assert is_retried(status) == (status in (429, 502, 503, 504))


@given(
    st.lists(st.tuples(st.sampled_from([None, 429, 502, 503, 504]), st.none() | st.floats(0, 100)), max_size=300),
    st.floats(0, 1),
)
def test_however_a_service_fails_patience_is_bounded(
    failures: list[tuple[int | None, float | None]], at: float
) -> None:
    patience, now = Patience(busy=60, unreachable=5, first_pause=0.5), 0.0
    streak = Streak(patience, chance=lambda: at)
    for status, retry_after in failures:
        pause = streak.pause_after(status, retry_after, now)
        if pause is None:
            break
        assert pause >= (retry_after or 0)  # and a little more, to within rounding
        assert 0.2499 <= pause - (retry_after or 0) <= patience.longest_pause + 1e-6
        now += pause
    assert now <= 60


def test_pauses_double_up_to_the_longest() -> None:
    streak = Streak(Patience(busy=1e9, first_pause=1, longest_pause=8), chance=lambda: 1.0)
    assert [streak.pause_after(503, None, 0.0) for _ in range(6)] == [1, 2, 4, 8, 8, 8]


@given(st.integers(0, 10**6))
def test_retry_after_is_read_in_both_its_forms(seconds: int) -> None:
    assert retry_after_seconds(str(seconds), NOW) == seconds
    moment = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after_seconds(moment, NOW) == seconds


@given(st.text())
def test_an_unreadable_retry_after_is_no_error(value: str) -> None:
    seconds = retry_after_seconds(value, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("value", ["-5", "1.5", "", "²", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_retry_after_that_asks_for_nothing_asks_for_nothing(value: str) -> None:
    assert not retry_after_seconds(value, NOW)


@given(st.lists(problems(), max_size=20), st.integers(1, 50))
def test_grouping_keeps_every_problem_once_and_in_order(given_problems: list[Problem], cells: int) -> None:
    batches_ = list(batched(given_problems, cells))
    assert [task.index for tasks in batches_ for task in tasks] == list(range(len(given_problems)))
    for tasks in batches_:
        assert sum(cells_of(task.problem) for task in tasks[:-1]) < cells
        assert all(task.problem.id is not None for task in tasks)
    assert all(batches_)


def test_a_problem_without_an_id_is_named_by_its_place() -> None:
    [tasks] = batched([{"solutions": ["a"], "tests": ["b"]}, {"id": "x", "solutions": ["a"], "tests": ["b"]}], 10)
    assert [task.problem.id for task in tasks] == ["0", "x"]


def test_much_text_fills_a_batch_as_many_cells_do() -> None:
    batching = Batching(1000)
    large = Problem(solutions=["x" * 5_000_000], tests=["y"])
    assert [len(batching.add(Task(n, large))) for n in range(4)] == [0, 2, 0, 2]


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ((), ""),
        (("tests", 2, "call", "args"), ".tests[2].args"),
        (("problems", 0, "tests", 1, "assert", "code"), ".problems[0].tests[1].code"),
        (("tests", 0, "call", "kwargs", "call"), ".tests[0].kwargs.call"),
        (("pairs", 3, 1), ".pairs[3][1]"),
    ],
)
def test_json_paths_name_fields_and_not_pydantics_steps(location: tuple[str | int, ...], path: str) -> None:
    assert json_path(location) == path


def test_a_run_that_is_no_name_is_refused_before_it_is_sent() -> None:
    with pytest.raises(InvalidRequest, match=r"\$\.run"):
        batch_of(Order(run="a\nb"), [Problem(solutions=["a"], tests=["b"])])


def test_a_wrong_detail_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"\$\.detail\[0\]"):
        batch_of(Order(detail="everything"), [Problem(solutions=["a"], tests=["b"])])


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 3), (2, 3)])
def test_a_grid_has_its_shape_even_where_it_is_empty(shape: tuple[int, int]) -> None:
    ok = {"status": "ok"}
    result = ProblemResult.model_validate(
        {"id": "a", "matrix": ["P" * shape[1]] * shape[0], "solutions": [ok] * shape[0], "tests": [ok] * shape[1]}
    )
    grid = Grid(result)
    assert grid.shape == grid.passed.shape == grid.scored.shape == grid.letters.shape == shape
    assert bool(grid.passed.all())

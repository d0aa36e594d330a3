"""One problem of a batch, and one cell of it: what is answered of them without the rest."""

import json
from typing import Any

import httpx2
import pytest

from crossjudge.contracts import load_json
from crossjudge.contracts.queue import chunks_key, results_key
from played_worker import PlayedWorker

pytestmark = pytest.mark.redis

UGLY = "P \x00 \ud800 <img src=x onerror=alert(1)> \u202e"
TESTS: list[Any] = [
    "assert f() # <b>",
    {"kind": "call", "args": [float("nan"), 2**70], "expected": "</script>", "tolerance": 0.5},
    {"kind": "stdio", "stdin": "in", "stdout": "out", "compare": "tokens"},
    "assert f() # <b>",
]
BODY = {
    "run": "a", "detail": "full",
    "problems": [
        {"id": "one/1", "entry_point": "f", "prelude": "import math", "solutions": [UGLY, "F", UGLY], "tests": TESTS},
        {"id": "two", "solutions": ["PE"], "tests": ["x", "y"], "pairs": [[0, 1]]},
    ],
}  # fmt: skip


def post(http: httpx2.Client, body: Any = BODY) -> str:
    answer = http.post("/v1/batches", content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def read(http: httpx2.Client, batch: str, path: str = "") -> Any:
    answer = http.get(f"/v1/batches/{batch}/problems{path}")
    assert answer.status_code == 200, answer.text
    return load_json(answer.content)


def test_problems_are_listed_without_their_matrices(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = post(http)
    before = read(http, batch)
    worker.work()
    after, second = read(http, batch, "?limit=1"), read(http, batch, "?first=1&limit=1")

    assert [problem["verdicts"] for problem in before["problems"]] == [None, None] and before["total"] == 2
    assert before["batch"]["status"] == "queued" and after["batch"]["status"] == "done"
    [summary] = after["problems"]
    assert (summary["id"], summary["solutions"], summary["tests"], after["next"]) == ("one/1", 3, 4, 1)
    assert summary["verdicts"] == {"P": 8, "F": 4}
    assert [problem["index"] for problem in second["problems"]] == [1] and second["next"] is None
    assert second["problems"][0]["verdicts"] == {"S": 1, "E": 1}


def test_one_problem_is_what_stands_in_the_batch(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = post(http)
    early = http.get(f"/v1/batches/{batch}/problems/0")
    worker.work()
    whole = load_json(http.get(f"/v1/batches/{batch}").content)["problems"]

    assert early.status_code == 409 and "once it is final" in early.json()["detail"]
    assert [read(http, batch, f"/{index}") for index in range(2)] == whole
    bare = read(http, batch, "/0?details=false")
    assert bare == whole[0] | {"outputs": None, "cells": None} and whole[0]["cells"] is not None


def test_a_cell_has_its_sources_whatever_a_model_wrote(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = post(http)
    waiting = read(http, batch, "/0/cells/2/3")
    worker.work()
    cell = read(http, batch, "/0/cells/2/3")

    assert waiting["verdict"] is None and waiting["solution"] == UGLY
    assert (cell["verdict"], cell["message"], cell["stdout"]) == ("P", "message P", "said")
    assert (cell["cpu_ms"], cell["wall_ms"], cell["problem_id"]) == (1.5, 2.5, "one/1")
    assert cell["solution"] == UGLY and cell["test"] == {"kind": "assert", "code": TESTS[3]}
    assert (cell["entry_point"], cell["prelude"], cell["run"]) == ("f", "import math", "a")


def test_values_of_tests_are_told_as_text(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = post(http)
    call, stdio = (read(http, batch, f"/0/cells/0/{index}")["test"] for index in (1, 2))
    assert call["args"] == "[NaN,1180591620717411303424]" and call["expected"] == '"</script>"'
    assert call["tolerance"] == "0.5"
    assert stdio == {"kind": "stdio", "stdin": "in", "stdout": "out", "compare": "tokens"}


def test_a_cell_that_was_not_asked_for_is_skipped(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = post(http)
    worker.work()
    assert read(http, batch, "/1/cells/0/0")["verdict"] == "S"
    assert read(http, batch, "/1/cells/0/1")["verdict"] == "E"


def test_a_source_that_is_too_large_is_not_kept_and_says_so(http: httpx2.Client, worker: PlayedWorker) -> None:
    large = "#" * 1_100_000
    batch = post(http, {"problems": [{"solutions": ["P", large], "tests": ["x"]}]})
    worker.work()
    cell = read(http, batch, "/0/cells/1/0")
    assert (cell["verdict"], cell["solution"], cell["solution_status"]) == ("E", None, "too_large")
    assert "source limit" in cell["message"]


def test_a_cancelled_batch_is_skipped_where_it_had_not_run(http: httpx2.Client) -> None:
    batch = post(http)
    http.delete(f"/v1/batches/{batch}")
    cell = read(http, batch, "/0/cells/0/0")
    assert (cell["verdict"], cell["status"], cell["solution"]) == ("S", "cancelled", UGLY)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/2", "2 problems"), ("/2/cells/0/0", "2 problems"),
        ("/0/cells/3/0", "3 solutions"), ("/0/cells/0/4", "4 tests"),
    ],
)  # fmt: skip
def test_places_that_are_not_there_are_named(http: httpx2.Client, worker: PlayedWorker, path: str, said: str) -> None:
    batch = post(http)
    worker.work()
    answer = http.get(f"/v1/batches/{batch}/problems{path}")
    assert answer.status_code == 404 and said in answer.json()["detail"]


def test_a_batch_that_is_unknown_is_404(http: httpx2.Client) -> None:
    for path in ("", "/0", "/0/cells/0/0"):
        answer = http.get(f"/v1/batches/b_1/problems{path}")
        assert answer.status_code == 404 and "b_1" in answer.json()["detail"]


def test_programs_that_are_gone_are_410(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = post(http)
    worker.work()
    worker.redis.delete(chunks_key(batch))
    answer = http.get(f"/v1/batches/{batch}/problems/0/cells/0/0")
    assert answer.status_code == 410 and "post its problems again" in answer.json()["detail"]


def test_results_that_are_gone_are_never_skipped_cells(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = post(http)
    worker.work()
    worker.redis.delete(results_key(batch))
    for path in ("", "/0", "/0/cells/0/0"):
        assert http.get(f"/v1/batches/{batch}/problems{path}").status_code == 500

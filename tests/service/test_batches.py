"""A batch's way through the service: posted, waited for, read, cancelled, listed."""

import json
import threading
import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
import zstandard
from redis import Redis

from crossjudge.contracts import BatchStatus
from crossjudge.contracts.queue import LANE_STATE, WOKEN, batch_keys, queue_name
from played_worker import PlayedWorker


def body(*problems: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"run": "a-run", "problems": list(problems), **more}


def problem(solutions: list[str], tests: int = 2, **more: Any) -> dict[str, Any]:
    return {"solutions": solutions, "tests": [f"assert f({n})" for n in range(tests)], **more}


def test_a_posted_batch_comes_back_as_its_passing_matrices(http: httpx2.Client, worker: PlayedWorker) -> None:
    with worker.working():
        answer = http.post("/v1/batches?wait=30", json=body(problem(["PF", "F", "PF"], id="a"), problem(["T"])))

    assert answer.status_code == 200
    found = BatchStatus.model_validate(answer.json())
    assert answer.headers["location"] == f"/v1/batches/{found.id}"
    assert found.status == "done" and found.run == "a-run" and found.error is None
    assert found.problems is not None
    assert [p.id for p in found.problems] == ["a", "1"]
    assert [p.matrix for p in found.problems] == [["PF", "FF", "PF"], ["TT"]]
    assert (found.cells.total, found.cells.done, found.cells.executed, found.cells.cached) == (8, 8, 6, 2)
    assert found.started_at and found.finished_at and found.created_at <= found.started_at <= found.finished_at


def test_without_wait_the_answer_is_202_at_once_and_problems_are_null(http: httpx2.Client) -> None:
    answer = http.post("/v1/batches", json=body(problem(["P"])))

    assert answer.status_code == 202
    assert answer.json()["status"] == "queued" and answer.json()["problems"] is None
    assert http.get(answer.headers["location"]).json() == answer.json()


def test_a_wait_that_ends_before_the_batch_answers_202(http: httpx2.Client) -> None:
    answer = http.post("/v1/batches?wait=0.2", json=body(problem(["P"])))

    assert answer.status_code == 202


def test_details_come_only_as_asked(http: httpx2.Client, worker: PlayedWorker) -> None:
    def judged(**more: Any) -> Any:
        return http.post("/v1/batches?wait=30", json=body(problem(["PF"]), **more)).json()["problems"][0]

    with worker.working():
        plain, timings = judged(), judged(detail=["timings"])
        outputs, full = judged(detail=["outputs"]), judged(detail="full")

    assert plain["cells"] is None and plain["outputs"] is None
    assert timings["cells"] == [[{"cpu_ms": 1.5, "wall_ms": 2.5}] * 2] and timings["outputs"] is None
    assert outputs["cells"] is None and outputs["outputs"] == [["'PF':0", "'PF':1"]]
    assert full["cells"][0][1] == {"message": "message F", "cpu_ms": 1.5, "wall_ms": 2.5, "stdout": "said"}


def test_pairs_run_alone_and_the_rest_is_skipped(http: httpx2.Client, worker: PlayedWorker) -> None:
    with worker.working():
        answer = http.post(
            "/v1/batches?wait=30", json=body(problem(["P", "F", "P"], pairs=[[0, 1], [1, 0], [1, 0]]), detail="full")
        ).json()

    assert answer["problems"][0]["matrix"] == ["SP", "FS", "SS"]
    assert answer["cells"]["total"] == 2
    assert answer["problems"][0]["outputs"][0][0] is None


def test_no_pairs_at_all_is_done_at_once(http: httpx2.Client) -> None:
    answer = http.post("/v1/batches", json=body(problem(["P"], pairs=[])))

    assert answer.status_code == 200
    assert answer.json()["problems"][0]["matrix"] == ["SS"]


def test_a_source_over_the_limit_is_an_error_of_its_own_and_its_neighbours_are_judged(
    http: httpx2.Client, worker: PlayedWorker
) -> None:
    large = "#" * 1_048_577
    with worker.working():
        answer = http.post("/v1/batches?wait=30", json=body(problem(["P", large]), detail=["messages"])).json()

    found = answer["problems"][0]
    said = "1,048,577 bytes is over the source limit of 1,048,576"
    assert found["matrix"] == ["PP", "EE"]
    assert found["solutions"][1] == {"status": "too_large", "message": said}
    assert found["cells"][1] == [{"message": said}] * 2
    assert answer["cells"] == {"total": 4, "done": 4, "executed": 2, "cached": 0}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("expected", "1" + "0" * 5000, "an integer of 5,001 digits is more than the 4,300 digits that are read"),
        ("args", "[-" + "9" * 4301 + "]", "an integer of 4,301 digits is more than the 4,300 digits that are read"),
        ("expected", "[" * 101 + "]" * 101, "nested more than 100 levels deep"),
        ("kwargs", '{"a":' * 500 + "{}" + "}" * 500, "nested more than 100 levels deep"),
    ],
)
def test_a_call_with_values_that_are_too_large_is_an_error_of_its_own(
    http: httpx2.Client, worker: PlayedWorker, name: str, value: str, said: str
) -> None:
    call = {"kind": "call", "expected": 0, name: "VALUE"}
    asked = {"solutions": ["P"], "tests": ["1", call, "2", call], "entry_point": "f"}
    content = json.dumps(body(asked, detail=["messages"])).replace('"VALUE"', value)
    with worker.working():
        answer = http.post("/v1/batches?wait=30", content=content).json()

    found = answer["problems"][0]
    assert found["matrix"] == ["PEPE"]
    assert found["tests"][1] == {"status": "too_large", "message": f"{name}: {said}", "vacuous": False}
    assert found["cells"][0][3] == {"message": f"{name}: {said}"}


def test_a_call_with_values_that_are_just_not_too_large_is_judged(http: httpx2.Client, worker: PlayedWorker) -> None:
    deep: list[Any] = []
    for _ in range(99):
        deep = [deep]
    calls = [{"kind": "call", "expected": each} for each in (10**4299, -(10**4299), deep)]
    with worker.working():
        answer = http.post(
            "/v1/batches?wait=30", json=body({"solutions": ["P"], "tests": calls, "entry_point": "f"})
        ).json()

    assert answer["problems"][0]["matrix"] == ["PPP"]


def test_a_batch_of_too_large_sources_only_is_done_when_it_is_made(http: httpx2.Client, redis_url: str) -> None:
    answer = http.post("/v1/batches", json=body({"solutions": ["é" * 600_000], "tests": ["1"]}))

    assert answer.status_code == 200 and answer.json()["problems"][0]["matrix"] == ["E"]
    with Redis.from_url(redis_url) as redis:
        assert max(redis.memory_usage(key) or 0 for key in redis.scan_iter()) < 100_000, "the source was kept"


def test_ugly_source_texts_reach_the_worker_untouched(http: httpx2.Client, worker: PlayedWorker) -> None:
    ugly = ["", "\x00", "\ud800", "def f(:", "\u2028"]
    posted = http.post("/v1/batches", content=json.dumps(body(problem(ugly))))
    assert posted.status_code == 202

    task = worker.take()

    assert task is not None and [row.solution for part in task.chunk.parts for row in part.rows] == ugly


def test_equal_bodies_under_one_idempotency_key_are_one_batch(http: httpx2.Client, worker: PlayedWorker) -> None:
    first = http.post("/v1/batches", json=body(problem(["P"])), headers={"Idempotency-Key": "k"})
    again = http.post("/v1/batches", json=body(problem(["P"])), headers={"Idempotency-Key": "k"})
    other = http.post("/v1/batches", json=body(problem(["F"])), headers={"Idempotency-Key": "k"})

    assert first.status_code == again.status_code == 202 and first.json()["id"] == again.json()["id"]
    assert other.status_code == 409 and "Idempotency-Key" in other.json()["detail"]
    assert worker.work() == 1
    done = http.post("/v1/batches", json=body(problem(["P"])), headers={"Idempotency-Key": "k"})
    assert done.status_code == 200 and done.json()["id"] == first.json()["id"]


def test_a_post_that_failed_does_not_use_up_its_idempotency_key(http: httpx2.Client) -> None:
    wrong = http.post("/v1/batches", json=body(problem([])), headers={"Idempotency-Key": "k"})
    right = http.post("/v1/batches", json=body(problem(["P"])), headers={"Idempotency-Key": "k"})

    assert (wrong.status_code, right.status_code) == (422, 202)


def test_one_key_posted_by_many_at_once_makes_one_batch(
    http: httpx2.Client, service: str, worker: PlayedWorker
) -> None:
    ids: list[str] = []

    def post() -> None:
        answer = httpx2.post(f"{service}/v1/batches", json=body(problem(["P"])), headers={"Idempotency-Key": "race"})
        ids.append(answer.json()["id"])

    threads = [threading.Thread(target=post) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(ids) == 12 and len(set(ids)) == 1
    assert worker.work() == 1
    assert http.get("/v1/runs").json()["runs"][0]["batches"] == 1


def test_a_batch_is_split_into_chunks_of_whole_rows(http: httpx2.Client, worker: PlayedWorker) -> None:
    http.post("/v1/batches", json=body(problem([f"P #{n}" for n in range(10)], tests=50)))

    sizes = []
    while (task := worker.take()) is not None:
        sizes.append(sum(len(part.rows) for part in task.chunk.parts))
        worker.finish(task)

    assert sizes == [2, 2, 2, 2, 2]


def test_cancelling_keeps_what_is_judged_and_skips_the_rest(http: httpx2.Client, worker: PlayedWorker) -> None:
    posted = http.post("/v1/batches", json=body(problem([f"P #{n}" for n in range(4)], tests=100))).json()
    task = worker.take()
    assert task is not None and worker.finish(task)

    answer = http.delete(f"/v1/batches/{posted['id']}")

    assert answer.status_code == 200 and answer.json()["status"] == "cancelled"
    assert answer.json()["problems"][0]["matrix"] == ["P" * 100, "S" * 100, "S" * 100, "S" * 100]
    assert answer.json()["problems"][0]["solutions"][3] == {"status": "not_run"}
    assert worker.take() is None, "a chunk of a cancelled batch was still to be judged"
    assert http.delete(f"/v1/batches/{posted['id']}").json() == answer.json()


def test_a_result_that_comes_after_the_cancelling_does_not_count(http: httpx2.Client, worker: PlayedWorker) -> None:
    posted = http.post("/v1/batches", json=body(problem(["P"]))).json()
    task = worker.take()
    assert task is not None
    cancelled = http.delete(f"/v1/batches/{posted['id']}").json()

    assert not worker.finish(task)
    assert http.get(f"/v1/batches/{posted['id']}").json() == cancelled


def test_deleting_a_batch_that_is_done_changes_nothing(http: httpx2.Client, worker: PlayedWorker) -> None:
    posted = http.post("/v1/batches", json=body(problem(["P"]))).json()
    worker.work()
    done = http.get(f"/v1/batches/{posted['id']}").json()

    answer = http.delete(f"/v1/batches/{posted['id']}")

    assert answer.status_code == 200 and answer.json() == done and done["status"] == "done"


def test_a_final_batch_expires_as_a_whole(http: httpx2.Client, worker: PlayedWorker, redis_url: str) -> None:
    done = http.post("/v1/batches", json=body(problem(["P"]))).json()["id"]
    worker.work()
    cancelled = http.post("/v1/batches", json=body(problem(["P"]))).json()["id"]
    http.delete(f"/v1/batches/{cancelled}")
    waiting = http.post("/v1/batches", json=body(problem(["P"]))).json()["id"]

    with Redis.from_url(redis_url) as redis:
        for batch in (done, cancelled):
            assert all(redis.ttl(key) > 0 for key in batch_keys(batch) if redis.exists(key))
        assert all(redis.ttl(key) == -1 for key in batch_keys(waiting) if redis.exists(key)), "it would be lost"


def test_batches_are_listed_newest_first_by_run_and_state_in_pages(http: httpx2.Client, worker: PlayedWorker) -> None:
    ids = []
    for number in range(7):
        run = "even" if number % 2 == 0 else "odd"
        ids.append(http.post("/v1/batches", json={**body(problem(["P"])), "run": run}).json()["id"])
    http.delete(f"/v1/batches/{ids[2]}")

    def listed(**query: str) -> list[str]:
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = http.get("/v1/batches", params={**query, **cursor}).json()
            found += [batch["id"] for batch in page["batches"]]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    assert listed() == listed(limit="2") == listed(limit="1") == ids[::-1]
    assert listed(run="odd", limit="2") == ids[1::2][::-1]
    assert listed(status="cancelled") == [ids[2]]
    assert listed(run="nobody") == []


def test_a_batch_that_has_expired_is_no_longer_listed(http: httpx2.Client, redis_url: str) -> None:
    gone = http.post("/v1/batches", json=body(problem(["P"]))).json()["id"]
    kept = http.post("/v1/batches", json=body(problem(["P"]))).json()["id"]
    with Redis.from_url(redis_url) as redis:
        redis.delete(*batch_keys(gone))

    assert [batch["id"] for batch in http.get("/v1/batches").json()["batches"]] == [kept]
    for answer in (http.get(f"/v1/batches/{gone}"), http.delete(f"/v1/batches/{gone}")):
        assert answer.status_code == 410 and "have expired" in answer.json()["detail"]
    assert http.get(f"/v1/batches/{gone[:-1]}{'0' if gone[-1] != '0' else '1'}").status_code == 404


def test_runs_say_what_they_have_used(http: httpx2.Client, worker: PlayedWorker) -> None:
    before = datetime.now(UTC).timestamp()
    http.post("/v1/batches", json=body(problem(["P", "P"])))
    worker.work()
    http.post("/v1/batches", json={**body(problem(["P"])), "run": "another"})

    runs = http.get("/v1/runs").json()["runs"]

    assert [run["run"] for run in runs] == ["another", "a-run"]
    used = runs[1]
    assert (used["batches"], used["cells"], used["executed"], used["cached"]) == (1, 4, 2, 2)
    assert used["cpu_seconds"] == 0.02 and used["queue_wait_seconds"] >= 0
    assert datetime.fromisoformat(used["last_batch_at"]).timestamp() >= before - 1


def test_a_full_queue_says_when_to_come_again(http: httpx2.Client, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.rpush(f"rq:queue:{queue_name(':run', 'low')}", *[f"x{n}" for n in range(50_010)])
        redis.sadd(WOKEN, ":run")
        redis.hset(LANE_STATE, mapping={"rate": 0.5, "rate_at": time.time()})

    answer = http.post("/v1/batches", json=body(problem(["P"])))

    assert answer.status_code == 429 and 22 <= int(answer.headers["retry-after"]) <= 25  # 11 chunks, one every 2 s
    assert "50,010 chunks of work wait" in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_answers_are_compressed_when_asked_for(http: httpx2.Client, worker: PlayedWorker) -> None:
    posted = http.post("/v1/batches", json=body(problem(["P" * n for n in range(1, 60)], tests=40))).json()
    worker.work()
    path = f"/v1/batches/{posted['id']}"

    plain = http.get(path, headers={"Accept-Encoding": "identity"})
    gzipped = http.get(path, headers={"Accept-Encoding": "gzip"})
    with http.stream("GET", path, headers={"Accept-Encoding": "zstd, gzip;q=0.5"}) as answer:
        unpacked = zstandard.ZstdDecompressor().decompress(b"".join(answer.iter_raw()))

    assert "content-encoding" not in plain.headers
    assert gzipped.headers["content-encoding"] == "gzip" and gzipped.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-encoding"] == "zstd"
    assert plain.json() == gzipped.json() == json.loads(unpacked)


def test_ids_sort_by_the_time_of_their_batches(http: httpx2.Client) -> None:
    ids = []
    for _ in range(3):
        ids.append(http.post("/v1/batches", json=body(problem(["P"]))).json()["id"])
        time.sleep(0.002)

    assert ids == sorted(ids)

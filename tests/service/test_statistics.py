"""What is counted while batches are judged, and how it is answered: over real HTTP and a real Redis."""

import time

import httpx2
import pytest
from redis import Redis

from crossjudge.contracts.queue import batch_key
from crossjudge.contracts.stats import BUCKET_SECONDS, COUNTED_RUNS, MOST_RUNS_COUNTED, Stats, bucket_key
from played_worker import PlayedWorker, judged

pytestmark = pytest.mark.redis

BODY = {"run": "a", "problems": [{"solutions": ["PF", "PF", "E"], "tests": ["1", "2"]}]}


def stats(http: httpx2.Client, query: str = "") -> Stats:
    answer = http.get(f"/v1/stats{query}")
    assert answer.status_code == 200, answer.text
    return Stats.model_validate_json(answer.content)


def metric(http: httpx2.Client, line: str) -> float | None:
    found = [each for each in http.get("/metrics").text.splitlines() if each.startswith(line + " ")]
    return float(found[0].rpartition(" ")[2]) if found else None


def test_nothing_judged_is_an_answer_too(http: httpx2.Client) -> None:
    empty = stats(http)
    assert (empty.window.cells, empty.runs, empty.workers, empty.cells_per_second) == (0, [], [], 0.0)
    assert len(empty.buckets) == 60 and empty.step_seconds == BUCKET_SECONDS


def test_equal_cells_count_each_and_run_once(http: httpx2.Client, worker: PlayedWorker) -> None:
    http.post("/v1/batches", json=BODY)
    worker.work()

    found = stats(http, "?by_run=true")

    assert (found.window.cells, found.window.executed, found.window.cached) == (6, 4, 2)
    assert found.window.verdicts == {"P": 2, "F": 2, "E": 2} and found.kinds == {"assert": 6}
    assert sum(bucket.cells for bucket in found.buckets) == 6
    [run] = found.runs
    assert (run.run, run.share, run.cells, run.window.cells) == ("a", 1.0, 6, 6)
    assert run.buckets is not None and sum(bucket.cells for bucket in run.buckets) == 6
    assert found.cells_per_second > 0
    assert [each.run for each in stats(http, "?run=a").runs] == ["a"] and stats(http, "?run=b").runs == []


def test_a_chunk_that_is_handed_in_twice_counts_once(http: httpx2.Client, worker: PlayedWorker) -> None:
    http.post("/v1/batches", json=BODY)
    task = worker.take()
    assert task is not None
    again = worker.ledger.start(task.batch, task.index)
    assert again is not None

    assert (worker.finish(task), worker.finish(again)) == (True, False)

    assert stats(http).window.cells == 6
    assert metric(http, 'crossjudge_cells_total{kind="assert",run="a",verdict="P"}') == 2
    assert metric(http, "crossjudge_redelivered_chunks_total") == 1
    assert metric(http, "crossjudge_failed_chunks_total") == 0


def test_what_is_given_up_is_counted_as_such(http: httpx2.Client, worker: PlayedWorker) -> None:
    http.post("/v1/batches", json={"run": "a", "problems": [{"solutions": ["X"], "tests": ["1"]}]})
    task = worker.take()
    assert task is not None
    worker.ledger.commit(task, judged(task).model_copy(update={"executed": 0}))

    assert stats(http).window.verdicts == {"X": 1}
    assert metric(http, "crossjudge_failed_chunks_total") == 1


def test_the_queue_is_told_by_run_with_its_age(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = http.post("/v1/batches", json=BODY).json()["id"]
    http.post("/v1/batches", json={**BODY, "run": "b"})
    worker.redis.zadd("crossjudge:open", {batch: time.time() - 100})
    held = worker.take()
    assert held is not None

    found = stats(http)

    runs = {run.run: (run.waiting_chunks, run.held_chunks) for run in found.runs}
    assert sorted(runs.values()) == [(0, 1), (1, 0)]
    assert (found.queue.waiting_chunks, found.queue.held_chunks) == (1, 1)
    assert metric(http, "crossjudge_leased_chunks") == 1
    oldest = max(run.oldest_wait_seconds or 0 for run in found.runs)
    assert oldest >= 0 if held.batch == batch else oldest >= 100


def test_a_batch_that_is_over_does_not_wait(http: httpx2.Client, worker: PlayedWorker) -> None:
    batch = http.post("/v1/batches", json=BODY).json()["id"]
    http.delete(f"/v1/batches/{batch}")
    worker.redis.zadd("crossjudge:open", {batch: time.time()})  # as it is until somebody tidies up

    assert stats(http).queue.waiting_chunks == 0
    assert metric(http, 'crossjudge_queued_chunks{run="a"}') is None


def test_counters_are_the_same_from_every_service_and_survive_the_batch(
    http: httpx2.Client, worker: PlayedWorker
) -> None:
    batch = http.post("/v1/batches", json=BODY).json()["id"]
    worker.work()
    worker.redis.delete(batch_key(batch))

    assert metric(http, 'crossjudge_cells_total{kind="assert",run="a",verdict="F"}') == 2
    assert metric(http, 'crossjudge_cells_cached_total{run="a"}') == 2
    assert "# HELP crossjudge_cells_total " in http.get("/metrics").text


def test_runs_past_the_most_are_counted_together(http: httpx2.Client, worker: PlayedWorker) -> None:
    now = time.time()
    worker.redis.zadd(COUNTED_RUNS, {f":run {n}": now for n in range(MOST_RUNS_COUNTED)})
    http.post("/v1/batches", json=BODY)
    worker.work()

    assert metric(http, 'crossjudge_cells_total{kind="assert",run="other",verdict="P"}') == 2
    assert stats(http).window.cells == 6

    worker.redis.zadd(COUNTED_RUNS, {":run 0": now - 10 * 86_400})  # silent for so long that its place is free
    http.post("/v1/batches", json=BODY)
    worker.work()
    assert metric(http, 'crossjudge_cells_total{kind="assert",run="a",verdict="P"}') == 2


def test_a_bucket_that_has_ended_is_read_once(http: httpx2.Client, worker: PlayedWorker) -> None:
    ended = int(time.time()) // BUCKET_SECONDS * BUCKET_SECONDS - 10 * BUCKET_SECONDS
    worker.redis.hset(bucket_key("", ended), mapping={":a\tassert\tP": 5, ":a\tcpu_ms": 70})
    assert stats(http).window.cells == 5
    worker.redis.delete(bucket_key("", ended))
    assert stats(http).window.cells == 5
    assert stats(http, "?minutes=60").window.verdicts == {"P": 5}
    assert stats(http, "?minutes=1").window.cells == 0


def test_another_tenants_buckets_are_not_seen(http: httpx2.Client, worker: PlayedWorker) -> None:
    start = int(time.time()) // BUCKET_SECONDS * BUCKET_SECONDS
    worker.redis.hset(bucket_key("other-team", start), mapping={"other-team:a\tassert\tP": 5})
    assert stats(http).window.cells == 0


def test_buckets_expire(redis_url: str, http: httpx2.Client, worker: PlayedWorker) -> None:
    http.post("/v1/batches", json=BODY)
    worker.work()
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        [bucket] = redis.keys("crossjudge:stats:bucket:*")
        assert 7000 < redis.ttl(bucket) <= 7500


@pytest.mark.parametrize("query", ["?minutes=0", "?minutes=121", "?minutes=soon"])
def test_a_window_that_is_not_kept_is_refused(http: httpx2.Client, query: str) -> None:
    answer = http.get(f"/v1/stats{query}")
    assert answer.status_code == 422 and "minutes" in answer.json()["detail"]

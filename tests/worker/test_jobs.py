"""One delivery of a chunk: against a real Redis, with jails that do what the solution's text says."""

import json
import threading
import time

import pytest
from redis import Redis

from crossjudge.contracts import Detail, SourceStatus
from crossjudge.contracts.queue import (
    EVENTS,
    LEASES,
    MAX_ATTEMPTS,
    BatchField,
    attempts_key,
    batch_key,
    batch_keys,
    chunks_key,
    results_key,
    run_usage_key,
)
from crossjudge.worker.bench import Bench, set_up
from crossjudge.worker.errors import NotPrepared
from crossjudge.worker.jobs import judge_chunk
from queued_batches import SCOPE, field, put_batch, queue_of, result_of
from stand_in_worker import StandInPool

pytestmark = pytest.mark.redis


def test_a_result_counts_once_however_often_it_is_delivered(redis: Redis, bench: Bench, stand_in: StandInPool) -> None:
    put_batch(redis, "b", ["pass", "pass again"], ["t1", "t2", "t3"])
    for _ in range(3):
        judge_chunk("b", 0)
    assert stand_in.judged == ["pass"]
    assert field(redis, "b", BatchField.CELLS_DONE) == "3"
    assert field(redis, "b", BatchField.CHUNKS_DONE) == "1"
    assert field(redis, "b", BatchField.STATUS) == "running"


def test_two_workers_on_one_chunk_count_once(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass"], ["t1"])
    tasks = [bench.ledger.start("b", 0) for _ in range(2)]
    assert tasks[0] is not None
    assert tasks[1] is not None
    assert [task.attempt for task in tasks if task] == [1, 2]
    result = bench.pool.judge(tasks[0].order, tasks[0].columns, tasks[0].chunk, threading.Event())
    assert bench.ledger.commit(tasks[0], result) is True
    assert bench.ledger.commit(tasks[1], result) is False
    assert field(redis, "b", BatchField.CELLS_DONE) == "1"
    assert redis.hget(run_usage_key(SCOPE), "executed") == b"1"


def test_the_last_chunk_finishes_the_batch_and_lets_all_of_it_expire(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass", "pass 2"], ["t1", "t2"], retention_s=77)
    judge_chunk("b", 0)
    assert redis.ttl(batch_key("b")) == -1
    judge_chunk("b", 1)
    assert field(redis, "b", BatchField.STATUS) == "done"
    started, finished = (field(redis, "b", name) for name in (BatchField.STARTED_AT, BatchField.FINISHED_AT))
    assert time.time() - 30 < float(started or 0) <= float(finished or 0) <= time.time() + 1
    assert {redis.ttl(key) for key in batch_keys("b")} <= {76, 77}
    assert redis.zcard(LEASES) == 0


def test_usage_of_the_run_grows_with_each_chunk(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass", "pass 2"], ["t1", "t2"])
    judge_chunk("b", 0)
    judge_chunk("b", 1)
    usage = {key: int(value) for key, value in redis.hgetall(run_usage_key(SCOPE)).items()}
    assert usage.pop(b"wait_ms") >= 1500  # created a second and a half before
    assert usage == {b"started": 1, b"executed": 4, b"cached": 0, b"cpu_ms": 500}


def test_cells_that_were_not_run_count_as_cached(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass"], ["t1", "t2"])
    chunk = json.loads(redis.hget(chunks_key("b"), "0") or b"")
    redis.hset(chunks_key("b"), "0", json.dumps({**chunk, "cells": 10}))  # equal solutions: ten cells from two
    judge_chunk("b", 0)
    assert field(redis, "b", BatchField.CELLS_DONE) == "10"
    assert field(redis, "b", BatchField.EXECUTED) == "2"
    assert field(redis, "b", BatchField.CACHED) == "8"


def test_each_step_is_published(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass"], ["t1", "t2"])
    with redis.pubsub(ignore_subscribe_messages=True) as listener:  # type: ignore[no-untyped-call]  # redis-py has no types here
        listener.subscribe(EVENTS)
        listener.get_message(timeout=1)
        judge_chunk("b", 0)
        heard = [listener.get_message(timeout=1), listener.get_message(timeout=1)]
    assert [json.loads(each["data"]) for each in heard if each] == [
        {"batch": "b", "status": "running", "total": 2, "done": 0},
        {"batch": "b", "status": "done", "total": 2, "done": 2},
    ]


@pytest.mark.parametrize("state", ["cancelled", "done", "failed"])
def test_a_batch_that_is_over_is_not_judged(redis: Redis, bench: Bench, stand_in: StandInPool, state: str) -> None:
    put_batch(redis, "b", ["pass"], ["t1"])
    redis.hset(batch_key("b"), BatchField.STATUS, state)
    judge_chunk("b", 0)
    assert stand_in.judged == []
    assert redis.exists(attempts_key("b"), results_key("b"), LEASES) == 0


def test_a_batch_that_is_gone_is_not_judged_or_made_anew(redis: Redis, bench: Bench, stand_in: StandInPool) -> None:
    judge_chunk("gone", 0)
    assert stand_in.judged == []
    assert redis.keys("*gone*") == []


def test_a_batch_cancelled_while_it_runs_stops_and_takes_no_result(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["until /never"], ["t1"])
    job = threading.Thread(target=judge_chunk, args=("b", 0), daemon=True)
    job.start()
    while field(redis, "b", BatchField.STATUS) != "running":
        time.sleep(0.01)
    redis.hset(batch_key("b"), BatchField.STATUS, "cancelled")
    job.join(10)
    assert not job.is_alive()
    assert redis.exists(results_key("b"), LEASES) == 0
    assert field(redis, "b", BatchField.CELLS_DONE) == "0"


def test_a_result_that_comes_after_the_cancel_is_dropped(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass"], ["t1"])
    task = bench.ledger.start("b", 0)
    assert task is not None
    result = bench.pool.judge(task.order, task.columns, task.chunk, threading.Event())
    redis.hset(batch_key("b"), BatchField.STATUS, "cancelled")
    assert bench.ledger.commit(task, result) is False
    redis.delete(*batch_keys("b"))
    assert bench.ledger.commit(task, result) is False
    assert redis.keys("crossjudge:batch:*") == []


def test_work_that_another_worker_has_handed_in_stops(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["until /never"], ["t1"])
    job = threading.Thread(target=judge_chunk, args=("b", 0), daemon=True)
    job.start()
    while field(redis, "b", BatchField.STATUS) != "running":
        time.sleep(0.01)
    redis.hset(results_key("b"), "0", "{}")
    job.join(10)
    assert not job.is_alive()


def test_a_broken_jail_sends_the_chunk_back_to_the_queue(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["break once"], ["t1"], queued=False)
    judge_chunk("b", 0)
    [job] = queue_of(redis).get_jobs()
    assert (job.func_name, list(job.args)) == ("crossjudge.worker.jobs.judge_chunk", ["b", 0])
    assert (job.timeout, job.result_ttl) == (-1, 0)
    assert redis.zcard(LEASES) == 0
    judge_chunk("b", 0)
    assert result_of(redis, "b", 0).rows[0].verdicts == "P"  # type: ignore[union-attr]  # None fails the test too


@pytest.mark.parametrize("solution", ["break", "bug"])
def test_a_chunk_that_breaks_every_time_is_not_judged(redis: Redis, bench: Bench, solution: str) -> None:
    put_batch(redis, "b", [solution], ["t1", "t2"], queued=False, detail=[Detail.MESSAGES])
    for _ in range(MAX_ATTEMPTS):
        judge_chunk("b", 0)
    assert queue_of(redis).count == MAX_ATTEMPTS - 1  # each failure but the last queued it again
    result = result_of(redis, "b", 0)
    assert result is not None
    assert result.rows[0].verdicts == "XX"
    assert result.rows[0].cells is not None
    assert "nsjail died" in str(result.rows[0].cells[0].message) or "a bug of ours" in str(result.rows[0].cells)
    assert result.tests[0].status is SourceStatus.NOT_RUN
    assert field(redis, "b", BatchField.STATUS) == "done"
    assert field(redis, "b", BatchField.CACHED) == "0"


def test_a_chunk_that_killed_its_workers_is_not_judged(redis: Redis, bench: Bench, stand_in: StandInPool) -> None:
    put_batch(redis, "b", ["pass"], ["t1"])
    redis.hset(attempts_key("b"), "0", MAX_ATTEMPTS)
    judge_chunk("b", 0)
    assert stand_in.judged == []
    result = result_of(redis, "b", 0)
    assert result is not None
    assert result.rows[0].verdicts == "X"
    assert "lost while they judged" in str(result.rows[0].solution.message)


def test_what_cannot_be_read_fails_the_batch_and_says_why(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass"], ["t1"])
    redis.hset(chunks_key("b"), "0", '{"rows": "what?"}')
    judge_chunk("b", 0)
    assert field(redis, "b", BatchField.STATUS) == "failed"
    assert "same version" in str(field(redis, "b", BatchField.ERROR))
    assert redis.zcard(LEASES) == 0


def test_a_second_signal_gives_the_chunk_back_uncounted(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["until /never"], ["t1"], queued=False)
    job = threading.Thread(target=judge_chunk, args=("b", 0), daemon=True)
    job.start()
    while field(redis, "b", BatchField.STATUS) != "running":
        time.sleep(0.01)
    bench.shutdown.abandoned.set()
    bench.leases.stop_all()
    job.join(10)
    assert not job.is_alive()
    assert queue_of(redis).count == 1
    assert redis.hget(attempts_key("b"), "0") == b"0"
    assert redis.zcard(LEASES) == 0


def test_a_signal_that_comes_before_the_chunk_is_held_still_counts(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["until /never"], ["t1"], queued=False)
    bench.shutdown.abandoned.set()
    bench.leases.stop_all()
    judge_chunk("b", 0)
    assert queue_of(redis).count == 1
    assert redis.zcard(LEASES) == 0


def test_a_job_outside_a_worker_fails_loudly() -> None:
    set_up(None)
    with pytest.raises(NotPrepared, match="crossjudge worker"):
        judge_chunk("b", 0)

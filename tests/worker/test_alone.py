"""A row that ends workers takes no other along: a chunk that a worker did not come back from is judged row by row."""

import pytest
from redis import Redis

from crossjudge.contracts import Detail, SourceStatus
from crossjudge.contracts.queue import MAX_ATTEMPTS, BatchField, attempts_key
from crossjudge.worker.alone import MOST_POISON
from crossjudge.worker.bench import Bench
from crossjudge.worker.jobs import judge_chunk
from queued_batches import field, put_batch, put_job, queue_of, result_of, wait_for, wait_until_done
from stand_in_worker import StandInPool, StartWorker

pytestmark = pytest.mark.redis


def letters(redis: Redis) -> list[str]:
    result = result_of(redis, "b", 0)
    return [row.verdicts for row in result.rows] if result else []


@pytest.mark.parametrize("bad", ["break", "bug"])
def test_a_row_that_breaks_its_sandbox_is_not_judged_and_all_others_are(redis: Redis, bench: Bench, bad: str) -> None:
    put_batch(redis, "b", ["pass", bad, "pass 2"], ["t1", "t2"], queued=False, rows_each=3, detail=[Detail.MESSAGES])
    for attempt in range(MAX_ATTEMPTS):
        assert letters(redis) == [], f"given up before attempt {attempt + 1}"
        judge_chunk("b", 0)
    assert letters(redis) == ["PP", "XX", "PP"]
    result = result_of(redis, "b", 0)
    assert result is not None and result.rows[1].cells is not None
    assert "its sandbox failed 3 times" in str(result.rows[1].cells[0].message)
    assert result.tests[0].status is SourceStatus.OK
    assert result.tests[0].used is True
    assert field(redis, "b", BatchField.STATUS) == "done"
    assert field(redis, "b", BatchField.EXECUTED) == "4"


def test_a_row_that_kills_its_workers_is_not_judged_and_all_others_are(redis: Redis, start_worker: StartWorker) -> None:
    put_batch(redis, "b", ["pass", "die", "pass 2"], ["t1"], rows_each=3)
    start_worker()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        wait_for(lambda: redis.hget(attempts_key("b"), "0") == str(attempt).encode())  # noqa: B023  # called in here
        put_job(redis, "b", 0)  # as the service does when the lease has ended
    wait_until_done(redis, "b")
    assert letters(redis) == ["P", "X", "P"]


def test_workers_that_are_killed_again_and_again_for_other_reasons_make_no_row_an_x(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", [f"pass {n}" for n in range(6)], ["t1"], queued=False, rows_each=6)
    for place in ("0/0", "0/1", "0/2", "0/3", "0/4", "0/5"):  # each time another row was under way
        task = bench.ledger.start("b", 0)
        assert task is not None
        bench.ledger.note_row(task, place, bench.ledger.ends_by_row(task))
    judge_chunk("b", 0)
    assert letters(redis) == ["P"] * 6


def test_a_chunk_whose_rows_all_break_is_given_up_as_one(redis: Redis, bench: Bench, stand_in: StandInPool) -> None:
    put_batch(redis, "b", ["break"] * 40, ["t1"], queued=False, rows_each=40)
    bench.shutdown.draining.set()  # no pauses
    for _ in range(3 * MOST_POISON):
        if not letters(redis):
            judge_chunk("b", 0)
    assert letters(redis) == ["X"] * 40
    assert len(stand_in.judged) < 40


def test_a_chunk_that_is_let_go_of_makes_nobody_suspect(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass", "pass 2"], ["t1"], queued=False, rows_each=2)
    bench.ledger.start("b", 0)
    task = bench.ledger.start("b", 0)
    assert task is not None
    bench.ledger.note_row(task, "0/1", {})
    bench.ledger.requeue(task, at_front=True, count_attempt=False)
    assert queue_of(redis).count == 1
    assert bench.ledger.ends_by_row(task) == {}

"""Worker processes on stand-in jails: killed, asked to end, cut off from Redis. Nothing is lost, nothing is left."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from redis import Redis

from crossjudge.contracts.queue import LEASES, MAX_ATTEMPTS, WOKEN, WORKERS, BatchField, attempts_key, lease_member
from crossjudge.service.embedded import EmbeddedRedis
from crossjudge.worker.patience import connect
from queued_batches import SCOPE, field, put_batch, put_job, queue_of, result_of, wait_for, wait_until_done
from stand_in_worker import StartWorker

pytestmark = pytest.mark.redis


def is_running(redis: Redis, batch: str) -> bool:
    return field(redis, batch, BatchField.STATUS) == "running"


def log_of(tmp_path: Path) -> str:
    return (tmp_path / "worker-0.log").read_text()


def test_a_burst_worker_judges_all_there_is_and_ends(redis: Redis, start_worker: StartWorker) -> None:
    put_batch(redis, "b", [f"pass {n}" for n in range(20)], ["t1", "t2"])
    worker = start_worker("--burst", "--workers", "2")
    assert worker.wait(30) == 0
    assert field(redis, "b", BatchField.STATUS) == "done"
    assert field(redis, "b", BatchField.CELLS_DONE) == "40"
    assert redis.zcard(WORKERS) == 0


def test_jobs_leave_nothing_of_rq_behind(redis: Redis, start_worker: StartWorker) -> None:
    put_batch(redis, "b", ["pass", "break once", "pass 2"], ["t1"])
    assert start_worker("--burst").wait(30) == 0
    assert field(redis, "b", BatchField.STATUS) == "done"
    left = {bytes(key) for key in redis.keys("rq:*") if not key.startswith(b"rq:worker:")}  # type: ignore[arg-type]
    assert left <= {b"rq:queues", b"rq:workers", f"rq:clean_registries:{queue_of(redis).name}".encode()}


def test_a_job_that_names_another_function_is_never_called(
    redis: Redis, start_worker: StartWorker, tmp_path: Path
) -> None:
    made = tmp_path / "made by a foreign job"
    queue_of(redis).enqueue_call("os.mkdir", (str(made),), job_id="foreign")
    queue_of(redis).enqueue_call("os.mkdir", (str(made),), job_id="b-0")
    queue_of(redis).enqueue_call("crossjudge.worker.jobs.judge_chunk", ("b", "not a number"), job_id="foreign-too")
    redis.sadd(WOKEN, SCOPE)
    put_batch(redis, "b", ["pass"], ["t1"])
    assert start_worker("--burst").wait(30) == 0
    assert not made.exists()
    assert log_of(tmp_path).count("refused a job that is not ours") == 3
    assert field(redis, "b", BatchField.STATUS) == "done"


def test_a_killed_worker_is_replaced_and_its_lease_ends(redis: Redis, start_worker: StartWorker) -> None:
    put_batch(redis, "b", ["until /never"], ["t1"])
    worker = start_worker()
    wait_for(lambda: is_running(redis, "b"))
    [child] = psutil.Process(worker.pid).children()
    child.kill()
    member = lease_member("b", 0)
    ends_at = redis.zscore(LEASES, member)
    assert isinstance(ends_at, float)
    wait_for(lambda: redis.time()[0] > ends_at)
    assert redis.zscore(LEASES, member) == ends_at  # nobody renews it, so the service will queue the chunk anew
    put_batch(redis, "next", ["pass"], ["t1"])
    wait_until_done(redis, "next")
    assert psutil.Process(worker.pid).children() != [child]


def test_a_chunk_of_a_killed_worker_is_judged_by_another_and_counted_once(
    redis: Redis, start_worker: StartWorker, tmp_path: Path
) -> None:
    put_batch(redis, "b", [f"until {tmp_path / 'now'}"], ["t1", "t2"])
    first = start_worker()
    wait_for(lambda: is_running(redis, "b"))
    [child] = psutil.Process(first.pid).children()
    first.kill()
    child.kill()
    (tmp_path / "now").touch()
    for _ in range(2):  # as the service does when the lease has ended; twice, for good measure
        put_job(redis, "b", 0)
    start_worker("--workers", "2")
    wait_until_done(redis, "b")
    wait_for(lambda: queue_of(redis).count == 0)
    assert field(redis, "b", BatchField.CELLS_DONE) == "2"
    assert result_of(redis, "b", 0)


def test_a_chunk_that_kills_every_worker_is_given_up(redis: Redis, start_worker: StartWorker) -> None:
    put_batch(redis, "b", ["die"], ["t1"])
    start_worker()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        wait_for(lambda: redis.hget(attempts_key("b"), "0") == str(attempt).encode())  # noqa: B023  # called in here
        put_job(redis, "b", 0)
    wait_until_done(redis, "b")
    result = result_of(redis, "b", 0)
    assert result is not None
    assert result.rows[0].verdicts == "X"


def test_sigterm_lets_the_chunk_be_finished_and_no_other_begun(
    redis: Redis, start_worker: StartWorker, tmp_path: Path
) -> None:
    put_batch(redis, "b", [f"until {tmp_path / 'now'}", "pass"], ["t1"])
    worker = start_worker()
    wait_for(lambda: is_running(redis, "b"))
    worker.send_signal(signal.SIGTERM)
    wait_for(lambda: "workers are to end" in log_of(tmp_path))
    (tmp_path / "now").touch()
    assert worker.wait(10) == 0
    assert result_of(redis, "b", 0)
    assert result_of(redis, "b", 1) is None
    assert queue_of(redis).count == 1
    assert redis.zcard(LEASES) == 0
    assert redis.zcard(WORKERS) == 0


def test_a_second_signal_gives_the_chunk_back_at_once(redis: Redis, start_worker: StartWorker) -> None:
    put_batch(redis, "b", ["until /never"], ["t1"])
    worker = start_worker()
    wait_for(lambda: is_running(redis, "b"))
    worker.send_signal(signal.SIGINT)
    with pytest.raises(Exception, match="timed out"):
        worker.wait(1)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(10) == 0
    assert queue_of(redis).count == 1
    assert redis.hget(attempts_key("b"), "0") == b"0"


def test_children_end_with_a_supervisor_that_was_killed(redis: Redis, start_worker: StartWorker) -> None:
    worker = start_worker("--workers", "3")
    wait_for(lambda: redis.zcard(WORKERS) == 3)
    children = psutil.Process(worker.pid).children(recursive=True)
    assert len(children) == 3
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(5)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def test_a_sandbox_that_cannot_start_is_said_once_and_takes_no_work(
    redis: Redis, start_worker: StartWorker, tmp_path: Path
) -> None:
    put_batch(redis, "b", ["pass"], ["t1"])
    worker = start_worker("--workers", "3", "--broken")
    assert worker.wait(20) != 0
    assert log_of(tmp_path).count("user.max_user_namespaces") == 1
    assert queue_of(redis).count == 1
    assert redis.zcard(WORKERS) == 0


def test_a_worker_waits_for_a_redis_that_is_not_there_yet(
    tmp_path: Path, start_worker: StartWorker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = EmbeddedRedis(tmp_path_factory.mktemp("late"))
    worker = start_worker(url=server.url)
    wait_for(lambda: "redis does not answer" in log_of(tmp_path))
    with server, connect(server.url) as redis:
        put_batch(redis, "b", ["pass"], ["t1"])
        wait_until_done(redis, "b")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0


def test_an_idle_worker_outlives_a_restart_of_redis(
    start_worker: StartWorker, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("idle")) as server, connect(server.url) as redis:
        worker = start_worker("--workers", "2", url=server.url)
        wait_for(lambda: redis.zcard(WORKERS) == 2)
        children = psutil.Process(worker.pid).children()
        server.kill()
        server.start()
        put_batch(redis, "b", [f"pass {n}" for n in range(10)], ["t1"])
        wait_until_done(redis, "b")
        assert psutil.Process(worker.pid).children() == children
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0


def test_a_chunk_judged_while_redis_was_away_is_handed_in_when_it_is_back(
    start_worker: StartWorker, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("away")) as server, connect(server.url) as redis:
        worker = start_worker(url=server.url)
        redis.config_set("appendfsync", "always")
        put_batch(redis, "b", [f"until {tmp_path / 'now'}"], ["t1"])
        wait_for(lambda: "judging" in log_of(tmp_path))
        server.kill()
        (tmp_path / "now").touch()
        wait_for(lambda: "redis is away, waiting for it" in log_of(tmp_path))
        server.start()
        wait_until_done(redis, "b")
        assert field(redis, "b", BatchField.CELLS_DONE) == "1"
        assert redis.hget(attempts_key("b"), "0") == b"1"
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0


def test_a_worker_asked_to_end_while_redis_is_away_ends(
    start_worker: StartWorker, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("gone")) as server, connect(server.url) as redis:
        worker = start_worker(url=server.url)
        wait_for(lambda: redis.zcard(WORKERS) == 1)
        server.kill()
        wait_for(lambda: "redis does not answer" in log_of(tmp_path))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0

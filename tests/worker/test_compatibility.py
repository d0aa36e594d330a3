"""A worker that would misread what the service writes takes none of it, says why, and goes on once it understands."""

from pathlib import Path

import pytest
from redis import Redis

from crossjudge.contracts import load_json
from crossjudge.contracts.queue import PROTOCOL, PROTOCOL_KEY, WORKER_INFO, BatchField, WorkerInfo
from queued_batches import field, put_batch, wait_for, wait_until_done
from stand_in_worker import StartWorker

pytestmark = pytest.mark.redis


def infos(redis: Redis) -> list[WorkerInfo]:
    found = redis.hvals(WORKER_INFO)
    assert isinstance(found, list)
    return [WorkerInfo.model_validate(load_json(each)) for each in found]


def is_held_back(redis: Redis) -> bool:
    return bool(infos(redis)) and all(info.held_back for info in infos(redis))


def test_a_worker_of_another_protocol_waits_says_why_once_and_goes_on(
    redis: Redis, start_worker: StartWorker, tmp_path: Path
) -> None:
    redis.set(PROTOCOL_KEY, PROTOCOL + 1)
    put_batch(redis, "b", ["pass"], ["t1"])
    worker = start_worker()
    wait_for(lambda: is_held_back(redis))
    [info] = infos(redis)
    assert info.held_back is not None
    assert repr(str(PROTOCOL)) in info.held_back and repr(str(PROTOCOL + 1)) in info.held_back

    # A second look of its pulse is a second look of its loop too: by now it would have taken what is queued.
    seen = redis.zscore("crossjudge:workers", info.name)
    wait_for(lambda: redis.zscore("crossjudge:workers", info.name) != seen)
    assert field(redis, "b", BatchField.STATUS) == "queued"

    redis.set(PROTOCOL_KEY, PROTOCOL)
    wait_until_done(redis, "b")
    wait_for(lambda: not is_held_back(redis))
    assert worker.poll() is None
    log = (tmp_path / "worker-0.log").read_text()
    assert log.count("takes no work") == 1 and log.count("takes work again") == 1


def test_a_worker_that_works_stops_taking_when_the_service_changes(redis: Redis, start_worker: StartWorker) -> None:
    redis.set(PROTOCOL_KEY, PROTOCOL)
    start_worker()
    put_batch(redis, "before", ["pass"], ["t1"])
    wait_until_done(redis, "before")
    redis.set(PROTOCOL_KEY, "no number at all")
    wait_for(lambda: is_held_back(redis))
    put_batch(redis, "after", ["pass"], ["t1"])
    assert start_worker("--burst").wait(30) == 0  # nor does one that takes what there is and ends
    assert field(redis, "after", BatchField.STATUS) == "queued"


def test_a_worker_without_any_service_yet_takes_work(redis: Redis, start_worker: StartWorker) -> None:
    assert redis.get(PROTOCOL_KEY) is None
    put_batch(redis, "b", ["pass"], ["t1"])
    assert start_worker("--burst").wait(30) == 0
    assert field(redis, "b", BatchField.STATUS) == "done"

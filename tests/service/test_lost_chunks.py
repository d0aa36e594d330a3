"""Chunks whose worker has gone are judged all the same, and once."""

import time

import httpx2
import pytest
from redis import Redis

from crossjudge.contracts.queue import LEASES, lease_member
from crossjudge.service.lanes import waiting_now
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker

from .conftest import live_service

BODY = {"problems": [{"solutions": ["P"], "tests": ["1"]}, {"solutions": ["F"], "tests": ["1"]}]}


@pytest.fixture
def hasty(settings: ServiceSettings) -> ServiceSettings:
    return settings.model_copy(update={"reap_seconds": 0.05, "sweep_seconds": 0.2, "chunk_cells": 1})


def waiting(redis: Redis) -> int:
    return sum(each.chunks for each in waiting_now(redis))


def finished(url: str, batch: str, worker: PlayedWorker) -> list[list[str]]:
    deadline = time.monotonic() + 20
    while True:
        worker.work()
        found = httpx2.get(f"{url}/v1/batches/{batch}?wait=0.1").json()
        if found["status"] == "done":
            return [problem["matrix"] for problem in found["problems"]]
        assert time.monotonic() < deadline, f"still {found['status']}"


def test_a_chunk_whose_lease_ends_is_given_to_another_worker(hasty: ServiceSettings, worker: PlayedWorker) -> None:
    # Two services look for it, and one of them enqueues it.
    with live_service(hasty) as url, live_service(hasty):
        batch = httpx2.post(f"{url}/v1/batches", json=BODY).json()["id"]
        lost = worker.take()
        assert lost is not None
        worker.redis.zadd(LEASES, {lease_member(batch, lost.index): time.time() - 1})
        deadline = time.monotonic() + 20
        while waiting(worker.redis) != 2:
            assert time.monotonic() < deadline, "it was not enqueued anew"
            time.sleep(0.01)
        again = [worker.take(), worker.take()]
        assert {(task.index, task.attempt) for task in again if task} == {(1, 1), (0, 2)}
        for task in again:
            assert task is not None and worker.finish(task)
        assert not worker.finish(lost), "the late result counted as well"
        assert finished(url, batch, worker) == [["P"], ["F"]]


def test_a_worker_that_keeps_its_lease_keeps_its_chunk(hasty: ServiceSettings, worker: PlayedWorker) -> None:
    with live_service(hasty) as url:
        httpx2.post(f"{url}/v1/batches", json=BODY)
        held = [worker.take(), worker.take()]
        assert all(held)
        time.sleep(1)
        assert waiting(worker.redis) == 0


def test_a_job_lost_between_queue_and_lease_is_found(hasty: ServiceSettings, worker: PlayedWorker) -> None:
    with live_service(hasty) as url:
        batch = httpx2.post(f"{url}/v1/batches", json=BODY).json()["id"]
        [queue] = waiting_now(worker.redis)
        assert worker.redis.lpop(queue.key) is not None  # and never leased

        assert finished(url, batch, worker) == [["P"], ["F"]]


def test_what_is_queued_is_not_enqueued_twice(hasty: ServiceSettings, worker: PlayedWorker) -> None:
    with live_service(hasty) as url:
        httpx2.post(f"{url}/v1/batches", json=BODY)
        time.sleep(1)
        assert waiting(worker.redis) == 2


def test_leases_of_batches_that_are_over_are_just_dropped(
    hasty: ServiceSettings, worker: PlayedWorker, redis_url: str
) -> None:
    with live_service(hasty) as url, Redis.from_url(redis_url) as redis:
        cancelled = httpx2.post(f"{url}/v1/batches", json=BODY).json()["id"]
        httpx2.delete(f"{url}/v1/batches/{cancelled}")
        redis.delete(*[queue.key for queue in waiting_now(redis)])
        redis.zadd(LEASES, {f"{cancelled}/0": 1, "b_gone/7": 1})
        deadline = time.monotonic() + 20
        while redis.zcard(LEASES):
            assert time.monotonic() < deadline, "the leases stay"
            time.sleep(0.01)
        assert waiting(redis) == 0

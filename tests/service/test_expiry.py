"""What is over makes room, by age and where Redis holds too much."""

import time

import httpx2
from redis import Redis

from crossjudge.contracts.queue import BATCHES, batch_keys
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker

from .conftest import live_service

BODY = {"problems": [{"solutions": ["P"], "tests": ["1"]}]}


def test_the_oldest_results_make_room_where_redis_holds_too_much(
    settings: ServiceSettings, worker: PlayedWorker, redis_url: str
) -> None:
    hasty = settings.model_copy(update={"reap_seconds": 0.05, "sweep_seconds": 0.1, "stored_mb": 24})
    with live_service(hasty) as url, Redis.from_url(redis_url) as redis:
        ids = []
        for _ in range(45):  # one at a time drops twenty
            ids.append(httpx2.post(f"{url}/v1/batches", json=BODY).json()["id"])
            worker.work()
        waiting = httpx2.post(f"{url}/v1/batches", json=BODY).json()["id"]
        redis.set("much", b"x" * (24 << 20))
        deadline = time.monotonic() + 20
        while redis.zcard(BATCHES) > 1:
            assert time.monotonic() < deadline, "nothing was dropped"
            time.sleep(0.02)
        assert {httpx2.get(f"{url}/v1/batches/{batch}").status_code for batch in ids} == {410}
        assert httpx2.get(f"{url}/v1/batches/{waiting}").json()["status"] == "queued", "what is not final stays"


def test_a_list_that_nobody_reads_does_not_grow(settings: ServiceSettings, redis_url: str) -> None:
    hasty = settings.model_copy(update={"reap_seconds": 0.05, "sweep_seconds": 0.1})
    with live_service(hasty) as url, Redis.from_url(redis_url) as redis:
        gone, kept = (httpx2.post(f"{url}/v1/batches", json=BODY).json()["id"] for _ in range(2))
        redis.delete(*batch_keys(gone))
        deadline = time.monotonic() + 20
        while redis.zrange(BATCHES, 0, -1) != [kept.encode()]:
            assert time.monotonic() < deadline, "it is still there"
            time.sleep(0.02)

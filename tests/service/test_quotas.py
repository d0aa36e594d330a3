"""Quotas over HTTP and real Redis: what is refused, for how long, and how much two services give away together."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from redis import Redis

from crossjudge.contracts import Quotas
from crossjudge.contracts.queue import WOKEN, batch_key, batches_key, bucket_key, open_batches_key, queue_name
from crossjudge.service.caller import Caller
from crossjudge.service.errors import QuotaExceeded, TooLarge
from crossjudge.service.quotas import QuotaKeeper, refuse_what_never_fits
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker

from .conftest import MakeKey, bearer, service_process


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as connection:
        yield connection


def posted(service: str, key: str, cells: int, **headers: str) -> httpx2.Response:
    body = {"problems": [{"solutions": ["P"], "tests": [f"assert {n}" for n in range(cells)]}]}
    return httpx2.post(f"{service}/v1/batches", json=body, headers=bearer(key) | headers, timeout=60)


def refused(answer: httpx2.Response, *says: str) -> int:
    """For how many seconds."""
    assert answer.status_code == 429 and answer.headers["content-type"] == "application/problem+json", answer.text
    wait = int(answer.headers["retry-after"])
    for text in (*says, f"come again in {wait:,} s"):
        assert text in answer.json()["detail"]
    return wait


def test_cells_in_flight_are_free_again_once_they_are_judged(
    service: str, make_key: MakeKey, worker: PlayedWorker
) -> None:
    key = make_key(cells_in_flight=10)
    assert posted(service, key, 6).status_code == 202

    wait = refused(posted(service, key, 5), "cells_in_flight of tenant acme, 10: 6 cells are not judged", "has 5")
    assert 1 <= wait <= 60
    assert posted(service, key, 4).status_code == 202
    worker.work()
    assert posted(service, key, 10).status_code == 202


def test_a_batch_that_is_judged_in_part_counts_with_its_rest(
    service: str, make_key: MakeKey, worker: PlayedWorker
) -> None:
    key = make_key(cells_in_flight=400)
    body = {"problems": [{"solutions": [f"P {n}" for n in range(4)], "tests": [f"assert {n}" for n in range(100)]}]}
    assert httpx2.post(f"{service}/v1/batches", json=body, headers=bearer(key)).status_code == 202
    task = worker.take()
    assert task is not None
    time.sleep(0.01)  # so that it has taken some time
    worker.finish(task)

    left = 400 - task.chunk.cells
    wait = refused(posted(service, key, task.chunk.cells + 1), f"{left:,} cells are not judged")
    assert wait == 1, "at that pace the one cell that is missing is judged in a moment"
    assert posted(service, key, task.chunk.cells).status_code == 202


def test_a_cancelled_batch_is_not_in_flight(service: str, make_key: MakeKey) -> None:
    key = make_key(cells_in_flight=10)
    batch = posted(service, key, 10).json()["id"]
    refused(posted(service, key, 1))

    httpx2.delete(f"{service}/v1/batches/{batch}", headers=bearer(key))

    assert posted(service, key, 10).status_code == 202


def test_cells_per_minute_come_back_with_time_and_not_before(service: str, make_key: MakeKey, redis: Redis) -> None:
    key = make_key(cells_per_minute=60)
    assert [posted(service, key, 30).status_code for _ in range(2)] == [202, 202]

    assert refused(posted(service, key, 2), "cells_per_minute of tenant acme, 60: 60 cells", "has 2") == 2
    redis.hincrbyfloat(bucket_key("acme"), "at", -1.0)  # a second later
    wait = refused(posted(service, key, 2))
    time.sleep(wait)
    assert posted(service, key, 2).status_code == 202


def test_a_full_minute_later_the_bucket_is_full_and_not_fuller(service: str, make_key: MakeKey, redis: Redis) -> None:
    key = make_key(cells_per_minute=60)
    posted(service, key, 60)
    redis.hincrbyfloat(bucket_key("acme"), "at", -3600.0)

    assert posted(service, key, 60).status_code == 202
    refused(posted(service, key, 30))
    assert 0 < int(redis.ttl(bucket_key("acme"))) <= 121


def test_stored_batches_wait_for_the_first_to_expire(
    service: str, make_key: MakeKey, worker: PlayedWorker, redis: Redis
) -> None:
    key = make_key(stored_batches=2)
    first, second = (posted(service, key, 1).json()["id"] for _ in range(2))
    assert refused(posted(service, key, 1), "stored_batches of tenant acme, 2: 2 batches") == 3600
    worker.work()
    redis.expire(batch_key(second), 40)

    assert 39 <= refused(posted(service, key, 1)) <= 40
    redis.delete(batch_key(first))
    assert posted(service, key, 1).status_code == 202
    assert redis.zcard(batches_key("acme")) == 2


@pytest.mark.parametrize("name", ["batch_cells", "cells_in_flight", "cells_per_minute"])
def test_a_batch_that_will_never_fit_is_too_large(service: str, make_key: MakeKey, name: str) -> None:
    key = make_key(**{name: 10})

    answer = posted(service, key, 11)

    assert answer.status_code == 413 and "retry-after" not in answer.headers
    assert f"11 cells are over this API key's quota {name} of 10" in answer.json()["detail"]
    assert posted(service, key, 10).status_code == 202


def test_what_never_fits_is_refused_at_its_first_reason() -> None:
    refuse_what_never_fits(Quotas(), 10**9)
    refuse_what_never_fits(Quotas(stored_batches=1), 10**9)
    with pytest.raises(TooLarge, match="batch_cells"):
        refuse_what_never_fits(Quotas(batch_cells=1, cells_in_flight=1), 2)


def test_keys_of_one_tenant_share_and_those_of_another_do_not(service: str, make_key: MakeKey) -> None:
    one, two, others = make_key(cells_in_flight=10), make_key(cells_in_flight=20), make_key("other", cells_in_flight=10)
    unlimited = make_key()
    assert posted(service, unlimited, 8).status_code == 202

    refused(posted(service, one, 3), "8 cells are not judged")
    assert posted(service, two, 12).status_code == 202
    assert posted(service, others, 10).status_code == 202
    assert posted(service, unlimited, 100).status_code == 202


@pytest.fixture
def two_services(redis_url: str) -> Iterator[list[str]]:
    with service_process(redis_url) as (one, _), service_process(redis_url) as (two, _):
        yield [one, two]


@pytest.mark.parametrize("quota", ["cells_in_flight", "cells_per_minute", "stored_batches"])
def test_two_services_give_away_exactly_what_there_is(two_services: list[str], make_key: MakeKey, quota: str) -> None:
    key = make_key(**{quota: 7})
    with ThreadPoolExecutor(16) as many:
        started = time.monotonic()
        answers = list(many.map(lambda n: posted(two_services[n % 2], key, 1), range(40)))
        took = time.monotonic() - started

    counts = Counter(answer.status_code for answer in answers)
    come_back = took * 7 / 60 if quota == "cells_per_minute" else 0
    assert counts.total() == counts[202] + counts[429] == 40
    assert 7 <= counts[202] <= 7 + come_back


def test_one_idempotency_key_at_two_services_at_once_is_charged_once(
    two_services: list[str], make_key: MakeKey, redis: Redis
) -> None:
    key = make_key(cells_per_minute=1000, cells_in_flight=1000)
    with ThreadPoolExecutor(12) as many:
        answers = list(many.map(lambda n: posted(two_services[n % 2], key, 20, **{"Idempotency-Key": "k"}), range(24)))

        assert len({answer.json()["id"] for answer in answers}) == 1
        used = redis.hget(bucket_key("acme"), "used")
        assert isinstance(used, bytes) and 10 < float(used) <= 20, "less where some of it has come back meanwhile"
        assert redis.zcard(open_batches_key("acme")) == 1


def test_a_batch_that_is_refused_for_another_reason_uses_nothing_up(
    service: str, make_key: MakeKey, redis: Redis
) -> None:
    key = make_key(cells_per_minute=10, cells_in_flight=10)
    redis.rpush(f"rq:queue:{queue_name(':run', 'low')}", *[f"x{n}" for n in range(50_000)])
    redis.sadd(WOKEN, ":run")
    assert "chunks of work wait" in posted(service, key, 10).json()["detail"]

    redis.delete(f"rq:queue:{queue_name(':run', 'low')}")

    assert posted(service, key, 10).status_code == 202


def test_what_a_service_that_died_had_set_aside_is_free_again_after_a_while(redis: Redis) -> None:
    keeper = QuotaKeeper(redis, ServiceSettings())
    caller = Caller("acme", "k", quotas=Quotas(cells_in_flight=10))
    lost = keeper.room(caller, "b_lost", 10)
    lost.__enter__()  # and never comes back

    with pytest.raises(QuotaExceeded), keeper.room(caller, "b_next", 1):
        pass
    redis.zadd(open_batches_key("acme"), {"b_lost 10": time.time() - 1})  # the while
    with keeper.room(caller, "b_next", 10):
        assert redis.zrange(open_batches_key("acme"), 0, -1) == [b"b_next 10"]
    assert redis.exists(open_batches_key("acme")) == 0
    del lost


def test_a_batch_whose_answer_from_redis_was_lost_stays_counted(redis: Redis) -> None:
    keeper = QuotaKeeper(redis, ServiceSettings())
    caller = Caller("acme", "k", quotas=Quotas(cells_in_flight=10, cells_per_minute=10))

    with pytest.raises(ConnectionError), keeper.room(caller, "b_there", 10):
        redis.hset(batch_key("b_there"), mapping={"status": "queued", "cells_total": 10, "cells_done": 0})
        raise ConnectionError

    with pytest.raises(QuotaExceeded, match="10 cells are not judged"), keeper.room(caller, "b_next", 1):
        pass


def test_batches_that_are_over_are_tidied_away_where_nothing_is_limited(
    service: str, make_key: MakeKey, worker: PlayedWorker, redis: Redis
) -> None:
    key = make_key()
    for _ in range(5):
        posted(service, key, 1)
    worker.work()

    posted(service, key, 1)

    assert redis.zcard(open_batches_key("acme")) == 1


def test_without_keys_there_are_no_quotas_and_no_traces_of_them(service: str, redis: Redis) -> None:
    body: dict[str, Any] = {"problems": [{"solutions": ["P"], "tests": ["1"]}]}
    assert httpx2.post(f"{service}/v1/batches", json=body).status_code == 202

    assert not redis.exists(open_batches_key(""), bucket_key(""))

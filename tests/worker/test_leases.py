"""The pulse: leases renewed, workers listed."""

import json
import time

import pytest
from redis import Redis

from crossjudge.contracts.queue import LEASE_SECONDS, LEASES, WORKER_INFO, WORKERS, lease_member
from crossjudge.contracts.stats import TOTALS, TotalsField
from crossjudge.service.embedded import EmbeddedRedis
from crossjudge.worker.bench import Bench
from crossjudge.worker.leases import LeaseKeeper
from crossjudge.worker.patience import connect
from crossjudge.worker.registry import FORGOTTEN_AFTER_S, describe
from queued_batches import put_batch, wait_for

pytestmark = pytest.mark.redis


def test_a_held_lease_is_renewed_and_one_let_go_of_is_not(redis: Redis, bench: Bench) -> None:
    put_batch(redis, "b", ["pass"], ["t1"])
    member = lease_member("b", 0)
    with bench.leases.hold("b", 0) as stop:
        wait_for(lambda: redis.zscore(LEASES, member))
        ends_at = redis.zscore(LEASES, member)
        assert isinstance(ends_at, float)
        assert 0 < ends_at - time.time() <= LEASE_SECONDS + 1
        wait_for(lambda: (redis.zscore(LEASES, member) or 0) > ends_at)
        assert not stop.is_set()
    redis.zrem(LEASES, member)
    bench.leases.beat()
    assert redis.zscore(LEASES, member) is None


def test_jails_that_were_started_are_counted_once(redis: Redis, redis_url: str) -> None:
    starts = 3
    with connect(redis_url) as pulse:
        leases = LeaseKeeper(pulse, describe("starting", jails=3), jail_starts=lambda: starts)
        leases.beat()
        leases.beat()
        assert redis.hget(TOTALS, TotalsField.JAIL_STARTS) == b"3"
        starts = 4
        leases.beat()
    assert redis.hget(TOTALS, TotalsField.JAIL_STARTS) == b"4"


def test_an_idle_worker_is_listed_and_takes_itself_off_the_list(redis: Redis, redis_url: str) -> None:
    with connect(redis_url) as pulse:
        leases = LeaseKeeper(pulse, describe("idle", jails=3), beat_s=0.05)
        leases.start()
        wait_for(lambda: redis.zscore(WORKERS, "idle"))
        info = json.loads(redis.hget(WORKER_INFO, "idle") or b"")
        assert (info["name"], info["jails"], info["sandbox"]) == ("idle", 3, "nsjail")
        leases.close()
    assert redis.zscore(WORKERS, "idle") is None
    assert redis.hexists(WORKER_INFO, "idle") is False


def test_a_worker_that_was_killed_is_forgotten_after_a_while(redis: Redis, bench: Bench) -> None:
    redis.hset(WORKER_INFO, "killed", "{}")
    redis.zadd(WORKERS, {"killed": time.time() - FORGOTTEN_AFTER_S - 5, "silent": time.time() - 15})
    bench.leases.beat()
    assert redis.zscore(WORKERS, "killed") is None
    assert redis.hexists(WORKER_INFO, "killed") is False
    assert redis.zscore(WORKERS, "silent") is not None


def test_the_pulse_goes_on_after_redis_was_away(
    redis_server: EmbeddedRedis, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with EmbeddedRedis(tmp_path_factory.mktemp("pulse")) as server, connect(server.url) as pulse:
        leases = LeaseKeeper(pulse, describe("lasting", jails=1), beat_s=0.05)
        leases.start()
        with connect(server.url) as redis:
            wait_for(lambda: redis.zscore(WORKERS, "lasting"))
            server.kill()
            server.start()
            before = time.time()
            wait_for(lambda: (redis.zscore(WORKERS, "lasting") or 0) > before)
        leases.close()

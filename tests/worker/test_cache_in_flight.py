"""What two workers have to do at once is done by one, and nobody is kept from anything by one who has died.

Against a real Redis: pools in threads where something must happen just so, and worker processes, killed ones among
them. `held` makes a jail wait until the test lets go of it.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from redis import Redis

from crossjudge.contracts import Batch, Chunk, ChunkResult, Columns, Order, Problem
from crossjudge.contracts.queue import LEASE_SECONDS, BatchField, claim_key
from crossjudge.service.settings import ServiceSettings
from crossjudge.worker.cache import cached_pool
from crossjudge.worker.cache.cached_pool import CachedPool
from crossjudge.worker.cache.claims import Claims
from crossjudge.worker.cache.shelf import Shelf
from crossjudge.worker.errors import JailError, Stopped
from crossjudge.worker.leases import LeaseKeeper
from crossjudge.worker.patience import connect
from crossjudge.worker.registry import describe
from crossjudge.worker.results import JudgedPart
from deterministic_pool import DeterministicPool
from planned_work import Work, work_of
from queued_batches import field, put_batch, wait_for, wait_until_done
from stand_in_worker import StartWorker

pytestmark = pytest.mark.redis

# Out of these the deterministic pool makes P, E and P, all of which are kept.
SOLUTION, TESTS = "solution 7", ["test 0", "test 1", "test 3"]
CLAIMS = "crossjudge:cache:claim:*"


class HeldPool(DeterministicPool):
    """Says when it has been asked, and waits before it answers."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.was_asked = threading.Event()
        self.may_answer = threading.Event()
        self._fails = fails

    def observe(
        self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event
    ) -> list[JudgedPart]:
        self.was_asked.set()
        assert self.may_answer.wait(30)
        if self._fails:
            raise JailError("nsjail died")
        return super().observe(order, columns, chunk, stop)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as connection:
        yield connection


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody loses patience: what is judged once here is so because somebody waited for it."""
    monkeypatch.setattr(cached_pool, "PATIENCE_S", 60.0)


Judge = Callable[..., Future[ChunkResult]]


@pytest.fixture
def judge(redis: Redis) -> Iterator[Judge]:
    """Judges a batch of one chunk in a thread, as a worker of its own would."""
    with ThreadPoolExecutor() as threads:

        def start(pool: DeterministicPool, plan: Work, stop: threading.Event | None = None) -> Future[ChunkResult]:
            judges = CachedPool(pool, Shelf(redis, most_bytes=1 << 24, keep_seconds=60), Claims(redis), b"r")
            [chunk] = plan.chunks
            return threads.submit(judges.judge, plan.order, plan.columns, chunk, stop or threading.Event())

        yield start


def plan_of(*problems: tuple[list[str], list[str]]) -> Work:
    batch = Batch(problems=[Problem(solutions=solutions, tests=tests) for solutions, tests in problems])
    return work_of(batch, ServiceSettings(chunk_cells=1000))


def letters(result: ChunkResult) -> list[str]:
    return [row.verdicts for part in result.parts for row in part.rows]


@pytest.mark.usefixtures("patient")
def test_two_workers_with_the_same_row_judge_it_once(redis: Redis, judge: Judge) -> None:
    first, second = HeldPool(), HeldPool()
    second.may_answer.set()
    one = judge(first, plan_of(([SOLUTION], TESTS)))
    assert first.was_asked.wait(10)
    other = judge(second, plan_of(([SOLUTION], TESTS)))
    assert not second.was_asked.wait(0.3)
    first.may_answer.set()
    assert letters(one.result(10)) == letters(other.result(10))
    assert (one.result().executed, other.result().executed) == (3, 0)
    assert second.asked == []
    assert redis.keys(CLAIMS) == []


@pytest.mark.usefixtures("patient")
def test_who_has_other_rows_judges_those_first(judge: Judge) -> None:
    first, second = HeldPool(), HeldPool()
    one = judge(first, plan_of(([SOLUTION], TESTS)))
    assert first.was_asked.wait(10)
    second.may_answer.set()
    other = judge(second, plan_of(([SOLUTION, "solution 9"], TESTS)))
    assert second.was_asked.wait(10)  # though the first has not done yet
    wait_for(lambda: len(second.asked) == 3, "the other row")
    first.may_answer.set()
    assert letters(other.result(10))[0] == letters(one.result(10))[0]
    assert {solution for solution, _ in second.asked} == {"solution 9"}


@pytest.mark.usefixtures("patient")
def test_other_tests_of_a_row_that_is_being_judged_are_not_waited_for(judge: Judge) -> None:
    first, second = HeldPool(), HeldPool()
    second.may_answer.set()
    judge(first, plan_of(([SOLUTION], TESTS[:2])))
    assert first.was_asked.wait(10)
    assert judge(second, plan_of(([SOLUTION], TESTS[2:]))).result(10).executed == 1
    first.may_answer.set()


@pytest.mark.usefixtures("patient")
def test_what_the_other_may_not_keep_is_judged_by_whoever_waited(judge: Judge) -> None:
    first, second = HeldPool(), HeldPool()
    second.may_answer.set()
    plan = plan_of((["solution 1"], [f"test {number}" for number in range(20)]))  # some of it runs out of time
    one = judge(first, plan)
    assert first.was_asked.wait(10)
    other = judge(second, plan)
    first.may_answer.set()
    assert letters(one.result(10)) == letters(other.result(10))
    doubtful = sum(map(letters(one.result())[0].count, "TM"))
    assert 0 < doubtful <= other.result().executed < one.result().executed


@pytest.mark.usefixtures("patient")
def test_who_waits_for_one_whose_jail_broke_judges_by_himself(redis: Redis, judge: Judge) -> None:
    first, second = HeldPool(fails=True), HeldPool()
    second.may_answer.set()
    one = judge(first, plan_of(([SOLUTION], TESTS)))
    assert first.was_asked.wait(10)
    other = judge(second, plan_of(([SOLUTION], TESTS)))
    first.may_answer.set()
    with pytest.raises(JailError):
        one.result(10)
    assert other.result(10).executed == 3
    assert redis.keys(CLAIMS) == []


@pytest.mark.usefixtures("patient")
def test_two_that_wait_for_each_other_cannot_be(redis: Redis, judge: Judge) -> None:
    """Six with the same rows, each in another order, begin at once: over and over, and all come to an end."""
    for turn in range(20):
        names = [f"solution {number + 100 * turn}" for number in range(6)]
        plans = [plan_of((names[shift:] + names[:shift], TESTS)) for shift in range(6)]
        results = [judge(DeterministicPool(), plan) for plan in plans]
        rows = [dict(zip(plan_names(plan), letters(each.result(30)), strict=True))
                for plan, each in zip(plans, results, strict=True)]  # fmt: skip
        assert all(each == rows[0] for each in rows)
    assert redis.keys(CLAIMS) == []


def plan_names(plan: Work) -> list[str]:
    return [row.solution for chunk in plan.chunks for part in chunk.parts for row in part.rows]


def status_of(redis: Redis, batch: str) -> str | None:
    return field(redis, batch, BatchField.STATUS)


def test_who_has_waited_long_enough_judges_by_himself(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached_pool, "PATIENCE_S", 0.2)
    first, second = HeldPool(), HeldPool()
    second.may_answer.set()
    one = judge(first, plan_of(([SOLUTION], TESTS)))
    assert first.was_asked.wait(10)
    assert judge(second, plan_of(([SOLUTION], TESTS))).result(10).executed == 3
    first.may_answer.set()
    assert one.result(10).executed == 3


@pytest.mark.usefixtures("patient")
def test_who_waits_hears_that_nobody_wants_his_chunk(judge: Judge) -> None:
    first, second, stop = HeldPool(), HeldPool(), threading.Event()
    judge(first, plan_of(([SOLUTION], TESTS)))
    assert first.was_asked.wait(10)
    other = judge(second, plan_of(([SOLUTION], TESTS)), stop)
    stop.set()
    with pytest.raises(Stopped):
        other.result(10)
    first.may_answer.set()


def test_claims_are_renewed_by_the_pulse_and_end_without_it(redis: Redis, redis_url: str) -> None:
    claims = Claims(redis)
    with connect(redis_url) as pulse, claims.hold({"row": [b"test"]}) as others:
        assert others == {}
        redis.pexpire(claim_key("row"), 500)
        LeaseKeeper(pulse, describe("here", jails=1), claims=claims).beat()
        assert 500 < redis.pttl(claim_key("row")) <= LEASE_SECONDS * 1000
        with Claims(redis).hold({"row": [b"test"], "another": [b"test"]}) as found:
            assert list(found) == ["row"]
    assert redis.keys(CLAIMS) == []


def test_nobody_renews_or_gives_back_the_claim_of_another(redis: Redis) -> None:
    claims = Claims(redis)
    with claims.hold({"row": [b"test"]}):
        redis.delete(claim_key("row"))  # it ran out, and another took it
        with Claims(redis).hold({"row": [b"other"]}):
            redis.pexpire(claim_key("row"), 500)
            claims.renew(redis)
            assert redis.pttl(claim_key("row")) <= 500
            held = redis.get(claim_key("row"))
    assert held is not None
    assert redis.get(claim_key("row")) is None


def test_two_worker_processes_judge_the_same_row_once(redis: Redis, start_worker: StartWorker, tmp_path: Path) -> None:
    worker = start_worker("--workers", "2", "--cache-mb", "64", "--patience-s", "60")
    now = tmp_path / "now"
    for batch in ("b1", "b2"):
        put_batch(redis, batch, [f"until {now}"], ["t1", "t2"])
    wait_for(lambda: status_of(redis, "b1") == status_of(redis, "b2") == "running", "both to begin")
    now.touch()
    wait_until_done(redis, "b1")
    wait_until_done(redis, "b2")
    names = (BatchField.EXECUTED, BatchField.CACHED)
    assert {tuple(field(redis, batch, name) for name in names) for batch in ("b1", "b2")} == {("2", "0"), ("0", "2")}
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(15) == 0


def test_a_worker_that_is_killed_keeps_nobody_waiting(redis: Redis, start_worker: StartWorker, tmp_path: Path) -> None:
    first = start_worker("--cache-mb", "64", "--patience-s", "60")
    now = tmp_path / "now"
    put_batch(redis, "b1", [f"until {now}"], ["t1"])
    wait_for(lambda: redis.keys(CLAIMS), "the claim")
    start_worker("--cache-mb", "64", "--patience-s", "60")
    put_batch(redis, "b2", [f"until {now}"], ["t1"])
    wait_for(lambda: status_of(redis, "b2") == "running", "the second worker")
    for process in [*psutil.Process(first.pid).children(recursive=True), psutil.Process(first.pid)]:
        process.kill()
    first.wait(10)
    now.touch()
    wait_until_done(redis, "b2")  # once the claim has run out
    assert field(redis, "b2", BatchField.EXECUTED) == "1"

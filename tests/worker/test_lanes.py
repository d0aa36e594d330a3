"""Who is next: runs share the workers by weight, however much each has queued."""

import math
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from crossjudge.contracts import Priority
from crossjudge.contracts.queue import (
    BELL,
    LANE_STATE,
    LANES,
    LEASES,
    MOST_RINGS,
    BatchField,
    batch_key,
    lane_key,
    lease_member,
    queue_name,
    run_usage_key,
    scope_of,
)
from crossjudge.worker.commit import enqueue
from crossjudge.worker.lanes import CREDIT_CELLS, HEAVY_MS, Lanes, put

pytestmark = pytest.mark.redis


class Runs:
    """Batches of runs, of which nothing is known but how many cells and chunks they have."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.lanes = Lanes(redis)
        self.owners: dict[str, str] = {}

    def post(self, scope: str, chunks: int, cells: int = 100, priority: Priority = "normal") -> str:
        batch = f"b{len(self.owners)}"
        self.owners[batch] = scope
        fields = {"status": "queued", BatchField.CELLS_TOTAL: chunks * cells, BatchField.CHUNKS_TOTAL: chunks}
        self.redis.hset(batch_key(batch), mapping=fields)  # type: ignore[arg-type]  # mappings are invariant there
        queue = Queue(queue_name(scope, priority), connection=self.redis, serializer=JSONSerializer)
        with self.redis.pipeline() as pipe:
            for chunk in range(chunks):
                enqueue(queue, batch, chunk, pipe=pipe)
            put(pipe, scope)
            pipe.execute()
        return batch

    def weigh(self, name: str, weight: float) -> None:
        """Weigh a run, by its scope, or a tenant."""
        self.redis.hset(lane_key(name), "weight", weight)

    def take(self) -> str | None:
        """The batch of the next chunk."""
        delivered = self.lanes.take()
        return delivered.job.partition("-")[0] if delivered else None

    def served(self, count: int) -> Counter[str]:
        """By run, how many of the next chunks are its."""
        return Counter(self.owners[batch] for _ in range(count) if (batch := self.take()))


@pytest.fixture
def runs(redis: Redis) -> Runs:
    return Runs(redis)


A, B, C = scope_of("", "a"), scope_of("", "b"), scope_of("", "c")


def test_equal_runs_get_equal_shares_whatever_each_has_queued(runs: Runs) -> None:
    for _ in range(20):
        runs.post(A, chunks=50)
    runs.post(B, chunks=200)
    assert runs.served(300)[B] == pytest.approx(150, abs=5 + CREDIT_CELLS // 100)


def test_shares_are_of_cells_and_not_of_chunks(runs: Runs) -> None:
    runs.post(A, chunks=500, cells=300)
    runs.post(B, chunks=500, cells=100)
    served = runs.served(400)
    assert served[B] / served[A] == pytest.approx(3, rel=0.1)


def test_weights_are_shares(runs: Runs) -> None:
    runs.weigh(A, 3)
    runs.post(A, chunks=400)
    runs.post(B, chunks=400)
    assert runs.served(400)[A] == pytest.approx(300, abs=8)


def test_a_weight_that_changes_counts_from_then_on(runs: Runs) -> None:
    runs.post(A, chunks=1000)
    runs.post(B, chunks=1000)
    runs.served(100)
    runs.weigh(A, 3)
    assert runs.served(400)[A] == pytest.approx(300, abs=8)


def test_a_tenant_has_no_more_for_having_many_runs(runs: Runs) -> None:
    for run in range(9):
        runs.post(scope_of("many", str(run)), chunks=200)
    runs.weigh("one", 2)
    runs.post(scope_of("one", "x"), chunks=900)
    served = runs.served(600)
    assert served[scope_of("one", "x")] == pytest.approx(400, abs=20)
    assert all(served[scope_of("many", str(run))] == pytest.approx(200 / 9, abs=4) for run in range(9))


def test_a_tenant_has_no_more_for_calling_each_batch_another_run(runs: Runs) -> None:
    honest = scope_of("honest", "run")
    runs.post(honest, chunks=1000)
    served = Counter[str]()
    for number in range(100):  # a run that is new has a credit among its tenant's runs, and none beside other tenants
        runs.post(scope_of("sly", str(number)), chunks=4)
        while runs.redis.llen(f"rq:queue:{queue_name(scope_of('sly', str(number)), 'normal')}"):
            served += runs.served(1)
    assert sum(served.values()) - served[honest] <= served[honest] + CREDIT_CELLS // 100 + 8


def test_who_comes_back_is_served_at_once_and_gets_nothing_for_having_been_away(runs: Runs) -> None:
    runs.post(A, chunks=2000)
    runs.served(1000)
    late = runs.post(B, chunks=500)
    first = [runs.take() for _ in range(CREDIT_CELLS // 100)]
    assert first == [late] * len(first)
    assert runs.served(400)[B] == pytest.approx(200, abs=4)


def test_an_idle_share_is_used_by_the_others(runs: Runs) -> None:
    runs.post(A, chunks=5)
    runs.post(B, chunks=100)
    assert runs.served(105) == {A: 5, B: 100}
    assert runs.take() is None
    assert runs.redis.zcard(LANES) == 0
    assert set(runs.redis.hgetall(LANE_STATE)) == {b"now", b"now:", b"rate", b"rate_at"}


def test_a_run_that_posts_again_and_again_has_no_more_than_its_share(runs: Runs) -> None:
    runs.post(A, chunks=3000)
    served = Counter[str]()
    for _ in range(100):  # as soon as nothing of it is queued it posts anew
        runs.post(B, chunks=4)
        while runs.redis.llen(f"rq:queue:{queue_name(B, 'normal')}"):
            served += runs.served(1)
    assert served[B] <= served[A] + CREDIT_CELLS // 100 + 8


def test_heavy_cells_count_by_their_time(runs: Runs) -> None:
    runs.redis.hset(run_usage_key(A), mapping={"executed": 1000, "cpu_ms": 1000 * HEAVY_MS * 10})
    runs.post(A, chunks=400)
    runs.post(B, chunks=400)
    served = runs.served(330)
    assert served[B] / served[A] == pytest.approx(10, rel=0.25)


def test_priorities_order_the_batches_of_one_run_and_take_nothing_from_another(runs: Runs) -> None:
    low, normal, high = (runs.post(A, chunks=10, priority=each) for each in ("low", "normal", "high"))
    other = runs.post(B, chunks=30)
    order = [runs.take() for _ in range(60)]
    assert [batch for batch in order if batch != other] == [high] * 10 + [normal] * 10 + [low] * 10
    assert order[:30].count(other) == pytest.approx(15, abs=CREDIT_CELLS // 100)


def test_what_is_taken_is_leased_in_the_same_step(runs: Runs) -> None:
    batch = runs.post(A, chunks=1)
    runs.take()
    assert runs.redis.zscore(LEASES, lease_member(batch, 0)) > runs.redis.time()[0]  # type: ignore[operator]


def test_chunks_of_batches_that_are_over_are_struck_out_and_charged_to_nobody(runs: Runs) -> None:
    over = [runs.post(A, chunks=400) for _ in range(3)]
    alive = runs.post(A, chunks=1)
    other = runs.post(B, chunks=1)
    for batch in over:
        runs.redis.hset(batch_key(batch), "status", "cancelled")
    assert {runs.take(), runs.take()} == {alive, other}
    assert runs.take() is None
    assert runs.redis.keys("rq:job:b0-*") == []


def test_the_bell_rings_for_who_waits_and_does_not_grow(runs: Runs) -> None:
    for _ in range(2 * MOST_RINGS):
        runs.post(A, chunks=1)
    assert runs.redis.llen(BELL) == MOST_RINGS
    runs.lanes.wait(5)
    assert runs.redis.llen(BELL) == MOST_RINGS - 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.floats(0.1, 10), st.integers(1, 300)), min_size=2, max_size=6),
    st.integers(0, 2**32),
)
def test_no_run_is_further_behind_than_a_chunk_and_its_credit(
    redis: Redis, runs_posted: list[tuple[float, int]], seed: int
) -> None:
    redis.flushdb()
    runs = Runs(redis)
    scopes = [scope_of("t", str(number)) for number in range(len(runs_posted))]
    for scope, (weight, cells) in zip(scopes, runs_posted, strict=True):
        runs.weigh(scope, weight)
        runs.post(scope, chunks=150, cells=cells)
    served = runs.served(100)  # none of them runs dry
    had = [served[scope] * cells / weight for scope, (weight, cells) in zip(scopes, runs_posted, strict=True)]
    largest = max(cells / weight for weight, cells in runs_posted)
    assert max(had) - min(had) <= 2 * largest + 1e-6
    assert not math.isnan(sum(had))

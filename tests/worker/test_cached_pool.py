"""Chunks judged with the cache are answered as without it, and nothing of them is judged twice. A real Redis."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from crossjudge.contracts import Batch, Chunk, ChunkResult, Columns, Detail, Isolation, Limits, Order, Problem
from crossjudge.service.embedded import free_port
from crossjudge.service.pace import Pace
from crossjudge.service.settings import ServiceSettings
from crossjudge.worker.cache.cached_pool import CachedPool
from crossjudge.worker.cache.claims import Claims
from crossjudge.worker.cache.shelf import Shelf
from crossjudge.worker.patience import connect
from crossjudge.worker.results import chunk_result
from crossjudge.worker.settings import WorkerSettings
from deterministic_pool import DeterministicPool
from planned_work import Work, work_of

pytestmark = pytest.mark.redis

GOES_ON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
SERVICE = ServiceSettings(chunk_cells=6)
SOLUTIONS = [f"solution {number}" for number in range(12)]
TESTS: list[Any] = [
    *(f"test {number}" for number in range(8)),
    {"kind": "call", "expected": 1},
    {"kind": "stdio", "stdout": "out"},
    {"kind": "pytest", "code": "def test(): ..."},
]


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Of a few texts, so that later problems have much in common with earlier ones."""
    solutions = draw(st.lists(st.sampled_from(SOLUTIONS), min_size=1, max_size=4))
    tests = draw(st.lists(st.sampled_from(TESTS), min_size=1, max_size=4))
    inside = st.tuples(st.integers(0, len(solutions) - 1), st.integers(0, len(tests) - 1))
    return Problem(
        solutions=solutions, tests=tests, entry_point=draw(st.sampled_from([None, "f"])),
        prelude=draw(st.sampled_from(["", "import math"])), pairs=draw(st.none() | st.lists(inside, max_size=4)),
    )  # fmt: skip


batches = st.builds(
    Batch,
    problems=st.lists(problems(), min_size=1, max_size=3),
    limits=st.sampled_from([Limits(), Limits(cpu_seconds=1.0)]),
    isolation=st.sampled_from(Isolation),
    detail=st.lists(st.sampled_from(Detail), unique=True),
    cache=st.sampled_from([True, True, True, False]),
)


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as connection:
        yield connection


def cached(redis: Redis, pool: DeterministicPool, runtime: bytes = b"r", most_bytes: int = 1 << 24) -> CachedPool:
    shelf = Shelf(redis, most_bytes=most_bytes, keep_seconds=3600)
    return CachedPool(pool, shelf, Claims(redis), runtime)


def plan_of(batch: Batch) -> Work:
    return work_of(batch, SERVICE, Pace())


def judge(pool: CachedPool, plan: Work) -> list[ChunkResult]:
    return [pool.judge(plan.order, plan.columns, chunk, threading.Event()) for chunk in plan.chunks]


def uncached(plan: Work) -> list[ChunkResult]:
    pool = DeterministicPool()
    return [
        chunk_result(plan.order, plan.columns, chunk, pool.observe(plan.order, plan.columns, chunk, threading.Event()))
        for chunk in plan.chunks
    ]


def matrix(**fields: Any) -> Work:
    return plan_of(Batch(problems=[Problem(solutions=SOLUTIONS, tests=TESTS)], **fields))


@GOES_ON
@given(st.lists(batches, min_size=2, max_size=4))
def test_any_batches_are_answered_as_without_a_cache(redis: Redis, several: list[Batch]) -> None:
    redis.flushall()
    pool = DeterministicPool()
    judges = cached(redis, pool)
    for batch in several:
        plan = plan_of(batch)
        before = len(pool.asked)
        got, expected = judge(judges, plan), uncached(plan)
        assert [result.parts for result in got] == [result.parts for result in expected]
        assert sum(result.executed for result in got) == len(pool.asked) - before
        assert all(one.executed <= other.executed for one, other in zip(got, expected, strict=True))
        assert all(one.cpu_seconds <= other.cpu_seconds for one, other in zip(got, expected, strict=True))


@GOES_ON
@given(st.lists(st.sampled_from(SOLUTIONS), min_size=1, unique=True), st.permutations(TESTS))
def test_a_second_time_exactly_what_is_never_kept_is_judged(
    redis: Redis, solutions: list[str], tests: list[Any]
) -> None:
    redis.flushall()
    plan = plan_of(Batch(problems=[Problem(solutions=solutions, tests=tests)], detail=[Detail.MESSAGES]))
    first, second = DeterministicPool(), DeterministicPool()
    judge(cached(redis, first), plan)
    judge(cached(redis, second), plan)
    assert set(second.asked) == set(never_kept(plan))


def never_kept(plan: Work) -> Iterator[tuple[str, str]]:
    """Cells of a plan without prelude that are T or M, or that the compiler or an unknown killer decided."""
    for result, chunk in zip(uncached(plan), plan.chunks, strict=True):
        for part, said in zip(chunk.parts, result.parts, strict=True):
            for row, answer in zip(part.rows, said.rows, strict=True):
                assert answer.cells is not None
                for index, letter in enumerate(answer.verdicts):
                    words = f"{answer.cells[index].message} {answer.solution.message} {said.tests[index].message}"
                    killed = letter == "C" and "SIGKILL" in (answer.cells[index].message or "")
                    if letter in "TM" or killed or "cannot be compiled: " in words:
                        yield row.solution, plan.columns[part.problem].tests[index].model_dump_json()


def test_another_runtime_shares_nothing(redis: Redis) -> None:
    plan, pool = matrix(), DeterministicPool()
    judge(cached(redis, pool, b"one"), plan)
    asked = Counter(pool.asked)
    judge(cached(redis, pool, b"other"), plan)
    assert Counter(pool.asked) == asked + asked


def test_a_batch_that_says_so_neither_reads_nor_writes(redis: Redis) -> None:
    plan, pool = matrix(cache=False), DeterministicPool()
    judge(cached(redis, pool), plan)
    assert redis.keys("*") == []
    judge(cached(redis, pool), matrix())
    pool.asked.clear()
    assert judge(cached(redis, pool), plan)[0].executed > 0
    assert len(pool.asked) == len(SOLUTIONS) * len(TESTS)


def test_equal_rows_of_several_problems_in_one_chunk_are_judged_once(redis: Redis) -> None:
    problem = Problem(solutions=SOLUTIONS, tests=TESTS)
    batch = Batch(problems=[problem] * 4, detail=[Detail.MESSAGES])
    plan = work_of(batch, ServiceSettings(chunk_cells=1000), None)
    [result] = judge(cached(redis, DeterministicPool()), plan)
    assert result.parts == uncached(plan)[0].parts
    cells, never = len(SOLUTIONS) * len(TESTS), len(set(never_kept(plan)))
    assert never < cells
    assert result.executed == cells + 3 * never


def test_of_a_row_with_further_tests_only_those_are_judged(redis: Redis) -> None:
    before, plan = (
        plan_of(Batch(problems=[Problem(solutions=SOLUTIONS, tests=tests)], detail=[Detail.MESSAGES]))
        for tests in (TESTS[:4], TESTS)
    )
    judge(cached(redis, DeterministicPool()), before)
    pool = DeterministicPool()
    assert [result.parts for result in judge(cached(redis, pool), plan)] == [result.parts for result in uncached(plan)]
    further = {(text, test.model_dump_json()) for text in SOLUTIONS for test in plan.columns[0].tests[4:]}
    assert set(pool.asked) == further | set(never_kept(plan))
    assert len(pool.asked) < len(SOLUTIONS) * len(TESTS)


@pytest.mark.parametrize("seed", range(5))
def test_a_cache_that_was_tampered_with_is_no_error(redis: Redis, seed: int) -> None:
    """Values that are cut, changed or of another kind are not there; the answer is as if nothing had been kept."""
    plan, pool, chance = matrix(detail=list(Detail)), DeterministicPool(), random.Random(seed)
    first = judge(cached(redis, pool), plan)
    for key in redis.scan_iter("crossjudge:cache:row:*"):
        for name, held in redis.hgetall(key).items():
            value = bytes(held)  # type: ignore[arg-type]  # redis-py: or text
            broken = chance.choice([value[: len(value) // 2], value + b"}", b"\xff\x00", b"[]", b'{"said":7}', b""])
            redis.hset(key, name, broken)
    second = judge(cached(redis, pool), plan)
    assert [result.parts for result in second] == [result.parts for result in first]
    assert sum(result.executed for result in second) == len(SOLUTIONS) * len(TESTS)


def test_a_key_that_holds_something_else_is_no_error(redis: Redis) -> None:
    plan, pool = matrix(), DeterministicPool()
    first = judge(cached(redis, pool), plan)
    for key in list(redis.scan_iter("crossjudge:cache:row:*")):
        redis.set(key, "a string")
    assert [result.parts for result in judge(cached(redis, pool), plan)] == [result.parts for result in first]


def test_without_redis_all_is_judged(redis_url: str) -> None:
    plan, pool = matrix(), DeterministicPool()
    with connect(f"redis://127.0.0.1:{free_port()}/0") as nobody:
        assert [result.parts for result in judge(cached(nobody, pool), plan)] == [r.parts for r in uncached(plan)]


def test_what_is_off_is_not_there() -> None:
    assert WorkerSettings(cache_mb=0).cache_mb == 0
    with pytest.raises(ValueError, match="cache_days"):
        WorkerSettings(cache_days=0)


def test_a_row_without_cells_is_answered_as_without_a_cache(redis: Redis) -> None:
    plan = plan_of(Batch(problems=[Problem(solutions=["solution 3"], tests=TESTS)]))
    [part] = plan.chunks[0].parts
    none_asked = part.model_copy(update={"rows": [part.rows[0].model_copy(update={"columns": []})]})
    chunk = Chunk(parts=[none_asked], cells=0)
    order: Order = plan.order
    columns: dict[int, Columns] = plan.columns
    pool = DeterministicPool()
    expected = chunk_result(order, columns, chunk, pool.observe(order, columns, chunk, threading.Event()))
    assert cached(redis, pool).judge(order, columns, chunk, threading.Event()).parts == expected.parts

"""Chunks are sized to a fraction of a second, and shared among the workers there are."""

from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from crossjudge.contracts import AssertTest, Batch, Problem
from crossjudge.contracts.queue import LANES, WOKEN, WORKERS, lanes_key, queue_name, run_usage_key
from crossjudge.service.pace import Pace, read


def square(side: int) -> Batch:
    tests = [AssertTest(code=f"assert f({n})") for n in range(side)]
    return Batch(problems=[Problem(solutions=[f"f = {n}" for n in range(side)], tests=list(tests))])


def test_light_cells_of_a_large_batch_make_full_chunks() -> None:
    assert Pace(workers=2).chunk_cells(square(100), most=100) == 100


def test_cells_that_are_known_to_be_cheap_make_larger_chunks_than_unknown_ones() -> None:
    assert Pace(workers=2).chunk_cells(square(100), most=512) == 117
    assert Pace(cell_cpu_ms=0.5, workers=2).chunk_cells(square(100), most=512) == 234
    assert Pace(cell_cpu_ms=2.5, workers=2).chunk_cells(square(100), most=512) == 64


def test_the_more_workers_there_are_the_longer_chunks_may_be() -> None:
    lengths = [Pace(workers=workers).chunk_ms for workers in (0, 1, 2, 4, 8, 1000)]
    assert lengths == [350, 350, 350, 500, 1000, 1000]


def test_heavy_cells_make_small_chunks() -> None:
    assert Pace(cell_cpu_ms=97.0, workers=2).chunk_cells(square(100), most=160) == 4
    assert Pace(cell_cpu_ms=10_000.0, workers=2).chunk_cells(square(100), most=160) == 1


def test_a_small_batch_is_shared_among_the_workers_but_not_crumbled() -> None:
    assert Pace(workers=2).chunk_cells(square(16), most=160) == 64
    assert Pace(workers=1000).chunk_cells(square(16), most=160) == 16


def test_a_small_batch_stays_whole_where_the_workers_have_enough_to_do() -> None:
    assert Pace(cell_cpu_ms=0.4, workers=2, waiting=1).chunk_cells(square(16), most=512) == 64
    assert Pace(cell_cpu_ms=0.4, workers=2, waiting=2).chunk_cells(square(16), most=512) >= 256
    assert Pace(cell_cpu_ms=97.0, workers=2, waiting=2).chunk_cells(square(100), most=512) == 4


@given(st.floats(0, 1e6), st.integers(0, 10_000), st.integers(0, 1000), st.integers(1, 20), st.integers(1, 500))
def test_a_chunk_has_a_cell_at_least_and_no_more_than_the_most(
    cpu: float, workers: int, waiting: int, side: int, most: int
) -> None:
    assert 1 <= Pace(cpu, workers, waiting).chunk_cells(square(side), most) <= most


def test_pace_is_read_from_what_the_run_has_used_and_who_is_alive(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        assert read(redis, "new") == Pace(0.0, 0)
        redis.hset(run_usage_key("old"), mapping={"executed": 1000, "cpu_ms": 50_000})
        redis.hset(run_usage_key("young"), mapping={"executed": 3, "cpu_ms": 50_000})
        redis.zadd(WORKERS, {"alive": redis.time()[0], "silent": redis.time()[0] - 3600})
        assert read(redis, "old") == Pace(50.0, 1)
        assert read(redis, "young") == Pace(0.0, 1)
        redis.rpush(f"rq:queue:{queue_name('a:run', 'low')}", "one", "two")
        redis.sadd(WOKEN, "a:run")
        redis.rpush(f"rq:queue:{queue_name(':other', 'high')}", "three")
        redis.zadd(LANES, {"": 5.0})
        redis.zadd(lanes_key(""), {":other": 5.0, ":nothing": 0.0})
        assert read(redis, "new") == Pace(0.0, 1, waiting=3)

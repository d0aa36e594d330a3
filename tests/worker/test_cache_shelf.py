"""The cache in a real Redis: within its bound, the longest unused thrown out first, its books in order."""

import random
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from crossjudge.contracts.queue import CACHE_INDEX, CACHE_SIZES, cache_key
from crossjudge.worker.cache.shelf import ROW, Asked, Shelf
from crossjudge.worker.patience import connect
from queued_batches import wait_for

pytestmark = pytest.mark.redis

GOES_ON = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
DAY = 86_400
MIB = 1 << 20


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as connection:
        yield connection


def shelf(redis: Redis, most_bytes: int = 64 * MIB, keep_seconds: float = DAY) -> Shelf:
    return Shelf(redis, most_bytes=most_bytes, keep_seconds=keep_seconds)


def row(number: int) -> str:
    return f"{number:032x}"


def cells(count: int, size: int = 20) -> Mapping[bytes, bytes]:
    return {ROW: b"{}"} | {number.to_bytes(16, "big"): b"x" * size for number in range(count)}


def rows_in(redis: Redis) -> set[str]:
    return {key.decode()[-32:] for key in redis.scan_iter("crossjudge:cache:row:*")}


def check_books(redis: Redis) -> int:
    """What the books say that everything takes; they must agree with each other."""
    sizes = {key.decode(): int(value) for key, value in redis.hgetall(CACHE_SIZES).items()}  # type: ignore[union-attr]  # redis-py: or a coroutine
    total = sizes.pop("total", 0)
    assert total == sum(sizes.values())
    assert {bytes(key).decode() for key, _ in redis.zscan_iter(CACHE_INDEX)} == set(sizes)
    assert {cache_key(each) for each in rows_in(redis)} <= set(sizes)
    return total


def test_what_is_kept_is_found_and_nothing_else(redis: Redis) -> None:
    it = shelf(redis)
    it.keep({row(1): {ROW: b"{}", b"t1": b"one"}, row(2): {ROW: b"{}", b"t1": b"two"}})
    it.keep({row(1): {ROW: b"{}", b"t2": b"more"}})
    asked = [Asked(row(1), [b"t1", b"t2", b"t3"]), Asked(row(3), [b"t1"]), Asked(row(2), [])]
    assert it.look_up(asked) == [[b"{}", b"one", b"more", None], [None, None], [b"{}"]]


def test_redis_holds_about_as_much_as_it_may_and_no_more(redis: Redis) -> None:
    """By what Redis says that it uses, with rows of many sizes, for several times the bound."""
    most, chance = 8 * MIB, random.Random(0)
    it = shelf(redis, most)
    wait_for(lambda: used_bytes(redis) is not None, "the end of an append-only file's renewal")
    before, highest = used_bytes(redis) or 0, 0
    for number in range(0, 8_000, 20):
        it.keep({row(each): cells(chance.choice([1, 4, 16, 200]), chance.choice([17, 60, 400]))
                 for each in range(number, number + 20)})  # fmt: skip
        highest = max(highest, (used_bytes(redis) or 0) - before)
    assert check_books(redis) <= most
    assert 0.8 * most < highest < 1.3 * most
    assert row(7_999) in rows_in(redis)
    assert row(0) not in rows_in(redis)


def used_bytes(redis: Redis) -> int | None:
    """But for what its append-only file needs for a moment; None while it writes that anew."""
    info = redis.info()
    return None if info["aof_rewrite_in_progress"] else info["used_memory"] - info["mem_aof_buffer"]


def test_the_longest_unused_goes_first(redis: Redis) -> None:
    it = shelf(redis, 100_000)
    for number in range(30):
        it.keep({row(number): cells(4)})
        it.used([row(0)])
    for number in range(30, 300):
        it.keep({row(number): cells(4)})
        it.used([row(0)])
    left = rows_in(redis)
    assert row(0) in left
    assert row(299) in left
    assert not left & {row(number) for number in range(1, 100)}


def test_what_was_not_used_for_too_long_goes(redis: Redis) -> None:
    it = shelf(redis)
    it.keep({row(1): cells(4), row(2): cells(4)})
    assert DAY - 60 < redis.ttl(cache_key(row(1))) <= DAY
    redis.zincrby(CACHE_INDEX, -DAY - 1, cache_key(row(1)))  # as if a day had passed
    it.keep({row(3): cells(4)})
    assert rows_in(redis) == {row(2), row(3)}
    check_books(redis)


def test_use_makes_it_last(redis: Redis) -> None:
    it = shelf(redis)
    it.keep({row(1): cells(4)})
    redis.expire(cache_key(row(1)), 5)
    redis.zincrby(CACHE_INDEX, -DAY + 5, cache_key(row(1)))
    it.used([row(1), row(2)])  # of the latter nothing is kept
    assert redis.ttl(cache_key(row(1))) > DAY - 60
    assert redis.zcard(CACHE_INDEX) == 1
    it.keep({row(3): cells(4)})
    assert rows_in(redis) == {row(1), row(3)}


def test_what_redis_has_dropped_by_itself_leaves_the_books_too(redis: Redis) -> None:
    it = shelf(redis)
    it.keep({row(1): cells(400)})
    full = check_books(redis)
    redis.delete(cache_key(row(1)))  # as it does with what has expired
    redis.zincrby(CACHE_INDEX, -DAY - 1, cache_key(row(1)))
    it.keep({row(2): cells(1)})
    assert check_books(redis) < full / 2
    assert redis.zcard(CACHE_INDEX) == 1


def test_a_row_that_grows_too_large_begins_anew(redis: Redis) -> None:
    it = shelf(redis, MIB)
    it.keep({row(1): cells(10), row(2): cells(10)})
    it.keep({row(1): cells(500, 400)})  # more than an eighth of all there is room for
    assert rows_in(redis) == {row(2)}
    it.keep({row(1): cells(10)})
    assert rows_in(redis) == {row(1), row(2)}
    check_books(redis)


def test_a_bound_that_was_lowered_holds_after_a_while(redis: Redis) -> None:
    shelf(redis).keep({row(number): cells(16) for number in range(2_000)})
    small = shelf(redis, 100_000)
    small.keep({row(5_000): cells(16)})
    assert check_books(redis) <= 100_000
    assert row(5_000) in rows_in(redis)


numbers = st.integers(0, 6)
steps = st.lists(
    st.tuples(st.just("keep"), st.dictionaries(numbers, st.integers(0, 60), min_size=1, max_size=4))
    | st.tuples(st.just("used"), st.dictionaries(numbers, st.just(0), max_size=3))
    | st.tuples(st.just("drop"), st.dictionaries(numbers, st.just(0), max_size=1)),
    max_size=15,
)


@GOES_ON
@given(steps, st.sampled_from([4_000, 20_000, MIB]))
def test_the_books_agree_whatever_happens(redis: Redis, several: list[tuple[str, dict[int, int]]], most: int) -> None:
    redis.flushall()
    it = shelf(redis, most)
    for what, about in several:
        if what == "keep":
            it.keep({row(number): cells(count) for number, count in about.items()})
            assert check_books(redis) <= most
        elif what == "used":
            it.used([row(number) for number in about])
        else:
            for number in about:
                redis.delete(cache_key(row(number)))
        check_books(redis)

"""The cache around real jails: what they say that may be the machine's doing is judged anew each time."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from crossjudge.contracts import Chunk, ChunkResult, Columns, Detail, Isolation, Limits, Order, Part, Row
from crossjudge.worker.cache.cached_pool import CachedPool
from crossjudge.worker.cache.claims import Claims
from crossjudge.worker.cache.shelf import Shelf
from crossjudge.worker.patience import connect
from crossjudge.worker.pool import JailPool
from judged_cells import SHORT

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

TEST = "assert f() == 1"
FINE = "def f(): return 1"
NOT_KEPT = {
    "a compiler that gives up": ("x = " + "f" + "(0)" * 100_000, "E"),
    "out of CPU time": ("def f():\n    while True: pass", "T"),
    "out of CPU time while loading": ("while True: pass", "T"),
    "out of memory": ("def f(): return len(bytearray(2_000_000_000))", "M"),
    "killed, who knows by whom": ("import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGKILL)", "C"),
}
KEPT = {
    "passed": (FINE, "P"),
    "failed": ("def f(): return 2", "F"),
    "an exception": ("def f(): raise KeyError('\udfff')", "E"),
    "an exception while loading": ("1 / 0", "E"),
    "text that does not compile": ("def f(:", "E"),
    "a crash": ("import os, signal\ndef f(): os.kill(os.getpid(), signal.SIGSEGV)", "C"),
    "another's text in quotes": (f"'''{FINE}'''", "E"),
}


@pytest.fixture
def judge(pool: JailPool, redis_url: str) -> Iterator[Any]:
    with connect(redis_url) as redis:
        cached = CachedPool(pool, Shelf(redis, most_bytes=1 << 24, keep_seconds=60), Claims(redis), b"r")

        def judge(solutions: list[str], prelude: str = "", test: str = TEST) -> ChunkResult:
            limits = Limits.model_validate(SHORT | {"cpu_seconds": 0.5})
            order = Order(run="r", limits=limits, isolation=Isolation.SPLIT, detail=[Detail.MESSAGES, Detail.OUTPUTS])
            columns = Columns.model_validate({"entry_point": None, "prelude": prelude, "tests": [test]})
            rows = [Row(solution=text) for text in solutions]
            chunk = Chunk(parts=[Part(problem=0, rows=rows)], cells=len(rows))
            return cached.judge(order, {0: columns}, chunk, threading.Event())

        yield judge


def letters(result: ChunkResult) -> str:
    return "".join(row.verdicts for row in result.parts[0].rows)


@pytest.mark.parametrize("solution", NOT_KEPT.values(), ids=NOT_KEPT)
def test_what_the_machine_may_have_caused_is_judged_each_time(judge: Any, solution: tuple[str, str]) -> None:
    text, letter = solution
    for _ in range(2):
        result = judge([text])
        assert (letters(result), result.executed) == (letter, 1)


def test_all_else_is_judged_once_and_answered_with_the_same_words(judge: Any, redis_url: str) -> None:
    texts, expected = [text for text, _ in KEPT.values()], "".join(letter for _, letter in KEPT.values())
    first, second = judge(texts), judge(texts)
    assert letters(first) == expected
    assert second.parts == first.parts
    assert (first.executed, second.executed, second.cpu_seconds) == (len(texts), 0, 0)
    with Redis.from_url(redis_url) as redis:
        assert len(redis.keys("crossjudge:cache:row:*")) == len(texts)


@pytest.mark.parametrize("prelude", ["def f(:", "x = " + "f" + "(0)" * 100_000])
def test_a_prelude_that_does_not_compile_is_said_each_time(judge: Any, prelude: str) -> None:
    first, second = judge([FINE], prelude), judge([FINE], prelude)
    assert second.parts == first.parts
    assert letters(first) == "E"


def test_a_test_that_does_not_compile_is_said_each_time(judge: Any) -> None:
    first, second = judge([FINE, "g = 1"], test="assert f("), judge([FINE, "g = 1"], test="assert f(")
    assert second.parts == first.parts
    assert second.executed == 0
    gives_up = "f" + "(0)" * 100_000
    assert [judge([FINE], test=gives_up).executed for _ in range(2)] == [1, 1]

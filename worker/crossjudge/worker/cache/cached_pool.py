"""A pool of jails that is asked only for what nobody has judged before, and nobody else is judging now.

No deadlock is possible. A claim never keeps anybody from judging: it only has others wait, for a bounded time, after
which they judge by themselves. And nobody waits while he holds a claim: claims are taken all at once without waiting,
what they are for is judged without looking at those of others, and they are given back before any waiting.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

import structlog
from redis.exceptions import RedisError

from crossjudge.contracts import Chunk, ChunkResult, Columns, Order
from crossjudge.worker.errors import Stopped
from crossjudge.worker.results import JudgedPart, chunk_result

from .chunk_work import ChunkWork, KnownRow, Plan
from .claims import Claims, Tests
from .shelf import Asked, Shelf

log = structlog.get_logger(__name__)

PATIENCE_S = 3.0
"""How long to wait for what others judge. Most chunks take less than a second; what takes far longer runs out of time,
and then is not kept."""

LOOK_S = 0.05
"""How long to wait before looking whether they have done."""


class Observer(Protocol):
    """What is needed of a pool of jails: what they say of each row of a chunk, part by part."""

    def observe(
        self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event
    ) -> list[JudgedPart]: ...


class CachedPool:
    """Judges chunks like the pool that it is around."""

    def __init__(self, pool: Observer, shelf: Shelf, claims: Claims, runtime: bytes) -> None:
        self._pool = pool
        self._shelf = shelf
        self._claims = claims
        self._runtime = runtime

    def judge(self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event) -> ChunkResult:
        """Judge all rows of a chunk. Raises `JailError` and `Stopped` as the pool does, and nothing of Redis's."""
        if not order.cache:
            return chunk_result(order, columns, chunk, self._pool.observe(order, columns, chunk, stop))
        work = ChunkWork(self._runtime, order, columns, chunk)
        visit = _Visit(self._shelf, self._claims, work, lambda asked: self._pool.observe(order, columns, asked, stop))
        visit.look_up(work.rows)
        visit.note_use()
        visit.judge_what_is_missing(stop)
        if unknown := work.rows_that_tell_of_tests():
            work.take_in(unknown, visit.observe(work.to_ask(unknown)))
        return work.result()


class _Visit:
    """One chunk's dealings with the cache. Once Redis has failed it is left alone, and the rest is judged without."""

    def __init__(
        self, shelf: Shelf, claims: Claims, work: ChunkWork, observe: Callable[[Chunk], list[JudgedPart]]
    ) -> None:
        self.observe = observe
        self._shelf = shelf
        self._claims = claims
        self._work = work
        self._is_away = False

    def look_up(self, rows: Sequence[KnownRow]) -> None:
        """Learn what is kept of rows."""
        if rows and not self._is_away:
            with self._forgiving():
                found = self._shelf.look_up([Asked(row.key, [row.tests[i] for i in row.wanted]) for row in rows])
                for row, values in zip(rows, found, strict=True):
                    self._work.read(row, values)

    def note_use(self) -> None:
        """Say which rows were of use."""
        if not self._is_away:
            with self._forgiving():
                self._shelf.used(list(dict.fromkeys(row.key for row in self._work.rows if row.cells)))

    def judge_what_is_missing(self, stop: threading.Event) -> None:
        """Judge what is not known, first what nobody else is at, and then what others have not made known in time."""
        deadline = None
        while left := [row for row in self._work.rows if not row.is_known]:
            is_patient = deadline is None or time.monotonic() < deadline
            with self._claim(left) as others:
                self.look_up(left)  # again: who held a claim until now has kept what came of it
                plan = self._work.plan(left, others if is_patient else {})
                if plan:
                    self._work.take_in(plan, self.observe(self._work.to_ask(plan)))
                    self._keep(plan)
            if not plan and not all(row.is_known for row in left):
                deadline = deadline or time.monotonic() + PATIENCE_S
                if stop.wait(LOOK_S):
                    raise Stopped("given up while waiting for what another worker judges")

    @contextmanager
    def _claim(self, rows: Sequence[KnownRow]) -> Iterator[dict[str, Tests]]:
        others: dict[str, Tests] = {}
        with ExitStack() as held:
            if not self._is_away:
                with self._forgiving():
                    others = held.enter_context(self._claims.hold(self._work.missing_tests(rows)))
            yield others

    def _keep(self, plan: Plan) -> None:
        kept = self._work.to_keep(plan)
        if kept and not self._is_away:
            with self._forgiving():
                self._shelf.keep(kept)

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        """A cache that fails costs time and nothing else."""
        try:
            yield
        except RedisError as error:
            log.warning("judging without the cache", error=str(error))
            self._is_away = True

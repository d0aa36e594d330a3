"""The parts that the endpoints work with, and how a batch goes in and is waited for."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from redis import Redis

from crossjudge.contracts import BatchStatus

from .accept import Acceptor
from .assemble import answer_pieces
from .authentication import Authentication
from .body import decode
from .caller import Caller
from .connections import connect, connect_sync
from .finished import StoredBatch
from .groups.barrier import Barrier
from .groups.results import Results
from .hub import Hub
from .ids import new_batch_id
from .intake import read_batch
from .lanes import Lane
from .metrics import Metrics
from .pace import Pace
from .protocol import say_protocol
from .quotas import QuotaKeeper
from .reaper import Reaper
from .settings import ServiceSettings
from .split import Plan, split
from .statistics import Statistics
from .store import Store

T = TypeVar("T")

_INTAKES_AT_ONCE = 4  # each may hold a body several times over while it reads it
_ANSWERS_AT_ONCE = 4  # pieces of answers that are being made; how many are being sent nothing bounds


@dataclass(frozen=True)
class Core:
    """One running service."""

    settings: ServiceSettings
    store: Store
    acceptor: Acceptor
    authentication: Authentication
    quotas: QuotaKeeper
    hub: Hub
    metrics: Metrics
    statistics: Statistics
    connection: Redis
    """Synchronous and in bytes, for what works in threads."""
    intakes: CapacityLimiter
    answers: CapacityLimiter
    barrier: Barrier
    results: Results

    async def take_in(self, raw: bytes, encoding: str | None, key: str | None, caller: Caller) -> str:
        """Read a body and enqueue the batch in it; the batch's id. In a thread, since bodies may be large."""
        return await to_thread.run_sync(partial(self._take_in, raw, encoding, key, caller), limiter=self.intakes)

    def _take_in(self, raw: bytes, encoding: str | None, key: str | None, caller: Caller) -> str:
        data = decode(raw, encoding, self.settings.max_body_bytes)
        digest = hashlib.sha256(data).hexdigest()
        if (first := self.acceptor.earlier(caller.tenant, key, digest)) is not None:
            return first
        plan, lane, pace = self._plan(data, caller)
        del data  # what is written is all in the plan
        now = time.time()
        batch = new_batch_id(now)
        with self.quotas.room(caller, batch, plan.cells_total) as room:
            taken = self.acceptor.accept(batch, now, plan, lane, pace.waiting, key, digest)
            room.is_taken = taken == batch
        if taken == batch:
            self.metrics.batches.inc()
            self.metrics.asked.inc(plan.cells_total)
        return taken

    def _plan(self, data: bytes, caller: Caller) -> tuple[Plan, Lane, Pace]:
        stated = read_batch(data, self.settings)
        lane = Lane(caller.tenant, stated.run, stated.priority, share=caller.weight, weight=stated.weight)
        pace = self.acceptor.pace(lane.scope)
        return split(stated, self.settings, pace), lane, pace

    async def wait(self, batch: str, seconds: float) -> BatchStatus:
        """The state of a batch as soon as it is final, or after that time; without its problems."""
        deadline = time.monotonic() + seconds
        with self.hub.watch(batch) as watch:
            status = await self.store.status(batch)
            while not status.status.is_final and not self.hub.is_closing:
                if (left := deadline - time.monotonic()) <= 0:
                    break
                try:
                    event, read_again = await watch.next(left)
                except TimeoutError:
                    return await self.store.status(batch)
                if read_again or (event is not None and event.status.is_final):
                    status = await self.store.status(batch)
        return status

    def pieces(self, status: BatchStatus) -> Iterator[bytes]:
        """The answer for a final batch, as JSON."""
        batch = StoredBatch(self.connection, status)
        yield from answer_pieces(status, batch.problems(), batch.order, batch.results)

    async def in_thread(self, make: Callable[..., T], *given: object) -> T:
        """What is made of a stored batch, beside the answers that are being made."""
        return await to_thread.run_sync(partial(make, self.connection, *given), limiter=self.answers)


@asynccontextmanager
async def running(settings: ServiceSettings, metrics: Metrics) -> AsyncIterator[Core]:
    """A service with its connections and its background tasks, for as long as the block runs."""
    connection, listening = connect(settings.redis_url), connect(settings.redis_url)
    enqueuing = connect_sync(settings.redis_url)
    hub = Hub(listening)
    store, acceptor = Store(connection), Acceptor(enqueuing, settings)
    tasks = [
        asyncio.create_task(say_protocol(connection), name="protocol"),
        asyncio.create_task(hub.listen(), name="hub"),
        asyncio.create_task(Reaper(connection, enqueuing, settings).run(), name="reaper"),
    ]
    try:
        yield Core(
            settings, store, acceptor, Authentication(connection, required=settings.require_keys),
            QuotaKeeper(enqueuing, settings), hub, metrics, Statistics(connection, enqueuing, store), enqueuing,
            CapacityLimiter(_INTAKES_AT_ONCE), CapacityLimiter(_ANSWERS_AT_ONCE),
            Barrier(connection, settings), Results(),
        )  # fmt: skip
    finally:
        hub.release()
        await _cancelled(tasks)
        await connection.aclose()
        await listening.aclose()
        enqueuing.close()


async def _cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Until they have ended. What a task waits for may swallow a cancellation: it is then told again."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=1.0)
        await asyncio.gather(*done, return_exceptions=True)  # what they ended with is of no interest

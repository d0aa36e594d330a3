"""The parts that the endpoints work with, and how a batch goes in and is waited for."""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from anyio import CapacityLimiter, to_thread
from redis import Redis

from crossjudge.contracts import BatchStatus
from crossjudge.contracts.queue import batch_key

from .accept import Acceptor
from .assemble import answer_pieces
from .body import decode
from .connections import connect, connect_sync
from .finished import FinishedBatch
from .groups.barrier import Barrier
from .groups.results import Results
from .hub import Hub
from .ids import new_batch_id
from .intake import read_batch
from .metrics import Metrics
from .reaper import Reaper
from .settings import ServiceSettings
from .split import Plan, split
from .store import Store

_INTAKES_AT_ONCE = 4  # each may hold a body several times over while it reads it
_ANSWERS_AT_ONCE = 4  # pieces of answers that are being made; how many are being sent nothing bounds


@dataclass(frozen=True)
class Core:
    """One running service."""

    settings: ServiceSettings
    store: Store
    acceptor: Acceptor
    hub: Hub
    metrics: Metrics
    connection: Redis
    """Synchronous and in bytes, for what works in threads."""
    intakes: CapacityLimiter
    answers: CapacityLimiter
    barrier: Barrier
    results: Results

    async def take_in(self, raw: bytes, encoding: str | None, key: str | None) -> str:
        """Read a body and enqueue the batch in it; the batch's id. In a thread, since bodies may be large."""
        return await to_thread.run_sync(partial(self._take_in, raw, encoding, key), limiter=self.intakes)

    def _take_in(self, raw: bytes, encoding: str | None, key: str | None) -> str:
        data = decode(raw, encoding, self.settings.max_body_bytes)
        digest = hashlib.sha256(data).hexdigest()
        if (first := self.acceptor.earlier(key, digest)) is not None:
            return first
        plan = self._plan(data)
        del data  # what is written is all in the plan
        now = time.time()
        batch = new_batch_id(now)
        taken = self.acceptor.accept(batch, now, plan, key, digest)
        if taken == batch:
            self.metrics.batches.inc()
            self.metrics.asked.inc(plan.cells_total)
        return taken

    def _plan(self, data: bytes) -> Plan:
        stated = read_batch(data, self.settings)
        return split(stated, self.settings, self.acceptor.pace(stated.run))

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
        """The answer for a final batch, as JSON; its verdicts are counted the first time that somebody reads it all."""
        tally: Counter[str] = Counter()
        batch = FinishedBatch(self.connection, status)
        yield from answer_pieces(status, batch.problems(), batch.order, batch.results, tally)
        if self.connection.hsetnx(batch_key(status.id), "counted", "1"):
            self.metrics.count_cells(tally)


@asynccontextmanager
async def running(settings: ServiceSettings, metrics: Metrics) -> AsyncIterator[Core]:
    """A service with its connections and its background tasks, for as long as the block runs."""
    connection, listening = connect(settings.redis_url), connect(settings.redis_url)
    enqueuing = connect_sync(settings.redis_url)
    hub = Hub(listening)
    store, acceptor = Store(connection), Acceptor(enqueuing, settings)
    tasks = [
        asyncio.create_task(hub.listen(), name="hub"),
        asyncio.create_task(Reaper(connection, enqueuing, settings).run(), name="reaper"),
    ]
    try:
        yield Core(
            settings, store, acceptor, hub, metrics, enqueuing,
            CapacityLimiter(_INTAKES_AT_ONCE), CapacityLimiter(_ANSWERS_AT_ONCE),
            Barrier(connection, settings), Results(),
        )  # fmt: skip
    finally:
        hub.release()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await connection.aclose()
        await listening.aclose()
        enqueuing.close()

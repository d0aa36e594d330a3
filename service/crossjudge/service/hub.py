"""Wakes whoever waits for a batch or a group: one subscription for the whole process, and nobody polls.

A waiter opens its watch, then reads the state, then waits: what happens in between has set the watch already. Where the
connection to Redis was lost, all watches are set once it is back, because something may have been missed.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from crossjudge.contracts.queue import EVENTS, Event

from .groups.barrier import GROUP_EVENTS

_BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)

log = structlog.get_logger(__name__)


class Watch:
    """What one waiter sees of one batch, or of one group."""

    def __init__(self) -> None:
        self._set = asyncio.Event()
        self._latest: Event | None = None
        self._read_again = False

    def tell(self, event: Event | None) -> None:
        """Note the event; none means that some may have been missed."""
        if event is None:
            self._read_again = True
        else:
            self._latest = event
        self._set.set()

    async def next(self, timeout_s: float) -> tuple[Event | None, bool]:
        """The latest event since the last call, if any, and whether the state should be read again.

        Raises `TimeoutError`.
        """
        async with asyncio.timeout(timeout_s):
            await self._set.wait()
        self._set.clear()
        latest, self._latest = self._latest, None
        read_again, self._read_again = self._read_again, False
        return latest, read_again


class Hub:
    """The one listener of a process, and all watches."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection
        self._watches: dict[str, set[Watch]] = defaultdict(set)
        self.is_closing = False

    @contextmanager
    def watch(self, batch: str) -> Iterator[Watch]:
        """A watch on one batch, or on one group, for as long as the block runs."""
        watch = Watch()
        self._watches[batch].add(watch)
        try:
            yield watch
        finally:
            self._watches[batch].discard(watch)
            if not self._watches[batch]:
                del self._watches[batch]

    @property
    def waiting(self) -> int:
        """How many watches are open."""
        return sum(len(watches) for watches in self._watches.values())

    def release(self) -> None:
        """The service stops: everyone is to answer with what there is."""
        self.is_closing = True
        self._tell_all()

    async def listen(self) -> None:
        """Run until cancelled; reconnects by itself."""
        failures = 0
        while True:
            try:
                async with self._connection.pubsub(ignore_subscribe_messages=False) as subscription:
                    await subscription.subscribe(EVENTS, GROUP_EVENTS)
                    async for event in self._events(subscription):
                        failures = 0
                        self._tell(event)
            except (RedisError, OSError) as error:
                pause = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
                failures += 1
                log.warning("no events from Redis", error=str(error), retry_in_s=pause)
                await asyncio.sleep(pause)

    async def _events(self, subscription: PubSub) -> AsyncIterator[Event | None]:
        while True:
            message = await subscription.get_message(timeout=None)
            if message is None:
                continue
            if message["type"] == "subscribe":  # also after redis-py has reconnected by itself
                yield None
            elif message["type"] == "message" and message["channel"] == GROUP_EVENTS:
                self._tell_to_read(message["data"])
            elif message["type"] == "message":
                try:
                    yield Event.model_validate_json(message["data"])
                except ValidationError as error:
                    log.warning("an event that is none", error=str(error))

    def _tell(self, event: Event | None) -> None:
        if event is None:
            self._tell_all()
            return
        for watch in self._watches.get(event.batch, ()):
            watch.tell(event)

    def _tell_to_read(self, name: str) -> None:
        for watch in self._watches.get(name, ()):
            watch.tell(None)

    def _tell_all(self) -> None:
        for watches in self._watches.values():
            for watch in watches:
                watch.tell(None)

"""The stream of `AsyncClient`: a task a batch in flight."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Protocol

from crossjudge.contracts import BatchStatus

from . import _flows as flows
from ._batching import OnRefused, Refusal, Task
from ._flows import Flow, Result, Rules
from ._settings import Order
from ._stream import accepted
from .grid import Grid


class AsyncDrive(Protocol):
    async def __call__(self, flow: Flow[Result]) -> Result: ...


class AsyncStreaming:
    """One call of `stream`: the batches in flight."""

    def __init__(self, rules: Rules, drive: AsyncDrive, order: Order, poll: float) -> None:
        self._rules, self._drive, self._order, self._poll = rules, drive, order, poll
        self._alive: set[str] = set()  # ids of batches that are not final
        self._running: set[asyncio.Task[list[Grid | Refusal]]] = set()
        self._reading: asyncio.Task[list[Task] | None] | None = None
        self._is_read = False

    async def run(
        self,
        source: AsyncIterator[list[Task]],
        in_flight: int,
        on_refused: OnRefused | None,
        on_status: Callable[[BatchStatus], None] | None,
    ) -> AsyncGenerator[Grid]:
        """Keep `in_flight` batches at the service, and yield the grids of each that finishes.

        The source is read beside the batches that run: a slow one does not hold their grids back.
        """
        try:
            while self._read_on(source, in_flight) or self._running:
                finished = await self._next_finished(on_status)
                # The places of finished batches are filled before their grids are handed out: the caller may be slow.
                self._read_on(source, in_flight)
                for task in finished:
                    for grid in accepted(task.result(), on_refused):
                        yield grid
        finally:
            await self._leave(source)

    def _read_on(self, source: AsyncIterator[list[Task]], in_flight: int) -> bool:
        """Ask the source for one more batch where there is room for it; False when nothing is being read."""
        if self._reading is None and not self._is_read and len(self._running) < in_flight:
            self._reading = asyncio.ensure_future(_next(source))
        return self._reading is not None

    async def _next_finished(
        self, on_status: Callable[[BatchStatus], None] | None
    ) -> set[asyncio.Task[list[Grid | Refusal]]]:
        """Wait for a batch to finish or to be read. What was read is started."""
        waiting_for: set[asyncio.Task[Any]] = {*self._running, *([self._reading] if self._reading else [])}
        done, _ = await asyncio.wait(waiting_for, return_when=asyncio.FIRST_COMPLETED)
        if self._reading in done:
            tasks, self._reading = self._reading.result(), None
            if tasks is None:
                self._is_read = True
            else:
                self._running.add(asyncio.ensure_future(self._judge(tasks, on_status)))
        finished = self._running & done
        self._running -= finished
        return finished

    async def _judge(self, tasks: list[Task], on_status: Callable[[BatchStatus], None] | None) -> list[Grid | Refusal]:
        def seen(status: BatchStatus) -> None:
            (self._alive.discard if status.status.is_final else self._alive.add)(status.id)
            if on_status is not None:
                on_status(status)

        return await self._drive(flows.judge(self._rules, self._order, tasks, self._poll, seen))

    async def _leave(self, source: AsyncIterator[list[Task]]) -> None:
        """End the tasks, and cancel their batches. A POST that is cancelled on its way is lost track of; it expires."""
        tasks: list[asyncio.Task[Any]] = [*self._running, *([self._reading] if self._reading else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._drive(flows.abandon(self._rules, self._alive))
        if close := getattr(source, "aclose", None):
            await close()


async def _next(source: AsyncIterator[list[Task]]) -> list[Task] | None:
    return await anext(source, None)

"""Coroutines of one side that are awaited on the other. Each side has an event loop of its own.

Who awaits asks the other side to start a task, and from then on, for as long as anything is awaited, has it take one
turn of its loop now and then; what has finished comes back with the answer. While it is asked to take turns a side may
itself wait for something of the first: what has finished there goes along with the question.
"""

import contextlib
import types
import weakref
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from . import operators, policy

if TYPE_CHECKING:
    from .peer import Peer

_LONGEST_PAUSE_SECONDS = 0.005


class Awaiting:
    """What this side awaits of the other, and what it runs for it."""

    def __init__(self, peer: "Peer") -> None:
        self._peer = peer
        self._loop: Any = None
        self._running: dict[int, Any] = {}
        self._finished: list[tuple[int, str, Any]] = []
        self._awaited: dict[int, Any] = {}
        self._next = 0
        self._cancelled: set[int] = set()
        """What this side itself wants to end."""
        self._pump: Any = None
        self._homes: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()

    def home_of(self, value: Any) -> int | None:
        """The number of the other side's coroutine that a coroutine of this side stands for."""
        return self._homes.get(value) if type(value) is types.CoroutineType else None

    def as_awaitable(self, mirror: Any) -> Any:
        """A real coroutine for the mirror of one, so that every event loop takes it; any other mirror as it is."""
        if mirror.__class__ is not types.CoroutineType:
            return mirror
        space = operators.raw_dict(mirror)
        found: Any = space["coroutine"]() if "coroutine" in space else None
        if found is None:
            found = self._bridge(mirror)
            found.__name__ = found.__qualname__ = type(mirror).__name__
            self._homes[found] = operators.handle_of(mirror).number
            space["coroutine"] = weakref.ref(found)
        return found

    async def _bridge(self, mirror: Any) -> Any:
        return await _Waiting(self, mirror)

    def wait(self, mirror: Any) -> Generator[Any, Any, Any]:
        """Await an object of the other side in the running loop of this one."""
        import asyncio

        loop = asyncio.get_running_loop()
        self._next += 1
        number = self._next
        future = self._awaited[number] = loop.create_future()
        self._peer.ask("task", number, mirror)
        if self._pump is None or self._pump.done() or self._pump.get_loop() is not loop:
            self._pump = loop.create_task(self._take_turns())
        try:
            while True:
                try:
                    return (yield from future)
                except asyncio.CancelledError:
                    if number not in self._awaited:  # it was cancelled over there
                        raise
                    future = self._awaited[number] = loop.create_future()  # what it does about it is waited for
                    self._cancelled.add(number)
                    self._peer.ask("cancel", number)
        finally:
            if self._awaited.pop(number, None) is not None:
                self._peer.ask("cancel", number)

    async def _take_turns(self) -> None:
        import asyncio

        while self._awaited:
            finished, pause = self._peer.ask("step", self._take_finished())
            self._settle(finished)
            with contextlib.suppress(asyncio.CancelledError):  # as when all tasks are, while those of there are ending
                await asyncio.sleep(0 if finished else min(pause, _LONGEST_PAUSE_SECONDS))

    def _settle(self, finished: list[tuple[int, str, Any]]) -> None:
        import asyncio

        for number, how, value in finished:
            future = self._awaited.pop(number, None)
            if future is None or future.done():
                continue
            if how == "cancelled" and number in self._cancelled:
                future.cancel()
                continue
            if how == "cancelled":
                how, value = "raised", asyncio.CancelledError("on the other side")
            if how == "raised" and self._peer.is_guarded:
                value = policy.as_raised(value, self._peer.foreseen)
            if how == "raised" and not isinstance(value, asyncio.CancelledError):
                future.set_exception(value)
            elif how == "raised":
                future.cancel()
            else:
                future.set_result(value)

    def _take_finished(self) -> list[tuple[int, str, Any]]:
        taken, self._finished = self._finished, []
        return taken

    # What the other side asks for

    def start(self, number: int, awaitable: Any) -> None:
        """Run an awaitable of this side as a task."""
        import asyncio

        task = asyncio.ensure_future(awaitable, loop=self._current_loop())
        self._running[number] = task
        task.add_done_callback(lambda done: self._note(number, done))

    def _note(self, number: int, task: Any) -> None:
        self._running.pop(number, None)
        if task.cancelled():
            self._finished.append((number, "cancelled", None))
        elif task.exception() is not None:
            self._finished.append((number, "raised", task.exception()))
        else:
            self._finished.append((number, "returned", task.result()))

    def step(self, finished: list[tuple[int, str, Any]]) -> tuple[list[tuple[int, str, Any]], float]:
        """Take one turn of the loop; what has finished, and for how long nothing is due."""
        import asyncio

        self._settle(finished)
        loop = self._current_loop()
        if not loop.is_running():
            loop.call_soon(loop.stop)
            asyncio._set_running_loop(None)
            loop.run_forever()
        return self._take_finished(), _pause(loop)

    def cancel(self, number: int) -> None:
        """The other side waits for it no longer."""
        task = self._running.get(number)
        if task is not None:
            task.cancel()

    def _current_loop(self) -> Any:
        import asyncio

        running = asyncio._get_running_loop()
        if running is not None:
            return running
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop


def _pause(loop: Any) -> float:
    if loop._ready:
        return 0.0
    due = loop._scheduled[0]._when - loop.time() if loop._scheduled else _LONGEST_PAUSE_SECONDS
    return max(0.0, due)


class _Waiting:
    def __init__(self, awaiting: Awaiting, mirror: Any) -> None:
        self._awaiting, self._mirror = awaiting, mirror

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._awaiting.wait(self._mirror)

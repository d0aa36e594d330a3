"""The blocking stream: a thread a batch in flight. All callbacks run in the caller's thread."""

import threading
from collections.abc import Callable, Generator, Iterator
from queue import SimpleQueue
from typing import Protocol

from crossjudge.contracts import BatchStatus

from . import _flows as flows
from ._batching import OnRefused, Refusal, Task
from ._flows import Flow, Result, Rules
from ._settings import Order
from .grid import Grid

LEAVING_SECONDS = 5.0
"""How long a closed stream waits for its threads. They are daemons: a service that hangs does not hold the program."""


class Stopped(Exception):
    """The stream was closed while this thread was at work. Never reaches a caller."""


class Drive(Protocol):
    def __call__(self, flow: Flow[Result], pause: Callable[[float], None] = ...) -> Result: ...


class Streaming:
    """One call of `stream`: the batches in flight, and what they have to say."""

    def __init__(self, rules: Rules, drive: Drive, order: Order, poll: float) -> None:
        self._rules, self._drive, self._order, self._poll = rules, drive, order, poll
        self._news: SimpleQueue[BatchStatus | list[Grid | Refusal] | BaseException] = SimpleQueue()
        self._stop = threading.Event()
        self._alive: set[str] = set()  # ids of batches that are not final
        self._threads: list[threading.Thread] = []

    def run(
        self,
        source: Iterator[list[Task]],
        in_flight: int,
        on_refused: OnRefused | None,
        on_status: Callable[[BatchStatus], None] | None,
    ) -> Generator[Grid]:
        """Keep `in_flight` batches at the service, and yield the grids of each that finishes."""
        running = 0
        parts: list[Grid | Refusal] = []
        try:
            while True:
                # The place of a finished batch is filled before its grids are handed out: the caller may be slow.
                while running < in_flight and (tasks := next(source, None)) is not None:
                    self._start(tasks)
                    running += 1
                yield from accepted(parts, on_refused)
                if not running:
                    return
                parts = self._next_finished(on_status)
                running -= 1
        finally:
            self._leave()

    def _next_finished(self, on_status: Callable[[BatchStatus], None] | None) -> list[Grid | Refusal]:
        while True:
            news = self._news.get()
            if isinstance(news, BaseException):
                raise news
            if isinstance(news, list):
                return news
            if on_status is not None:
                on_status(news)

    def _start(self, tasks: list[Task]) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._work, args=(tasks,), name="crossjudge-stream", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, tasks: list[Task]) -> None:
        try:
            self._news.put(
                self._drive(flows.judge(self._rules, self._order, tasks, self._poll, self._seen), self._pause)
            )
        except Stopped:
            self._abandon()
        except BaseException as error:  # it is the caller's thread that raises it
            self._news.put(error)

    def _seen(self, status: BatchStatus) -> None:
        (self._alive.discard if status.status.is_final else self._alive.add)(status.id)
        self._news.put(status)
        if self._stop.is_set():
            raise Stopped

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise Stopped

    def _leave(self) -> None:
        """End the threads. One in a long poll is answered as soon as its batch is cancelled."""
        self._stop.set()
        self._abandon()
        for thread in self._threads:
            thread.join(LEAVING_SECONDS)

    def _abandon(self) -> None:
        self._drive(flows.abandon(self._rules, self._alive))


def accepted(parts: list[Grid | Refusal], on_refused: OnRefused | None) -> Iterator[Grid]:
    """The grids; what was refused is told to `on_refused`, and without one raised after the grids beside it."""
    refusals = [part for part in parts if isinstance(part, Refusal)]
    yield from (part for part in parts if isinstance(part, Grid))
    for refusal in refusals:
        if on_refused is None:
            raise refusal.error
        on_refused(refusal.index, refusal.error)

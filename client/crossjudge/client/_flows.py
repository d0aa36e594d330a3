"""What the client does, as generators that do no input or output themselves.

A flow yields what it needs done, a `Request` to send or a `Pause` to make, gets the answer back, and returns its
result. `_sync` and `_async` each drive the same flows, so that both behave alike.
"""

import random
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from crossjudge.contracts import BatchState, BatchStatus, GroupSample, Problem, SampleAnswer, SampleState

from . import _protocol as protocol
from ._batching import Refusal, Task, halves
from ._check import batch_of
from ._protocol import Failure, Request, Response
from ._retry import Patience, Streak, is_retried
from ._settings import Order
from .errors import (
    BatchCancelled,
    BatchFailed,
    ConnectionFailed,
    CrossjudgeError,
    InvalidRequest,
    ProtocolError,
    TooLarge,
    WaitTimeout,
)
from .grid import Grid

Model = TypeVar("Model", bound=BaseModel)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Pause:
    seconds: float


POLL = 25.0
"""Seconds of one long poll; proxies often cut a request at 30 or 60."""
POLL_FOR_PROGRESS = 1.0
CELLS_PER_BATCH = 4000
IN_FLIGHT = 4

Flow = Generator[Request | Pause, Response | Failure | None, Result]


@dataclass(frozen=True)
class Rules:
    """What all flows of one client go by."""

    url: str
    patience: Patience
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random


def ask(rules: Rules, request: Request, model: type[Model], patience: Patience | None = None) -> Flow[Model]:
    """Send a request, again where that is worth it, and read its answer."""
    streak = Streak(patience or rules.patience, rules.chance)
    while True:
        answer = yield request
        status = answer.status if isinstance(answer, Response) else None
        if isinstance(answer, Response) and not is_retried(status):
            return protocol.read(answer, request, model)
        retry_after = protocol.retry_after_of(answer) if isinstance(answer, Response) else None
        pause = streak.pause_after(status, retry_after, rules.clock())
        if pause is None:
            raise _out_of_patience(answer, request, rules.url, streak.failures)
        yield Pause(pause)


def _out_of_patience(answer: Response | Failure | None, request: Request, url: str, attempts: int) -> CrossjudgeError:
    if isinstance(answer, Response):
        error = protocol.error_of(answer, request)
    else:
        reason = answer.reason if isinstance(answer, Failure) else "no answer"
        error = ConnectionFailed(f"no answer from {url} ({reason})")
    error.attempts = attempts
    return error


def submit(
    rules: Rules, order: Order, problems: Sequence[Problem], wait: float = 0.0, patience: Patience | None = None
) -> Flow[BatchStatus]:
    request = protocol.post_batch(batch_of(order, problems), wait)
    return (yield from ask(rules, request, BatchStatus, patience))


def matrix(rules: Rules, order: Order, problem: Problem, poll: float, timeout: float | None) -> Flow[Grid]:
    """One problem as one batch, waited for. Raises `WaitTimeout`, and `BatchError` where there is no result."""
    asked_at = rules.clock()
    first_wait = poll if timeout is None else max(0.0, min(poll, timeout))
    status = yield from submit(rules, order, [problem], first_wait, rules.patience.within(timeout))
    left = None if timeout is None else timeout - (rules.clock() - asked_at)
    status = yield from wait(rules, status, poll, left)
    return judged(status, 1)[0]


def wait(
    rules: Rules,
    status: BatchStatus,
    poll: float,
    timeout: float | None = None,
    seen: Callable[[BatchStatus], None] = lambda status: None,
) -> Flow[BatchStatus]:
    """Ask for a batch by long polls of at most `poll` seconds, until it is final. `seen` is told of each answer.

    Raises `WaitTimeout` after `timeout` seconds.
    """
    deadline = None if timeout is None else rules.clock() + timeout
    while True:
        seen(status)
        if status.status.is_final:
            return status
        asked_at = rules.clock()
        left = None if deadline is None else deadline - asked_at
        if left is not None and left <= 0:
            counts = f"{status.cells.done} of {status.cells.total} cells are done"
            raise WaitTimeout(f"batch {status.id} was not finished in time: {counts}", batch=status.id)
        request = protocol.get_batch(status.id, poll if left is None else min(poll, left))
        with naming(status.id):
            status = yield from ask(rules, request, BatchStatus, rules.patience.within(left))
        # A service (or a proxy's cache) that answers long polls at once must not make us spin.
        early = min(request.wait, 1.0) - (rules.clock() - asked_at)
        if not status.status.is_final and early > 0:
            yield Pause(early)


def sample(rules: Rules, key: str, stated: GroupSample, poll: float, timeout: float | None) -> Flow[SampleAnswer]:
    """One sample of a group, sent again and again under its name until the group is judged.

    Raises `WaitTimeout` after `timeout` seconds.
    """
    deadline = None if timeout is None else rules.clock() + timeout
    request = protocol.post_sample(key, stated)
    while True:
        asked_at = rules.clock()
        left = None if deadline is None else max(0.0, deadline - asked_at)
        waiting = protocol.waiting_for(request, poll if left is None else min(poll, left))
        answer = yield from ask(rules, waiting, SampleAnswer, rules.patience.within(left))
        if answer.status is SampleState.JUDGED:
            return answer
        if left is not None and left <= waiting.wait:
            raise WaitTimeout(
                f"sample {answer.sample!r} was not judged in time: {answer.came} of {answer.size} samples have come",
                batch=answer.batch,
            )
        if (early := min(waiting.wait, 1.0) - (rules.clock() - asked_at)) > 0:  # or a service that ends makes us spin
            yield Pause(early)


class naming:
    """Puts a batch's id on the errors that pass through."""

    def __init__(self, batch: str) -> None:
        self.batch = batch

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, CrossjudgeError) and error.batch is None:
            error.batch = self.batch


def grids_of(status: BatchStatus, expected: int | None = None) -> list[Grid]:
    """The grids of a final batch, in the order of its problems. A cancelled one has S where nothing ran.

    Raises `BatchFailed`, `BatchCancelled` or `ProtocolError` where it has no results.
    """
    results = status.problems
    if status.status is BatchState.FAILED:
        raise BatchFailed(f"batch {status.id} failed: {status.error or 'no reason given'}", batch=status.id)
    if results is None and status.status is BatchState.CANCELLED:
        raise BatchCancelled(f"batch {status.id} was cancelled", batch=status.id)
    if results is None or (expected is not None and len(results) != expected):
        count = "no" if results is None else len(results)
        raise ProtocolError(f"batch {status.id} is {status.status} with {count} results", batch=status.id)
    return [Grid(result, index=index, batch=status.id) for index, result in enumerate(results)]


def judged(status: BatchStatus, expected: int) -> list[Grid]:
    """The grids of a batch that ran to its end. Raises like `grids_of`, and for a cancelled batch always."""
    if status.status is BatchState.CANCELLED:
        raise BatchCancelled(f"batch {status.id} was cancelled", batch=status.id)
    return grids_of(status, expected)


def judge(
    rules: Rules, order: Order, tasks: Sequence[Task], poll: float, seen: Callable[[BatchStatus], None]
) -> Flow[list[Grid | Refusal]]:
    """Judge some problems as one batch. One that the service refuses is found by halving; the others are judged.

    What is no single problem's fault (no connection, a wrong key, over quota) is raised.
    """
    try:
        first = yield from submit(rules, order, [task.problem for task in tasks])
        final = yield from wait(rules, first, poll, seen=seen)
        grids = judged(final, len(tasks))
    except (InvalidRequest, TooLarge, BatchFailed) as error:
        if not _blames_a_problem(error):
            raise
        refused = error
    else:
        return [Grid(grid.result, index=task.index, batch=grid.batch) for grid, task in zip(grids, tasks, strict=True)]
    if len(tasks) == 1:
        return [Refusal.of(tasks[0], refused)]
    parts: list[Grid | Refusal] = []
    for half in halves(tasks):
        parts += yield from judge(rules, order, half, poll, seen)
    return parts


def _blames_a_problem(error: CrossjudgeError) -> bool:
    """False where the order is at fault (`$.limits`, `$.run`): every problem would be refused for the same reason."""
    return not error.violations or any(v.path == "$" or v.path.startswith("$.problems") for v in error.violations)


def status(rules: Rules, batch: BatchStatus | str) -> Flow[BatchStatus]:
    with naming(batch_id(batch)):
        return (yield from ask(rules, protocol.get_batch(batch_id(batch)), BatchStatus))


def cancel(rules: Rules, batch: BatchStatus | str) -> Flow[BatchStatus]:
    with naming(batch_id(batch)):
        return (yield from ask(rules, protocol.delete_batch(batch_id(batch)), BatchStatus))


def abandon(rules: Rules, batches: set[str]) -> Flow[None]:
    """Cancel what nobody waits for any more; one try each, for whoever does this is leaving. Empties `batches`."""
    while batches:
        request = protocol.delete_batch(batches.pop(), answer_within=5.0)
        yield request  # whatever the answer, there is nothing more to do: the batch ends and expires by itself


def wait_for(rules: Rules, batch: BatchStatus | str, timeout: float | None) -> Flow[BatchStatus]:
    """`wait`, given an id or a status of any age."""
    if isinstance(batch, BatchStatus) and batch.problems is not None:
        return batch
    now = yield from status(rules, batch)
    return (yield from wait(rules, now, POLL, timeout))


def batch_id(batch: BatchStatus | str) -> str:
    return batch if isinstance(batch, str) else batch.id

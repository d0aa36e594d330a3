"""The jails of one worker process: rows go to whichever is free, verdicts come back as a chunk's result."""

import itertools
import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crossjudge.contracts import Chunk, ChunkResult, Columns, Detail, Order, Row

from . import cgroups, quiet
from .errors import JailError
from .outcome import ColumnsAnswer, RowAnswer
from .results import JudgedPart, chunk_result
from .sandbox import Jail
from .settings import WorkerSettings

_BAND = 1.2  # how far over a time limit a cell may be and still be judged again alone
_OF_ONE_PROCESS = {Detail.TIMINGS, Detail.STDOUT}
"""Details that are known only of a process that has a cell to itself."""
_Model = TypeVar("_Model", bound=BaseModel)


class JailPool:
    """Some jails, started before the first chunk and replaced when they break."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._free: queue.SimpleQueue[Jail | None] = queue.SimpleQueue()
        """A place for each jail; None where the last one broke and the next has yet to be started."""
        self._threads = ThreadPoolExecutor(settings.jails, thread_name_prefix="jail")
        self._numbers = itertools.count()
        self.jail_starts = 0
        """How many jails have been started so far, for the statistics."""

    def start(self) -> None:
        """Start the jails. Raises `JailError` with what to mend where they cannot."""
        cgroups.sweep(self._settings.cgroup)
        for _ in range(self._settings.jails):
            self._free.put(self._new_jail())

    def judge(self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event) -> ChunkResult:
        """Judge all rows of a chunk; `columns` holds the tests of each problem that it has rows of.

        Raises what `observe` raises.
        """
        return chunk_result(order, columns, chunk, self.observe(order, columns, chunk, stop))

    def observe(
        self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event
    ) -> list[JudgedPart]:
        """What the jails say of all rows of a chunk, part by part.

        Raises `JailError` when our side broke, `Stopped` when `stop` was set; the jails concerned have been replaced.
        """
        work = _Work(order, columns, chunk, stop)
        lanes = min(self._settings.jails, work.left.qsize())
        tasks = [self._threads.submit(self._run_lane, work.run_in) for _ in range(lanes)]
        done, _ = wait(tasks, return_when=FIRST_EXCEPTION)
        if any(task.exception() for task in done):
            work.gave_up.set()
        wait(tasks)
        for task in tasks:
            task.result()  # raises what a lane raised, now that all have ended
        if work.close_calls:
            self._threads.submit(self._run_lane, work.judge_again).result()
        return work.judged()

    def close(self) -> None:
        """Stop every jail that is free; those that still judge end with their chunk."""
        self._threads.shutdown(wait=True)
        while not self._free.empty():
            if (jail := self._free.get()) is not None:
                jail.close()

    def _new_jail(self) -> Jail:
        jail = Jail(self._settings, next(self._numbers))
        try:
            jail.start()
        except BaseException:
            jail.close()
            raise
        self.jail_starts += 1  # a lane that starts one at this very moment may have its own go uncounted
        return jail

    def _run_lane(self, judge: Callable[[Jail], None]) -> None:
        """Judge in one jail what there is to judge."""
        jail = self._free.get()
        is_sound = False
        try:
            if jail is not None and not jail.is_up():  # killed while it was idle: nothing is lost
                jail.close()
                jail = None
            jail = jail or self._new_jail()
            judge(jail)
            is_sound = True
        finally:
            if jail is not None and not is_sound:
                jail.close()
            self._free.put(jail if is_sound else None)


@dataclass
class _Work:
    """One chunk under way: what is left of it, and what the jails have said so far."""

    order: Order
    columns: Mapping[int, Columns]
    chunk: Chunk
    stop: threading.Event
    gave_up: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.left: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
        self._compiled: dict[int, ColumnsAnswer] = {}
        self._answers: dict[tuple[int, int], RowAnswer] = {}
        self.close_calls: dict[tuple[int, int], list[int]] = {}
        """Of rows in which they are: cells that ended by themselves a little over a limit, on a busy machine."""
        for part, content in enumerate(self.chunk.parts):
            for row in range(len(content.rows)):
                self.left.put((part, row))

    def run_in(self, jail: Jail) -> None:
        """Take row after row; a jail is told a problem's tests before the first row of it that it judges."""
        told = None
        while not self.gave_up.is_set():
            try:
                part, row = self.left.get_nowait()
            except queue.Empty:
                return
            content = self.chunk.parts[part]
            columns = self.columns[content.problem]
            if told != part:
                self._compiled[part] = _tell_columns(jail, self.order, columns, self.stop)
                told = part
            answer = _ask_row(jail, self.order, columns, content.rows[row], self.stop, _BAND)
            self._answers[part, row] = answer
            if over := [index for index, outcome in answer.cells.items() if outcome.over is not None]:
                self.close_calls[part, row] = over

    def judge_again(self, jail: Jail) -> None:
        """Judge the close calls with the machine to ourselves; what comes of that counts."""
        with quiet.alone(self.stop):
            for (part, row), cells in self.close_calls.items():
                content = self.chunk.parts[part]
                columns = self.columns[content.problem]
                _tell_columns(jail, self.order, columns, self.stop)
                only = content.rows[row].model_copy(update={"columns": cells})
                again = _ask_row(jail, self.order, columns, only, self.stop)
                before = self._answers[part, row]
                self._answers[part, row] = before.model_copy(update={"cells": before.cells | again.cells})

    def judged(self) -> list[JudgedPart]:
        """What the jails said, in the order of the chunk."""
        return [
            JudgedPart(self._compiled[part], [self._answers[part, row] for row in range(len(content.rows))])
            for part, content in enumerate(self.chunk.parts)
        ]


def _tell_columns(jail: Jail, order: Order, columns: Columns, stop: threading.Event) -> ColumnsAnswer:
    message = {"columns": columns.model_dump(), "limits": order.limits.model_dump()}
    answer = _read(ColumnsAnswer, jail.ask(message, stop))
    if len(answer.tests) != len(columns.tests):
        raise JailError(f"a jail answered what no supervisor says: {len(answer.tests)} tests of {len(columns.tests)}")
    return answer


def _ask_row(
    jail: Jail, order: Order, columns: Columns, row: Row, stop: threading.Event, band: float = 1.0
) -> RowAnswer:
    message = {
        "row": {
            "solution": row.solution,
            "wanted": row.columns,
            "isolation": order.isolation.value,
            "wants_output": Detail.OUTPUTS in order.detail,
            "may_share": not (order.fork_per_cell or _OF_ONE_PROCESS & set(order.detail)),
        },
        "limits": order.limits.model_dump() | {"band": band},
    }
    answer = _read(RowAnswer, jail.ask(message, stop))
    asked = range(len(columns.tests)) if row.columns is None else row.columns
    if not answer.cells.keys() <= set(asked):
        raise JailError(f"a jail answered what no supervisor says: cells {sorted(answer.cells)}, asked for {[*asked]}")
    return answer


def _read(kind: type[_Model], answer: dict[str, Any]) -> _Model:
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        raise JailError(f"a jail answered what no supervisor says: {error}") from error

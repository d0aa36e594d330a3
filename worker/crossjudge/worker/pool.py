"""The jails of one worker process: rows go to whichever is free, verdicts come back as a chunk's result."""

import queue
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from crossjudge.contracts import (
    Chunk,
    ChunkResult,
    Columns,
    Detail,
    Isolation,
    Order,
    Row,
)

from .errors import JailError
from .outcome import ColumnsAnswer, RowAnswer
from .results import chunk_result
from .sandbox import Jail
from .settings import WorkerSettings

_SLACK_SECONDS = 60.0
_COMPILING_SECONDS = 0.5  # of a source that keeps to its limits on a busy machine
_Model = TypeVar("_Model", bound=BaseModel)


class JailPool:
    """Some jails, started before the first chunk and replaced when they break."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._free: queue.SimpleQueue[Jail] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(settings.jails, thread_name_prefix="jail")
        self._numbers = iter(range(1 << 62))

    def start(self) -> None:
        """Start the jails. Raises `JailError` with what to mend where they cannot."""
        for _ in range(self._settings.jails):
            self._free.put(self._new_jail())

    def judge(self, order: Order, columns: Columns, chunk: Chunk, stop: threading.Event) -> ChunkResult:
        """Judge all rows of a chunk.

        Raises `JailError` when our side broke, `Stopped` when `stop` was set; the jails concerned have been replaced.
        """
        rows: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in range(len(chunk.rows)):
            rows.put(index)
        answers: dict[int, RowAnswer] = {}
        gave_up = threading.Event()
        lanes = min(self._settings.jails, len(chunk.rows))
        tasks = [
            self._threads.submit(self._run_lane, order, columns, chunk, rows, answers, stop, gave_up)
            for _ in range(lanes)
        ]
        done, _ = wait(tasks, return_when=FIRST_EXCEPTION)
        if any(task.exception() for task in done):
            gave_up.set()
        results = [task.result() for task in tasks]  # raises what a lane raised, once all have ended
        return chunk_result(order, columns, chunk, results[0], [answers[index] for index in range(len(chunk.rows))])

    def close(self) -> None:
        """Stop every jail that is free; those that still judge end with their chunk."""
        self._threads.shutdown(wait=True)
        while not self._free.empty():
            self._free.get().close()

    def _new_jail(self) -> Jail:
        jail = Jail(self._settings, next(self._numbers))
        try:
            jail.start()
        except BaseException:
            jail.close()
            raise
        return jail

    def _run_lane(
        self,
        order: Order,
        columns: Columns,
        chunk: Chunk,
        rows: "queue.SimpleQueue[int]",
        answers: dict[int, RowAnswer],
        stop: threading.Event,
        gave_up: threading.Event,
    ) -> ColumnsAnswer:
        """Judge rows of the chunk in one jail until none is left."""
        jail = self._free.get()
        try:
            told = _tell_columns(jail, order, columns, stop)
            while not gave_up.is_set():
                try:
                    index = rows.get_nowait()
                except queue.Empty:
                    break
                answers[index] = _ask_row(jail, order, columns, chunk.rows[index], stop)
        except BaseException:
            jail.close()
            self._free.put(self._new_jail())
            raise
        self._free.put(jail)
        return told


def _tell_columns(jail: Jail, order: Order, columns: Columns, stop: threading.Event) -> ColumnsAnswer:
    seconds = _budget(order, len(columns.tests) + 1, per_cell=_COMPILING_SECONDS)
    message = {"columns": columns.model_dump(), "limits": _limits(order)}
    return _read(ColumnsAnswer, jail.ask(message, seconds, stop))


def _ask_row(jail: Jail, order: Order, columns: Columns, row: Row, stop: threading.Event) -> RowAnswer:
    cells = len(columns.tests) if row.columns is None else len(row.columns)
    message = {
        "row": {
            "solution": row.solution,
            "wanted": row.columns,
            "isolation": Isolation.SHARED.value,
            "wants_output": Detail.OUTPUTS in order.detail,
        },
        "limits": _limits(order),
    }
    return _read(RowAnswer, jail.ask(message, _budget(order, cells + 1, per_cell=order.limits.wall_seconds), stop))


def _limits(order: Order) -> dict[str, Any]:
    return order.limits.model_dump()


def _budget(order: Order, cells: int, per_cell: float) -> float:
    """Seconds after which a jail that has not answered must be broken: every cell may use all of its time."""
    return _SLACK_SECONDS + order.limits.wall_seconds + cells * (per_cell + 0.1)


def _read(kind: type[_Model], answer: dict[str, Any]) -> _Model:
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        raise JailError(f"a jail answered what no supervisor says: {error}") from error

"""Cells judged by a pool of real jails, in one call: what the tests of the sandbox have in common."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from crossjudge.contracts import Chunk, Columns, Detail, Isolation, Limits, Order, Part, PartResult, Row
from crossjudge.worker.errors import JailError
from crossjudge.worker.pool import JailPool
from crossjudge.worker.settings import WorkerSettings

SHORT = {"cpu_seconds": 1.0, "wall_seconds": 4.0, "memory_mb": 256}


@contextmanager
def jail_pool(jails: int = 2) -> Iterator[JailPool]:
    """A pool of jails; skips the test where the sandbox does not start."""
    pool = JailPool(WorkerSettings(jails=jails))
    try:
        try:
            pool.start()
        except JailError as error:
            pytest.skip(str(error))
        yield pool
    finally:
        pool.close()


def judge(pool: JailPool, solutions: list[str], tests: list[Any], **options: Any) -> PartResult:
    """Judge every solution against every test, with short limits; with all details unless told."""
    limits = Limits(**(SHORT | options.get("limits", {})))
    order = Order(
        run="test", limits=limits, isolation=options.get("isolation", Isolation.SHARED),
        detail=options.get("detail", list(Detail)), fork_per_cell=options.get("fork_per_cell", False),
    )  # fmt: skip
    columns = Columns.model_validate(
        {"entry_point": options.get("entry_point"), "prelude": options.get("prelude", ""), "tests": tests}
    )
    rows = [Row(solution=text, columns=options.get("columns")) for text in solutions]
    chunk = Chunk(parts=[Part(problem=0, rows=rows)], cells=len(rows) * len(tests))
    return pool.judge(order, {0: columns}, chunk, threading.Event()).parts[0]


def letters(result: PartResult) -> list[str]:
    """The rows of the matrix."""
    return [row.verdicts for row in result.rows]


def message(result: PartResult, row: int = 0, column: int = 0) -> str:
    """What was said of one cell."""
    cells = result.rows[row].cells
    assert cells is not None
    return cells[column].message or ""

"""Splits a batch into chunks of rows: what a worker is sent, and the note to put the answer together. Pure.

Batches have up to some ten thousand problems. What is planned becomes the bytes that are written at once: nothing is
validated once more, and a large plan is no crowd of objects.
"""

import json
import sys
from collections import Counter
from collections.abc import Container, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeVar

from crossjudge.contracts import (
    AssertTest,
    Batch,
    CallTest,
    Detail,
    LongInteger,
    Order,
    Problem,
    PytestTest,
    StdioTest,
    Test,
    encode_json,
)

from .layout import LayoutWriter, ProblemLayout
from .pace import Pace
from .settings import ServiceSettings

T = TypeVar("T")

MOST_LEVELS = 100
"""How deep the values of a `call` test may be nested."""


@dataclass(frozen=True)
class Plan:
    """All that is written to Redis for one batch. `cells_done` of its cells are judged already: the too large ones."""

    order: Order
    layout: bytes
    """What `read_layout` reads."""
    columns: dict[int, bytes]
    """The `Columns` of each problem of which anything runs, as JSON."""
    chunks: list[bytes]
    """Each `Chunk`, as JSON."""
    cells_total: int
    cells_done: int


@dataclass
class _Rows:
    """The distinct solutions of one problem, each with the columns that it needs and the cells that ask for them.

    `needed` is null where each of them needs every column.
    """

    solutions: list[str]
    needed: list[set[int]] | None
    cells: list[int]
    counts: list[list[int] | None]
    """For how many cells each column counts, in order; null where it is one each."""


def split(batch: Batch, settings: ServiceSettings, pace: Pace | None = None) -> Plan:
    """Plan the work that a batch is."""
    chunk_cells = settings.chunk_cells if pace is None else pace.chunk_cells(batch, settings.chunk_cells)
    packer = _Packer(chunk_cells, settings.chunk_source_bytes)
    columns: dict[int, bytes] = {}
    layouts = LayoutWriter()
    total = done = 0
    for index, problem in enumerate(batch.problems):
        layout, tests, rows = _lay_out(problem, index, settings.source_limit_bytes)
        asked = _count_asked(layout)
        total, done = total + asked, done + asked - sum(rows.cells)
        layout.parts = packer.add(index, rows, len(tests))
        layouts.add(layout)
        if layout.parts:
            stated = {"entry_point": problem.entry_point, "prelude": problem.prelude, "tests": tests}
            columns[index] = encode_json(stated)
    chunks = packer.chunks()
    order = Order(
        run=batch.run, limits=batch.limits, isolation=batch.isolation, detail=_distinct(batch),
        fork_per_cell=batch.fork_per_cell, cache=batch.cache,
    )  # fmt: skip
    return Plan(order, layouts.finish(), columns, chunks, total, done)


def text_bytes(text: str, enough: int) -> int:
    """Size of a text as UTF-8; where it is over `enough`, exactly, else perhaps only a bound that is not over."""
    if len(text) * 4 <= enough:
        return len(text) * 4
    return len(text.encode("utf-8", "surrogatepass"))


def key_of(test: Test) -> tuple[str, ...]:
    """Equal for equal tests. Keys are not sorted: the order of an argument's keys is something a program can see."""
    if isinstance(test, AssertTest | PytestTest):
        return test.kind, test.code
    if isinstance(test, StdioTest):
        return test.kind, test.compare, test.stdin, test.stdout
    return test.kind, json.dumps(test.model_dump(), separators=(",", ":"))


def _too_large(test: Test, limit: int) -> str | None:
    """Why a test is judged without being run; None where it can be."""
    if isinstance(test, StdioTest):
        return _too_long(test.stdin + test.stdout, limit)
    if isinstance(test, CallTest):
        for name in ("args", "kwargs", "expected"):
            if (why := _unreadable(getattr(test, name))) is not None:
                return f"{name}: {why}"
    return _too_long(key_of(test)[1], limit)


def _too_long(text: str, limit: int) -> str | None:
    size = text_bytes(text, limit)
    return f"{size:,} bytes is over the source limit of {limit:,}" if size > limit else None


def _unreadable(value: Any) -> str | None:
    """JSON reads deeper nesting than programs can walk; the rest of the way to the jail should not find out."""
    layer = [value]
    for depth in count():
        if long := next((each for each in layer if isinstance(each, LongInteger)), None):
            return f"{long!r} is more than the {sys.get_int_max_str_digits():,} digits that are read"
        outer = [each for each in layer if isinstance(each, list | dict)]
        if not outer:
            break
        if depth == MOST_LEVELS:
            return f"nested more than {MOST_LEVELS} levels deep"
        layer = [inner for each in outer for inner in (each.values() if isinstance(each, dict) else each)]
    return None


def _distinct(batch: Batch) -> list[Detail]:
    return list(dict.fromkeys(batch.detail))


def _lay_out(problem: Problem, index: int, limit: int) -> tuple[ProblemLayout, list[Test], _Rows]:
    large_solutions = _large([_too_long(text, limit) for text in problem.solutions])
    large_tests = _large([_too_large(test, limit) for test in problem.tests])
    rows = _places(problem.solutions, large_solutions)
    keys = ["" if index in large_tests else key_of(test) for index, test in enumerate(problem.tests)]
    columns = _places(keys, large_tests)
    name = str(index) if problem.id is None else problem.id
    layout = ProblemLayout(name, rows, columns, _asked(problem), [], large_solutions, large_tests)
    tests = _firsts(problem.tests, columns)
    return layout, tests, _rows(_firsts(problem.solutions, rows), layout, len(tests))


def _large(said: list[str | None]) -> dict[int, str]:
    return {index: why for index, why in enumerate(said) if why is not None}


def _places(items: Sequence[Hashable], left_out: Container[int]) -> list[int | None]:
    places: dict[Hashable, int] = {}
    return [None if index in left_out else places.setdefault(item, len(places)) for index, item in enumerate(items)]


def _firsts(items: Sequence[T], places: list[int | None]) -> list[T]:
    firsts: dict[int, T] = {}
    for item, place in zip(items, places, strict=True):
        if place is not None:
            firsts.setdefault(place, item)
    return list(firsts.values())


def _asked(problem: Problem) -> list[str] | None:
    if problem.pairs is None:
        return None
    masks = [bytearray(b"0") * len(problem.tests) for _ in problem.solutions]
    for solution, test in problem.pairs:
        masks[solution][test] = ord("1")
    return [mask.decode("ascii") for mask in masks]


def _count_asked(layout: ProblemLayout) -> int:
    if layout.asked is None:
        return len(layout.rows) * len(layout.columns)
    return sum(mask.count("1") for mask in layout.asked)


def _rows(solutions: list[str], layout: ProblemLayout, columns: int) -> _Rows:
    cells = [0] * len(solutions)
    if layout.asked is None:
        sent = len(layout.columns) - len(layout.large_tests)
        for row in layout.rows:
            if row is not None:
                cells[row] += sent
        return _Rows(solutions, None, cells, _counts_of_all(layout, len(solutions)))
    needed: list[Counter[int]] = [Counter() for _ in solutions]
    for row, mask in zip(layout.rows, layout.asked, strict=True):
        if row is not None:
            wanted = [c for letter, c in zip(mask, layout.columns, strict=True) if letter == "1" and c is not None]
            needed[row].update(wanted)
            cells[row] += len(wanted)
    counts = [_unless_ones([each[column] for column in sorted(each)]) for each in needed]
    return _Rows(solutions, [set(each) for each in needed], cells, counts)


def _counts_of_all(layout: ProblemLayout, rows: int) -> list[list[int] | None]:
    """Where every cell is asked for: of each row, how many cells each column stands for."""
    times = Counter(row for row in layout.rows if row is not None)
    columns = [count for _, count in sorted(Counter(c for c in layout.columns if c is not None).items())]
    by_times = {n: _unless_ones([n * count for count in columns]) for n in set(times.values())}
    return [by_times[times[row]] for row in range(rows)]


def _unless_ones(counts: list[int]) -> list[int] | None:
    return counts if any(count != 1 for count in counts) else None


class _Packer:
    """Fills chunks with rows up to a chunk's cells and bytes: whole rows, and several small problems together.

    A row alone may be over either.
    """

    def __init__(self, most_cells: int, most_bytes: int) -> None:
        self._most_cells = most_cells
        self._most_bytes = most_bytes
        self._chunks: list[bytes] = []
        self._parts: list[dict[str, Any]] = []
        self._rows: list[dict[str, Any]] = []  # of the last part
        self._weight = self._size = self._cells = 0

    def add(self, problem: int, rows: _Rows, columns: int) -> list[tuple[int, int, list[int]]]:
        """Take in the rows of a problem; where they went, as in `ProblemLayout.parts`."""
        places: list[tuple[int, int, list[int]]] = []
        for index, solution in enumerate(rows.solutions):
            needed = None if rows.needed is None else rows.needed[index]
            weight = columns if needed is None else len(needed)
            if not weight:
                continue
            self._make_room(weight, len(solution))
            if not self._parts or self._parts[-1]["problem"] != problem:
                self._rows = []
                self._parts.append({"problem": problem, "rows": self._rows})
                places.append((len(self._chunks), len(self._parts) - 1, []))
            wanted = None if needed is None or weight == columns else sorted(needed)
            counts = rows.counts[index]
            self._rows.append(
                {"solution": solution, "columns": wanted} | ({} if counts is None else {"counts": counts})
            )
            places[-1][2].append(index)
            self._cells += rows.cells[index]
        return places

    def chunks(self) -> list[bytes]:
        """All of them, the last one as full as it is."""
        self._close()
        return self._chunks

    def _make_room(self, weight: int, size: int) -> None:
        is_full = self._weight + weight > self._most_cells
        if self._parts and (is_full or self._size + size > self._most_bytes):
            self._close()
        self._weight += weight
        self._size += size

    def _close(self) -> None:
        if self._parts:
            self._chunks.append(encode_json({"parts": self._parts, "cells": self._cells}))
        self._parts, self._weight, self._size, self._cells = [], 0, 0, 0

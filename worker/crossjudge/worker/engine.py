"""A file of problems judged by the jails of this process: the engine alone, without queue, service and HTTP.

For measuring what the sandbox costs by itself, and for trying it where there is no stack.
"""

import gzip
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crossjudge.contracts import Chunk, Columns, Limits, Order, Part, Problem, Row, load_json

from .clocks import cpu_seconds_of_tree
from .pool import JailPool

_GZIP_MAGIC = b"\x1f\x8b"


class BadFile(Exception):
    """The file of problems cannot be used; the message says which line, and what is wrong with it."""


@dataclass(frozen=True)
class Run:
    """One judging of the whole file. `cells_cpu_seconds` is what the keepers counted for the cells themselves."""

    seconds: float
    cpu_seconds: float
    cells_cpu_seconds: float


@dataclass(frozen=True)
class Judged:
    """What came of it: the matrix of each problem, and each run's clocks."""

    matrices: list[list[str]]
    cells: int
    verdicts: dict[str, int]
    runs: list[Run]


def problems_of(file: Path) -> list[Problem]:
    """The problems of a JSONL file, gzipped or not; fields that the contract does not know are left aside.

    Raises `BadFile`.
    """
    try:
        data = file.read_bytes()
        lines = (gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data).splitlines()
    except (OSError, EOFError) as error:
        raise BadFile(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    problems = [_problem(line, f"{file}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not problems:
        raise BadFile(f"{file} holds no problem")
    return problems


def _problem(line: bytes, place: str) -> Problem:
    try:
        document = load_json(line)
        return Problem.model_validate({name: document[name] for name in Problem.model_fields.keys() & document.keys()})
    except ValidationError as error:
        first = error.errors()[0]
        raise BadFile(f"{place}, {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise BadFile(f"{place} is not a problem in JSON: {error}") from error


def judge(pool: JailPool, problems: Sequence[Problem], order: Order, repeat: int) -> Judged:
    """Judge all problems as one chunk, `repeat` times. Raises `JailError`."""
    columns = {
        index: Columns(entry_point=each.entry_point, prelude=each.prelude, tests=each.tests)
        for index, each in enumerate(problems)
    }
    parts = [Part(problem=index, rows=list(_rows(each))) for index, each in enumerate(problems)]
    chunk = Chunk(parts=parts, cells=sum(len(each.solutions) * len(each.tests) for each in problems))
    runs = []
    for _ in range(repeat):
        started, cpu = time.perf_counter(), cpu_seconds_of_tree()
        result = pool.judge(order, columns, chunk, threading.Event())
        runs.append(Run(time.perf_counter() - started, cpu_seconds_of_tree() - cpu, result.cpu_seconds))
    matrices = [[row.verdicts for row in part.rows] for part in result.parts]
    letters = Counter("".join("".join(matrix) for matrix in matrices))
    return Judged(matrices, result.executed, dict(sorted(letters.items())), runs)


def _rows(problem: Problem) -> Iterator[Row]:
    for index, text in enumerate(problem.solutions):
        asked = None if problem.pairs is None else sorted({test for row, test in problem.pairs if row == index})
        yield Row(solution=text, columns=asked)


def order_of(isolation: Any, cpu_seconds: float | None, *, fork_per_cell: bool = False) -> Order:
    """What all cells have in common. Raises `ValidationError`."""
    limits = Limits() if cpu_seconds is None else Limits(cpu_seconds=cpu_seconds)
    return Order(run="engine", limits=limits, isolation=isolation, detail=[], fork_per_cell=fork_per_cell)


def as_json(judged: Judged, problems: Sequence[Problem]) -> str:
    """One object: the matrices, the counts, the clocks of each run."""
    matrices = [
        {"id": str(index) if each.id is None else each.id, "matrix": matrix}
        for index, (each, matrix) in enumerate(zip(problems, judged.matrices, strict=True))
    ]
    runs = [vars(run) for run in judged.runs]
    return json.dumps({"cells": judged.cells, "verdicts": judged.verdicts, "runs": runs, "problems": matrices})


def as_text(judged: Judged) -> str:
    """A line a run, for a person."""
    letters = ", ".join(f"{letter} {count:,}" for letter, count in judged.verdicts.items())
    lines = [
        f"{judged.cells:,} cells in {run.seconds:.2f} s: {judged.cells / run.seconds:,.0f} cells/s, "
        f"{1000 * run.cpu_seconds / judged.cells:.2f} ms of CPU time a cell "
        f"({1000 * run.cells_cpu_seconds / judged.cells:.2f} in the cells)"
        for run in judged.runs
        if judged.cells
    ]
    return "\n".join([letters, *lines])

"""Labelled matrices from verify's results: the model's distinct solutions and tests, and what is true of them."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from crossjudge.client.errors import CommandError
from crossjudge.contracts import ProblemResult, SourceStatus, Verdict, load_json
from crossjudge.trainer.selectors import Labels, PassingMatrix

from .judging import MATRIX, REFERENCES, TRUTH, results_of
from .labelled import Labelled
from .sources import Source

_SOUND = (SourceStatus.OK, SourceStatus.NOT_RUN)


@dataclass
class Inventory:
    """What the data hold, counted; `notes` say what was left out and why."""

    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def read_labelled(sources: Sequence[Source], folder: Path) -> tuple[list[Labelled], Inventory]:
    """The problems in the order of their file. Raises `CommandError` where results are missing or of another file."""
    found = {name: _read(results_of(folder, name)) for name in (MATRIX, TRUTH, REFERENCES)}
    inventory = Inventory()
    problems = []
    for source in sources:
        results = {name: _result(found[name], source.id, results_of(folder, name)) for name in found}
        problems.append(_labelled(source, results, folder, inventory))
    return problems, inventory


def _read(path: Path) -> dict[str, ProblemResult]:
    results = {}
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                result = _parsed(path, number, line)
                results[result.id] = result
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}") from error
    return results


def _parsed(path: Path, number: int, line: bytes) -> ProblemResult:
    try:
        return ProblemResult.model_validate(load_json(line))
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{path}, line {number}: not a result of `crossjudge verify`") from error


def _result(results: dict[str, ProblemResult], id: str, path: Path) -> ProblemResult:
    if id not in results:
        raise CommandError(f"{path} has no result of problem {id!r}: it is unfinished, or of another file")
    return results[id]


def _labelled(source: Source, results: dict[str, ProblemResult], folder: Path, inventory: Inventory) -> Labelled:
    has_reference = source.reference_solution is not None
    height, width = len(source.solutions), len(source.tests)
    for name, shape in (
        (MATRIX, (height, width)), (TRUTH, (height + has_reference, 1)), (REFERENCES, (int(has_reference), width)),
    ):  # fmt: skip
        _check_shape(results[name], shape, results_of(folder, name))
    rows, row_copies = _distinct(source.solutions)
    columns, column_copies = _distinct([json.dumps(test, sort_keys=True) for test in source.tests])
    verdicts = [row[0] for row in results[TRUTH].matrix]
    unknown = [at for at in rows if verdicts[at] == Verdict.NOT_JUDGED]
    if unknown:
        inventory.notes.append(f"{source.id}: left out {len(unknown)} solutions whose truth could not be judged")
    known = np.array([verdicts[at] != Verdict.NOT_JUDGED for at in rows], np.bool_)
    matrix = _matrix(source.id, results[MATRIX], rows, columns, row_copies, column_copies)
    right = np.array([verdicts[at] == Verdict.PASSED for at in rows], np.bool_)
    tests = _true_tests(source, verdicts, results[REFERENCES], columns, inventory)
    problem = Labelled(matrix.take(known, np.arange(len(columns))), Labels(right[known], tests))
    _count(inventory, source, problem)
    return problem


def _check_shape(result: ProblemResult, shape: tuple[int, int], path: Path) -> None:
    height, width = shape
    if len(result.matrix) != height or any(len(row) != width for row in result.matrix):
        raise CommandError(f"{path}: the matrix of problem {result.id!r} is not {height} × {width}, so of another file")


def _distinct(sources: list[str]) -> tuple[list[int], list[int]]:
    """Where each distinct source stands first, and how often it is there."""
    places: dict[str, int] = {}
    for at, source in enumerate(sources):
        places.setdefault(source, at)
    copies = Counter(sources)
    return list(places.values()), [copies[source] for source in places]


def _matrix(
    id: str, result: ProblemResult, rows: list[int], columns: list[int], row_copies: list[int], column_copies: list[int]
) -> PassingMatrix:
    outputs = None
    if result.outputs is not None:
        outputs = [[result.outputs[i][j] for j in columns] for i in rows]
    return PassingMatrix.of(
        ["".join(result.matrix[i][j] for j in columns) for i in rows],
        id=id,
        tests=len(columns),
        solution_copies=row_copies,
        test_copies=column_copies,
        sound_tests=[result.tests[j].status in _SOUND and not result.tests[j].vacuous for j in columns],
        outputs=outputs,
    )


def _true_tests(
    source: Source, truth: list[str], references: ProblemResult, columns: list[int], inventory: Inventory
) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
    """(M,), the tests that the reference solution passes; None where it is none, or fails its own test."""
    if source.reference_solution is None:
        return None
    if truth[-1] != Verdict.PASSED:
        inventory.notes.append(f"{source.id}: the reference solution fails the reference test, so tests have no truth")
        return None
    row = references.matrix[0]
    return np.array([row[j] == Verdict.PASSED for j in columns], np.bool_)


def _count(inventory: Inventory, source: Source, problem: Labelled) -> None:
    matrix, right = problem.matrix, problem.labels.solutions
    good = problem.labels.of_tests(matrix)
    inventory.counts.update(
        {
            "problems": 1,
            "problems with a right solution": int(right.any()),
            "problems without a sound test": int(not matrix.sound_tests.any()),
            "solutions": len(source.solutions),
            "distinct solutions": right.size,
            "right distinct solutions": int(right.sum()),
            "tests": len(source.tests),
            "distinct tests": matrix.shape[1],
            "sound distinct tests": int(matrix.sound_tests.sum()),
            "right sound distinct tests": int((good & matrix.sound_tests).sum()) if good is not None else 0,
            "cells": int(matrix.letters.size),
            "cells not judged": int((~matrix.judged).sum()),
        }
    )

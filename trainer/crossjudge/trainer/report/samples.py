"""A few of the problems that a run kept, from its first step, one in the middle and its last.

The file may have hundreds of megabytes: it is gone through once without being read as JSON, and only the lines that are
shown are. What is in it a model wrote.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from crossjudge.client.errors import CommandError
from crossjudge.contracts import load_json
from crossjudge.trainer.training.run_folder import SAMPLES

MOST_PROBLEMS = 24
_LONGEST_LINE = 20_000_000
_STEP = re.compile(rb'\s*\{\s*"step"\s*:\s*(\d{1,15})\s*[,}]')


@dataclass(frozen=True)
class Sample:
    """A problem at a step: solutions, tests, and the letters of their matrix, a row a solution."""

    step: int
    id: str
    solutions: tuple[str, ...]
    tests: tuple[str, ...]
    """Empty where a test has no code of its own to show."""
    matrix: tuple[str, ...]
    chosen: frozenset[int]
    chosen_tests: frozenset[int]
    abstain: str | None
    has_choice: bool
    """Whether anything was to choose here: not every recipe has a selector."""

    @staticmethod
    def of(document: Any) -> "Sample | None":
        """None where it is no sample of this form."""
        if not isinstance(document, dict):
            return None
        rows = [row for row in _list(document.get("matrix")) if isinstance(row, str)]
        solutions = tuple(str(each or "") for each in _list(document.get("solutions")))
        tests = tuple(str(each or "") for each in _list(document.get("tests")))
        if len(rows) != len(solutions) or any(len(row) != len(tests) for row in rows):
            return None
        abstain = document.get("abstain")
        return Sample(
            document.get("step", 0), str(document.get("id") or ""), solutions, tests, tuple(rows),
            _places(document.get("chosen"), len(solutions)), _places(document.get("chosen_tests"), len(tests)),
            None if abstain is None else str(abstain), "chosen" in document,
        )  # fmt: skip


def over_time(folder: Path) -> list[tuple[int, list[Sample]]]:
    """The problems of three steps at most, `MOST_PROBLEMS` of each, in the order in which they were kept.

    Raises `CommandError` where the file is there and cannot be read.
    """
    path = folder / SAMPLES
    if not path.is_file():
        return []
    try:
        with path.open("rb") as file:
            places = _places_of_steps(file)
            found = [(step, list(_read(file, places[step], step))) for step in _first_middle_last(list(places))]
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}") from error
    return [(step, samples) for step, samples in found if samples]


def _places_of_steps(file: BinaryIO) -> dict[int, int]:
    """Where each step's first line begins, in bytes."""
    places: dict[int, int] = {}
    at = 0
    for line in file:
        if found := _STEP.match(line):
            places.setdefault(int(found[1]), at)
        at += len(line)
    return places


def _first_middle_last(steps: list[int]) -> list[int]:
    if not steps:
        return []
    first, last = min(steps), max(steps)
    middle = min(steps, key=lambda step: (abs(2 * step - first - last), step))
    return sorted({first, middle, last})


def _read(file: BinaryIO, place: int, step: int) -> Iterator[Sample]:
    file.seek(place)
    for _ in range(MOST_PROBLEMS):
        line = file.readline(_LONGEST_LINE)
        found = _STEP.match(line)
        if not found or int(found[1]) != step:
            return
        try:
            sample = Sample.of(load_json(line))
        except (ValueError, RecursionError):  # cut off, or no JSON after all
            return
        if sample is not None:
            yield sample


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _places(value: Any, size: int) -> frozenset[int]:
    return frozenset(at for at in _list(value) if isinstance(at, int) and 0 <= at < size)

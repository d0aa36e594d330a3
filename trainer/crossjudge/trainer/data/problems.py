"""Reads problem files: JSON lines, gzipped or not, in any of the known shapes; every complaint names its line."""

import difflib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crossjudge.client.errors import CommandError
from crossjudge.client.json_lines import opened
from crossjudge.contracts import load_json

from .errors import BadProblems
from .shapes import Shape, completed, shape_of
from .training_problem import TrainingProblem

_MOST_COMPLAINTS = 5


@dataclass
class ProblemFile:
    """The problems of a file, and the fields of it that nothing here knows."""

    problems: list[TrainingProblem] = field(default_factory=list)
    left_aside: set[str] = field(default_factory=set)


class _BadLine(Exception):
    """A line that is no problem; its text says why."""


def read_problems(path: str | Path) -> ProblemFile:
    """All problems of a file, in its order.

    Raises `BadProblems` for a file that cannot be read, that holds no problem, or that has bad lines: it names the
    first few of them, with what to change. A field that is not known is left aside, unless it looks like one misspelt.
    """
    found = ProblemFile()
    complaints: list[str] = []
    lines: dict[str, int] = {}
    for number, raw in _lines(path):
        try:
            problem, unknown = _problem(raw)
            if (earlier := lines.setdefault(problem.id, number)) != number:
                raise _BadLine(f"the id {problem.id!r} is that of line {earlier} already; each problem needs its own")
            found.problems.append(problem)
            found.left_aside |= unknown
        except _BadLine as error:
            complaints.append(f"{path}, line {number}: {error}")
    if complaints:
        more = len(complaints) - _MOST_COMPLAINTS
        rest = [f"and {more} more lines"] if more > 0 else []
        raise BadProblems("\n".join([*complaints[:_MOST_COMPLAINTS], *rest]))
    if not found.problems:
        raise BadProblems(f"{path}: there is no problem in it; one line of JSON is one problem")
    return found


def _lines(path: str | Path) -> Iterator[tuple[int, bytes]]:
    try:
        with opened(str(path)) as source:
            yield from ((number, raw) for number, raw in enumerate(source, 1) if raw.strip())
    except CommandError as error:
        raise BadProblems(error.detail) from error
    except (OSError, EOFError, zlib.error) as error:
        raise BadProblems(f"{path}: the file ends or breaks in the middle ({error}); make it anew") from error


def _problem(raw: bytes) -> tuple[TrainingProblem, set[str]]:
    try:
        document = load_json(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _BadLine(f"not UTF-8: {error.reason} at byte {error.start + 1}") from error
    except (ValueError, RecursionError) as error:
        raise _BadLine(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _BadLine(f"a problem is an object {{…}}, not {type(document).__name__}")
    shape = shape_of(document)
    unknown = document.keys() - shape.fields
    _refuse_misspelt(document, unknown, shape)
    try:
        fields = completed(shape.convert(document))
    except KeyError as error:
        raise _BadLine(_missing(str(error.args[0]), document, shape)) from error
    except (TypeError, AttributeError) as error:
        raise _BadLine(f"a field has a value of the wrong kind for the {shape.name} shape: {error}") from error
    return _validated(fields, document, shape), unknown


def _refuse_misspelt(document: dict[str, Any], unknown: set[str], shape: Shape) -> None:
    absent = sorted(shape.fields - document.keys())
    for name in sorted(unknown):
        if near := difflib.get_close_matches(name, absent, 1, cutoff=0.8):
            raise _BadLine(f"there is no field {name!r}; rename it to {near[0]!r}")


def _missing(name: str, document: dict[str, Any], shape: Shape) -> str:
    there = ", ".join(sorted(map(str, document)))
    return f"the field {name!r} is missing (read as the {shape.name} shape; the line has {there or 'no fields'})"


def _validated(fields: dict[str, Any], document: dict[str, Any], shape: Shape) -> TrainingProblem:
    if isinstance(fields.get("id"), int) and not isinstance(fields["id"], bool):
        fields["id"] = str(fields["id"])
    try:
        return TrainingProblem.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "missing":
            raise _BadLine(_missing(name, document, shape)) from error
        shown = repr(first["input"])
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        raise _BadLine(f"{name}: {first['msg'][:1].lower()}{first['msg'][1:]}, not {shown}") from error

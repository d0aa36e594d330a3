"""Published data from a folder: HumanEval with what CodeGen-16B wrote for it, see `docs/performance.md`.

Solutions for ways without a sandbox are variants of the reference solution, which people wrote. The tests that they
get are a model's, so only those are taken that call the function with small plain data and compare with plain data,
and only of problems where the reference answers all of them at once.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crossjudge.client.errors import CommandError
from crossjudge.client.json_lines import opened
from crossjudge.contracts import AssertTest, Problem

from .machine import cores
from .tasks import variants

FILE = "humaneval_codegen16b_even.jsonl.gz"
_FIELDS = ("id", "entry_point", "solutions", "tests", "reference_solution")
_LARGEST = 1000
_LONGEST = 200
_MOST_PROBLEMS = 20
_SCREEN_S = 2.0
_SAFE_NODES = (
    ast.Module, ast.Assert, ast.Compare, ast.Call, ast.Name, ast.Load, ast.Eq, ast.Constant, ast.List, ast.Tuple,
    ast.Dict, ast.Set, ast.UnaryOp, ast.USub,
)  # fmt: skip


class Published:
    """The data of one folder. Raises `CommandError` where it is not there, or not what it should be."""

    def __init__(self, folder: Path, side: int) -> None:
        self._side = side
        self._file = folder / FILE
        with opened(str(self._file)) as lines:
            self._rows = [self._row(number, line) for number, line in enumerate(lines, 1)]

    def _row(self, number: int, line: bytes) -> dict[str, Any]:
        try:
            row = json.loads(line)
            return {field: row[field] for field in _FIELDS}
        except (ValueError, KeyError, TypeError) as error:
            raise CommandError(
                f"{self._file}, line {number}: not a problem with a reference solution ({error})"
            ) from error

    @cached_property
    def literal_matrices(self) -> list[Problem]:
        """Up to 20 problems of `side` × `side` cells that may run anywhere."""
        return [
            Problem(
                id=row["id"],
                entry_point=row["entry_point"],
                solutions=variants(row["reference_solution"], row["entry_point"], self._side),
                tests=[AssertTest(code=test) for test in tests],
            )
            for row, tests in self._screened()
        ]

    def _screened(self) -> list[tuple[dict[str, Any], list[str]]]:
        candidates = [(row, plain_asserts(row["tests"], row["entry_point"])[: self._side]) for row in self._rows]
        full = [(row, tests) for row, tests in candidates if len(tests) == self._side]
        with ThreadPoolExecutor(cores()) as lanes:
            quick = lanes.map(lambda each: answers_at_once(each[0]["reference_solution"], each[1]), full)
            return [each for each, is_quick in zip(full, quick, strict=True) if is_quick][:_MOST_PROBLEMS]

    @cached_property
    def as_a_model_wrote_it(self) -> list[Problem]:
        """A part of each problem, as it stands: solutions and tests from all over the file."""
        side = self._side
        try:
            return [
                Problem(
                    id=row["id"],
                    entry_point=row["entry_point"],
                    solutions=spread(row["solutions"], side),
                    tests=spread(row["tests"], side),
                )
                for row in self._rows
                if len(row["solutions"]) >= side and len(row["tests"]) >= side
            ]
        except ValidationError as error:
            raise CommandError(f"{self._file}: {error.errors()[0]['msg']}") from error


def spread(items: Sequence[Any], count: int) -> list[Any]:
    """So many of the items, at equal distances."""
    return [items[index * len(items) // count] for index in range(count)]


def plain_asserts(tests: Sequence[str], function: str) -> list[str]:
    """Those tests, each once, that are `assert function(<plain data>) == <plain data>`, with no large numbers."""
    return [text for text in dict.fromkeys(test.strip() for test in tests) if _is_plain_assert(text, function)]


def _is_plain_assert(text: str, function: str) -> bool:
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    match module.body:
        case [ast.Assert(ast.Compare(ast.Call(ast.Name(name), _, []), [ast.Eq()], [_]), None)] if name == function:
            return all(_is_small(node) for node in ast.walk(module)) and _names(module) == [function]
    return False


def _names(module: ast.Module) -> list[str]:
    return [node.id for node in ast.walk(module) if isinstance(node, ast.Name)]


def _is_small(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, str):
            return len(value) <= _LONGEST
        return value is None or (isinstance(value, bool | int | float) and abs(value) <= _LARGEST)
    return isinstance(node, _SAFE_NODES)


def answers_at_once(solution: str, tests: Sequence[str]) -> bool:
    """Whether the reference runs all those tests, right or wrong, in no time."""
    attempts = "".join(f"try:\n    {test}\nexcept AssertionError:\n    pass\n" for test in tests)
    command = [sys.executable, "-I", "-S", "-c", f"{solution}\n{attempts}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=_SCREEN_S, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False

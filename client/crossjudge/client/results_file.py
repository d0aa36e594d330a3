"""The file of results that `verify` writes: a line a problem, whole or not at all, and what a later run needs to go on.

Beside it stands `NAME.state.json`, which says what the results are of: going on with another input, or under other
limits, would mix what cannot be compared.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from pydantic import ValidationError

from crossjudge.contracts import ProblemResult, Verdict, dump_json, load_json

from ._check import invalid
from .errors import CommandError
from .json_lines import BadLine, objects

STATE_SUFFIX = ".state.json"
_FORMAT = 1
_LETTERS = frozenset(verdict.value for verdict in Verdict)


class ResultsFile:
    """Appends results to `path`. Lines that an earlier run wrote of the same input and order are kept.

    `order` holds what decides a verdict: the digest of the input, limits, isolation, detail. Raises `CommandError`.
    """

    def __init__(self, path: Path, order: dict[str, Any], *, restart: bool = False) -> None:
        self.path = path
        self._order = {"format": _FORMAT, **order}
        self._restart = restart
        self._state = path.with_name(path.name + STATE_SUFFIX)
        self._file: BinaryIO | None = None

    def open(self, on_earlier: Callable[[ProblemResult], None]) -> None:
        """Open and lock the file; `on_earlier` is told of each result that is already there."""
        try:
            self._file = self.path.open("a+b")
            self._lock(self._file)
            if self._restart:
                self._file.truncate(0)
            self._check_state(is_empty=os.fstat(self._file.fileno()).st_size == 0)
            self._read_back(self._file, on_earlier)
        except OSError as error:
            raise CommandError(f"cannot write {self.path}: {error.strerror or error}") from error

    def write(self, result: ProblemResult) -> None:
        assert self._file is not None, f"{self.path} is not open"
        try:
            self._file.write(result_line(result))
            self._file.flush()
        except OSError as error:
            raise CommandError(f"cannot write {self.path}: {error.strerror or error}") from error

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self, file: BinaryIO) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"another `crossjudge verify` is writing {self.path}: name another file with -o"
            ) from error

    def _check_state(self, is_empty: bool) -> None:
        if is_empty:
            self._state.write_text(json.dumps(self._order, indent=1) + "\n", "utf-8")
            return
        try:
            earlier = json.loads(self._state.read_text("utf-8"))
        except (FileNotFoundError, ValueError) as error:
            what = f"{self.path} holds something, but there is no {self._state.name} that says of what"
            raise CommandError(f"{what}: name another file with -o, or start it afresh with --restart") from error
        if different := differences(earlier, json.loads(json.dumps(self._order))):
            what = f"{self.path} holds results of another order ({'; '.join(different)})"
            raise CommandError(f"{what}: name another file with -o, or start it afresh with --restart")

    def _read_back(self, file: BinaryIO, on_earlier: Callable[[ProblemResult], None]) -> None:
        file.seek(0)
        whole = 0
        for number, raw in enumerate(file, 1):
            if not raw.endswith(b"\n"):
                break  # cut off by a kill or a full disk: that problem is judged anew
            try:
                on_earlier(ProblemResult.model_validate(load_json(raw)))
            except ValueError as error:
                what = f"{self.path}, line {number}: not a result"
                raise CommandError(f"{what}: mend or remove the line, or start afresh with --restart") from error
            whole += len(raw)
        file.truncate(whole)
        file.seek(whole)


def result_line(result: ProblemResult) -> bytes:
    """The line of a result: the object that the service answered, without fields that it left out."""
    return dump_json(result, exclude_unset=True) + b"\n"


def differences(earlier: Any, now: dict[str, Any]) -> list[str]:
    """What differs between two orders, in words."""
    if not isinstance(earlier, dict) or earlier.get("format") != _FORMAT:
        return ["written by another version"]
    words = []
    for name in now:
        if earlier.get(name) == now[name]:
            continue
        if name == "input":
            words.append("the input was another, or has changed since")
        elif isinstance(now[name], dict) and isinstance(earlier.get(name), dict):
            changed = [key for key in now[name] if earlier[name].get(key) != now[name][key]]
            words += [f"{key} was {earlier[name].get(key)}, now {now[name][key]}" for key in changed]
        else:
            words.append(f"{name} was {earlier.get(name)}, now {now[name]}")
    return words


@dataclass(frozen=True)
class ResultLine:
    """One result of a file, its matrix in shape: a string a solution, one of the verdicts' letters a test."""

    number: int
    result: ProblemResult


def read_results(source: BinaryIO) -> Iterator[ResultLine | BadLine]:
    """The results of an open file, each with its line; no two have the same id."""
    ids: dict[str, int] = {}
    for line in objects(source, "result"):
        found = line if isinstance(line, BadLine) else _result(*line)
        if isinstance(found, ResultLine):
            earlier = ids.setdefault(found.result.id, found.number)
            if earlier != found.number:
                what = f"line {earlier} is a result of that problem too: keep one of the two"
                found = BadLine(found.number, "$.id", what, found.result.id)
        yield found


def _result(number: int, document: dict[str, Any]) -> ResultLine | BadLine:
    name = document.get("id")
    name = name if isinstance(name, str) else None
    if (other := _other_kind(document)) is not None:
        return BadLine(number, "$", other, name)
    try:
        result = ProblemResult.model_validate(document)
    except ValidationError as error:
        first = invalid(error, "$").violations[0]
        return BadLine(number, first.path, first.detail, name)
    height, width = len(result.solutions), len(result.tests)
    if len(result.matrix) != height:
        return BadLine(number, "$.matrix", f"{len(result.matrix)} rows of {height} solutions: one each is due", name)
    for row, letters in enumerate(result.matrix):
        if len(letters) != width:
            detail = f"{len(letters)} letters where the problem has {width} tests: one each is due"
            return BadLine(number, f"$.matrix[{row}]", detail, name)
        if unknown := set(letters) - _LETTERS:
            detail = f"{min(unknown)!r} is no verdict; they are {', '.join(Verdict)}"
            return BadLine(number, f"$.matrix[{row}]", detail, name)
    return ResultLine(number, result)


def _other_kind(document: dict[str, Any]) -> str | None:
    """What a line is that is no result but of a kind of ours; none where it may be one."""
    if "matrix" in document:
        return None
    if isinstance(document.get("problems"), list):
        return "this is the answer of a whole batch: a file of results has each of its `problems` on a line of its own"
    if "solution_scores" in document:
        return "this is a line of `crossjudge select`, which has chosen already"
    if {"solutions", "tests"} <= document.keys():
        return "this is a problem without a `matrix`: have it judged by `crossjudge verify`, which writes the results"
    return "there is no `matrix`: a result is a line that `crossjudge verify` has written"

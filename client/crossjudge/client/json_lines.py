"""Files of JSON lines, plain or gzipped, as our commands read them: after a bad line the next is read all the same."""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import Any, BinaryIO, cast

from crossjudge.contracts import load_json

from .errors import CommandError

STDIN = "-"
_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class BadLine:
    """A line that is not what it should be: its number (from 1), the place in it, what is wrong there, and the id of
    the problem that it is of, where it could be read."""

    number: int
    path: str
    detail: str
    problem: str | None = None

    def told(self, file: str) -> str:
        """The line's place and what is wrong there, for the person whose file it is."""
        problem = "" if self.problem is None else f" problem {self.problem!r},"
        return f"{'stdin' if file == STDIN else file}, line {self.number},{problem} {self.path}: {self.detail}"


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """The file's bytes, unzipped where they are gzip, whatever its name is. Raises `CommandError`."""
    try:
        raw = sys.stdin.buffer if file == STDIN else Path(file).open("rb")  # noqa: SIM115 - closed below
        zipped = cast(io.BufferedReader, raw).peek(2)[:2] == _GZIP_MAGIC
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror or error}") from error
    try:
        yield cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if zipped else raw
    finally:
        if file != STDIN:
            raw.close()


def objects(
    source: BinaryIO, noun: str, on_bytes: Callable[[bytes], None] = lambda raw: None
) -> Iterator[tuple[int, dict[str, Any]] | BadLine]:
    """The object of each line that is not blank, with the line's number. `noun` is what the file is a file of."""
    number = 0
    try:
        for raw in source:
            number += 1
            on_bytes(raw)
            if raw.strip():
                found = _object(number, raw, noun)
                yield found if isinstance(found, BadLine) else (number, found)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        yield BadLine(number + 1, "$", f"the gzip data ends or breaks here ({error}); what follows cannot be read")


def _object(number: int, raw: bytes, noun: str) -> dict[str, Any] | BadLine:
    try:
        document = load_json(raw.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError as error:
        return BadLine(number, "$", f"not UTF-8: {error.reason} at byte {error.start + 1} of the line")
    except RecursionError:
        return BadLine(number, "$", "its values are nested too deeply")
    except JSONDecodeError as error:
        cut = "" if raw.endswith(b"\n") else "; the file ends in this line, as if it had been cut off there"
        return BadLine(number, "$", f"not JSON: {error.msg} at column {error.colno}{cut}")
    except ValueError as error:  # a number with too many digits
        return BadLine(number, "$", f"not JSON that can be read: {error}")
    return (
        document
        if isinstance(document, dict)
        else BadLine(number, "$", f"a {noun} is an object, not {_kind(document)}")
    )


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")

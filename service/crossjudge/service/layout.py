"""The service's note of how a batch was split, from which its answer is put together again. Kept beside the batch.

Equal solutions share a row and equal tests share a column; what is too large to be run has neither, and is judged
here: its cells are `E`.

In Redis it is compressed JSON, a line a problem, so that neither writing nor reading a large batch needs all of it at
once.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import TypeAdapter

from crossjudge.contracts import encode_json

_LEVEL = 1
_PIECE = 2**16


@dataclass(slots=True)
class ProblemLayout:
    """Where the solutions and tests of one problem went."""

    id: str
    rows: list[int | None]
    """The row of each solution; null where the solution is too large."""
    columns: list[int | None]
    """The column of each test, an index into `Columns.tests`; null where the test is too large."""
    asked: list[str] | None
    """One string a solution, one letter a test: `1` where the cell was asked for. Null is all of them."""
    parts: list[tuple[int, int, list[int]]]
    """Where its rows went: the chunk, the part of that chunk, and the rows that are there, in its order."""
    large_solutions: dict[int, str]
    """What is said of each solution that is too large."""
    large_tests: dict[int, str]


_ADAPTER = TypeAdapter(ProblemLayout)


class LayoutWriter:
    """The note of a whole batch as it stands in Redis, written problem by problem."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(_LEVEL)
        self._packed = bytearray()

    def add(self, problem: ProblemLayout) -> None:
        """The next problem."""
        self._packed += self._packer.compress(encode_json(problem) + b"\n")

    def finish(self) -> bytes:
        """What `read_layout` reads."""
        return bytes(self._packed + self._packer.flush())


def read_layout(data: bytes) -> Iterator[ProblemLayout]:
    """Problem after problem of what a `LayoutWriter` has written."""
    unpacker = zlib.decompressobj()
    rest = b""
    while not unpacker.eof:
        piece = unpacker.decompress(data, _PIECE)
        data = unpacker.unconsumed_tail
        if not (piece or data or unpacker.eof):
            raise ValueError("the layout of a batch is cut off")
        *lines, rest = (rest + piece).split(b"\n")
        yield from map(_ADAPTER.validate_json, lines)

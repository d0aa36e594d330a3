"""Digests that are equal where, and only where, what they are of is equal. Pure; knows nothing of Redis.

Two cells are equal where their test and all that decides the verdicts of their row are: the solution, what it runs
with, what is asked about it, and what runs it (`runtime`). A model writes most of this and may write what it likes, so
each piece is preceded by its length: no piece can be made to look like the next one, and nobody can have an entry made
under the key of another's row but by finding two texts of the same SHA-256.
"""

import hashlib
import json
from collections.abc import Iterable

from crossjudge.contracts import AssertTest, Columns, Order, PytestTest, Test

DIGEST_BYTES = 16
"""Of SHA-256. Finding two equal ones takes 2**64 attempts, and helps only against those who wrote one of the two."""


def digest(pieces: Iterable[str]) -> bytes:
    """Of texts in their order, lone surrogates and all."""
    found = hashlib.sha256()
    for piece in pieces:
        data = piece.encode("utf-8", "surrogatepass")
        found.update(len(data).to_bytes(8, "big") + data)
    return found.digest()[:DIGEST_BYTES]


def of_test(test: Test) -> bytes:
    """Of a test's kind and content. Keys are not sorted: a program can see the order of an argument's keys."""
    if isinstance(test, AssertTest | PytestTest):
        return digest((test.kind, test.code))
    return digest((test.kind, _json(test.model_dump())))


def of_row(runtime: bytes, order: Order, columns: Columns, solution: str) -> str:
    """Of all that the verdicts of a row, and what is said of its cells, depend on besides the tests."""
    about = {
        "runtime": runtime.hex(),
        "entry_point": columns.entry_point,
        "limits": order.limits.model_dump(),
        "isolation": order.isolation,
        "detail": sorted(order.detail),
        "fork_per_cell": order.fork_per_cell,
    }
    return digest((_json(about), columns.prelude, solution)).hex()


def _json(value: object) -> str:
    # Not as ASCII: escapes would make one text of a character and of the two surrogates that stand for it.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

"""Plain data as it crosses from a solution to the supervisor, and its short digest.

A value becomes JSON with a tag where JSON alone would lose something: `["l", items]` for a list or a tuple, `["d",
pairs]`, `["f", repr]`, `["i", hex]` for integers too long for decimal, `["o", type name]` for anything that is not
plain data and so equals nothing. Subclasses of plain types cross as the plain data in them: an object that lies in its
`__eq__` cannot cross, only values can.
"""

import hashlib
import json
from typing import Any

MAX_DEPTH = 200
_LONG_INT_BITS = 10_000  # Python limits decimal conversion of longer ones


def encode(value: Any, depth: int = 0) -> Any:
    """The value as tagged JSON. Runs in the solution's process: nothing that comes of it is trusted."""
    if value is None or value is True or value is False:
        return value
    if isinstance(value, int):
        number = int.__int__(value)
        return ["i", hex(number)] if number.bit_length() > _LONG_INT_BITS else number
    if isinstance(value, float):
        return ["f", float.__repr__(value)]
    if isinstance(value, str):
        return str.__str__(value)
    if depth >= MAX_DEPTH:
        return ["o", "nested too deep"]
    if isinstance(value, list):
        return ["l", [encode(item, depth + 1) for item in list.__iter__(value)]]
    if isinstance(value, tuple):
        return ["l", [encode(item, depth + 1) for item in tuple.__iter__(value)]]
    if isinstance(value, dict):
        return ["d", [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in dict.items(value)]]
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return encode(value.tolist(), depth + 1)
    return ["o", type(value).__name__]


def digest(parts: list[Any]) -> str:
    """16 hexadecimal digits that two solutions share when they gave back the same, in the same order."""
    text = json.dumps(parts, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def decode(tagged: Any) -> Any:
    """The value in words that a message can show; what is not plain data is named by its type."""
    if not isinstance(tagged, list) or len(tagged) != 2:
        return tagged
    tag, body = tagged
    if tag == "l" and isinstance(body, list):
        return [decode(item) for item in body]
    if tag == "d" and isinstance(body, list):
        return {str(decode(pair[0])): decode(pair[1]) for pair in body if isinstance(pair, list) and len(pair) == 2}
    if tag == "f" and isinstance(body, str):
        try:
            return float(body)
        except ValueError:
            return body
    return Opaque(f"<{body}>")


class Opaque(str):
    """A word that stands for a value; shown as it is."""

    __slots__ = ()
    __repr__ = str.__str__

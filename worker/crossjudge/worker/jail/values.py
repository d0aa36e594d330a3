"""Plain data as it crosses from a solution to the supervisor, and its short digest.

A value becomes JSON with a tag where JSON alone would lose something: `["l", items]` for a list or a tuple, `["d",
pairs]`, `["f", repr]`, `["i", hex]` for integers too long for decimal, `["o", type name]` for anything that is not
plain data and so equals nothing. Subclasses of plain types cross as the plain data in them: an object that lies in its
`__eq__` cannot cross, only values can.
"""

import decimal
import fractions
import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

MAX_DEPTH = 200
MAX_ITEMS = 100_000
_LONG_INT_BITS = 10_000  # Python limits decimal conversion of longer ones
_SHOWN_AS_THEY_ARE = (bytes, bytearray, complex, range, decimal.Decimal, fractions.Fraction)


def encode(value: Any, most_items: int = MAX_ITEMS) -> Any:
    """The value as tagged JSON. Runs in the solution's process: nothing that comes of it is trusted.

    After `most_items` lists, numbers, texts and so on the rest is cut: a small value can hold itself a million times.
    """
    return _Encoder(most_items).encode(value, 0)


class _Encoder:
    def __init__(self, most_items: int) -> None:
        self._left = most_items

    def encode(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if self._left < 0:
            return ["o", "too large"]
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
        return self._container(value, depth + 1)

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, list):
            return ["l", self._all(list.__iter__(value), depth)]
        if isinstance(value, tuple):
            return ["l", self._all(tuple.__iter__(value), depth)]
        if isinstance(value, dict):
            return ["d", [self._all(pair, depth) for pair in self._bounded(iter(dict.items(value)))]]
        if type(value) in (set, frozenset):
            return ["o", f"set {sorted(map(_text, self._all(iter(value), depth)))}"]
        if type(value) in _SHOWN_AS_THEY_ARE:
            return ["o", f"{type(value).__name__} {value!r}"]
        if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
            return self.encode(value.tolist(), depth)
        return ["o", type(value).__name__]

    def _all(self, items: Iterable[Any], depth: int) -> list[Any]:
        return [self.encode(item, depth) for item in self._bounded(items)]

    def _bounded(self, items: Iterable[Any]) -> Iterator[Any]:
        """The items, up to one past the last that is encoded: that one says that there was more."""
        for item in items:
            yield item
            if self._left < 0:
                return


def _text(tagged: Any) -> str:
    return json.dumps(tagged, separators=(",", ":"))


def digest(parts: list[Any]) -> str:
    """16 hexadecimal digits that two solutions share when they gave back the same, in the same order."""
    return hashlib.blake2b(_text(_without_order(parts)).encode(), digest_size=8).hexdigest()


def _without_order(tagged: Any) -> Any:
    """The same with the pairs of each dict sorted: equal dicts are the same behaviour."""
    if not isinstance(tagged, list):
        return tagged
    if len(tagged) == 2 and tagged[0] == "d" and isinstance(tagged[1], list):
        return ["d", sorted((_without_order(pair) for pair in tagged[1]), key=_text)]
    return [_without_order(item) for item in tagged]


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

"""Values of exact built-in types as JSON, and back: what `1`, `1.0`, `True`, `(1,)` and `[1]` are survives the journey.

Both sides know the same form: None, booleans, floats, text and integers of up to 64 bits are themselves; all else is a
list of a tag and a body. What is not exactly of a built-in type (a subclass, a function, a generator …) has no form,
and neither has what is too large or too deep: `encode` says so by raising `NotPlain`.

What is decoded may come from a hostile process. So it is bounded before anything is built: in items, in depth, in the
size of an integer, and, far lower, in what has to be hashed, since elements of a set can be chosen to collide.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

MAX_DEPTH = 100
MAX_WEIGHT = 100_000
MAX_HASHED = 2_000
MAX_TEXT = 1 << 20
_MAX_BITS = 1 << 16
_PLAIN_BITS = 64
_MAX_NANS = 1_000
_TAGS: dict[type, str] = {list: "l", tuple: "t", set: "s", frozenset: "z", dict: "d"}


class NotPlain(Exception):
    """The value is not plain data, or too large to be handed over."""


class Malformed(Exception):
    """What was received is not what `encode` makes."""


class Nans:
    """Tells NaNs apart: a NaN equals itself only inside of a container, and only as the same object."""

    def __init__(self) -> None:
        self._known = [math.nan]

    def number(self, value: float) -> int:
        """The number of this very object."""
        for number, known in enumerate(self._known):
            if known is value:
                return number
        if len(self._known) >= _MAX_NANS:
            raise NotPlain
        self._known.append(value)
        return len(self._known) - 1

    def object(self, number: Any) -> float:
        """The same object for the same number; 0 is `math.nan`."""
        if type(number) is not int or not 0 <= number < _MAX_NANS:
            raise Malformed("no such NaN")
        while len(self._known) <= number:
            self._known.append(float("nan"))
        return self._known[number]


class _Budget:
    """What a value may still weigh, on either side."""

    def __init__(self) -> None:
        self._weight = MAX_WEIGHT
        self._hashed = MAX_HASHED
        self._text = MAX_TEXT

    def take(self, depth: int, is_hashed: bool, weight: int = 1, text: int = 0) -> None:
        self._weight -= weight
        self._text -= text
        if is_hashed:
            self._hashed -= weight
        if depth > MAX_DEPTH or self._weight < 0 or self._text < 0 or self._hashed < 0:
            raise NotPlain

    def take_int(self, value: int, depth: int, is_hashed: bool) -> None:
        bits = value.bit_length()
        if bits > _MAX_BITS:
            raise NotPlain
        self.take(depth, is_hashed, 1 + bits // 64)


def encode(value: Any, nans: Nans) -> Any:
    """The value as JSON that says its types; raises `NotPlain`."""
    return _Encoder(nans).encode(value, 0, False)


class _Encoder(_Budget):
    def __init__(self, nans: Nans) -> None:
        super().__init__()
        self._nans = nans

    def encode(self, value: Any, depth: int, is_hashed: bool) -> Any:
        if value is None or value is True or value is False:
            self.take(depth, is_hashed)
            return value
        kind = type(value)
        if kind is int:
            self.take_int(value, depth, is_hashed)
            return value if value.bit_length() <= _PLAIN_BITS else ["i", hex(value)]
        if kind is str:
            self.take(depth, is_hashed, text=len(value))
            return (
                value if value.isascii() or _is_unicode(value) else ["u", value.encode("utf-8", "surrogatepass").hex()]
            )
        self.take(depth, is_hashed)
        if kind is float:
            return value if value == value else ["n", self._nans.number(value)]
        if kind in _TAGS:
            return [_TAGS[kind], self._items(value, depth + 1, is_hashed or kind in (set, frozenset))]
        return self._rare(value, kind, depth, is_hashed)

    def _items(self, value: Any, depth: int, is_hashed: bool) -> list[Any]:
        if type(value) is not dict:
            return [self.encode(item, depth, is_hashed) for item in value]
        return [
            half
            for key, item in value.items()
            for half in (self.encode(key, depth, True), self.encode(item, depth, is_hashed))
        ]

    def _rare(self, value: Any, kind: type, depth: int, is_hashed: bool) -> Any:
        if kind is bytes or kind is bytearray:
            self.take(depth, is_hashed, text=len(value))
            return ["b" if kind is bytes else "a", value.hex()]
        if kind is complex:
            return ["c", [self.encode(value.real, depth, is_hashed), self.encode(value.imag, depth, is_hashed)]]
        if kind is range:
            return ["r", [self.encode(part, depth, is_hashed) for part in (value.start, value.stop, value.step)]]
        raise NotPlain


def _is_unicode(text: str) -> bool:
    """Whether the text has no lone surrogates: JSON would make one character of two that happen to be neighbours."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode(tagged: Any, nans: Nans) -> Any:
    """The value that `encode` was given; raises `Malformed`, or `NotPlain` for what `encode` would have refused."""
    return _Decoder(nans).decode(tagged, 0, False)


class _Decoder(_Budget):
    def __init__(self, nans: Nans) -> None:
        super().__init__()
        self._nans = nans

    def decode(self, tagged: Any, depth: int, is_hashed: bool) -> Any:
        kind = type(tagged)
        if kind is int:
            self.take_int(tagged, depth, is_hashed)
            return tagged
        if kind is str:
            self.take(depth, is_hashed, text=len(tagged))
            return tagged
        self.take(depth, is_hashed)
        if kind is float:
            if tagged != tagged:
                raise Malformed("a bare NaN")
            return tagged
        if tagged is None or kind is bool:
            return tagged
        if kind is not list or len(tagged) != 2 or type(tagged[0]) is not str:
            raise Malformed("neither a plain value nor a tag and a body")
        tag, body = tagged
        if tag in _CONTAINERS:
            return self._container(tag, body, depth + 1, is_hashed)
        return self._rare(tag, body, depth + 1, is_hashed)

    def _container(self, tag: str, body: Any, depth: int, is_hashed: bool) -> Any:
        if type(body) is not list:
            raise Malformed(f"the body of {tag!r} is no list")
        if tag == "d":
            return self._dict(body, depth, is_hashed)
        items = [self.decode(item, depth, is_hashed or tag in "sz") for item in body]
        return _build(_CONTAINERS[tag], items, len(items))

    def _dict(self, body: list[Any], depth: int, is_hashed: bool) -> Any:
        keys = [self.decode(key, depth, True) for key in body[::2]]
        items = [self.decode(item, depth, is_hashed) for item in body[1::2]]
        return _build(lambda pairs: dict(zip(pairs, items, strict=True)), keys, len(items))

    def _rare(self, tag: str, body: Any, depth: int, is_hashed: bool) -> Any:
        if tag == "n":
            return self._nans.object(body)
        if tag == "i":
            return self._long(body, depth, is_hashed)
        if tag in ("u", "a", "b"):
            return self._bytes(tag, body, depth, is_hashed)
        if type(body) is not list or tag not in ("c", "r"):
            raise Malformed(f"no such tag: {tag!r}")
        parts = [self.decode(part, depth, is_hashed) for part in body]
        return self._complex(parts) if tag == "c" else self._range(parts)

    def _long(self, body: Any, depth: int, is_hashed: bool) -> int:
        if type(body) is not str or len(body) > _MAX_BITS // 4 + 3:
            raise Malformed("not a long integer")
        try:
            value = int(body, 16)
        except ValueError as error:
            raise Malformed("not a long integer") from error
        self.take_int(value, depth, is_hashed)
        return value

    def _bytes(self, tag: str, body: Any, depth: int, is_hashed: bool) -> str | bytes | bytearray:
        if type(body) is not str:
            raise Malformed("not bytes")
        self.take(depth, is_hashed, text=len(body) // 2)
        try:
            data = bytes.fromhex(body)
            if tag == "u":
                return data.decode("utf-8", "surrogatepass")
        except ValueError as error:
            raise Malformed("not bytes") from error
        return bytearray(data) if tag == "a" else data

    def _complex(self, parts: list[Any]) -> complex:
        if [type(part) for part in parts] != [float, float]:
            raise Malformed("not a complex number")
        return complex(*parts)

    def _range(self, parts: list[Any]) -> range:
        if [type(part) for part in parts] != [int] * 3 or parts[2] == 0:
            raise Malformed("not a range")
        value = range(*parts)
        if max(abs(part) for part in parts) >> _PLAIN_BITS - 2 or len(value) > MAX_WEIGHT:
            raise NotPlain
        return value


_CONTAINERS: dict[str, Callable[[Iterable[Any]], Any]] = {"l": list, "t": tuple, "s": set, "z": frozenset, "d": dict}


def _build(make: Callable[[Any], Any], items: list[Any], size: int) -> Any:
    try:
        value = make(items)
    except (TypeError, ValueError) as error:  # what cannot be hashed; a dict with a key too many
        raise Malformed("not hashable, or not in pairs") from error
    if len(value) != size:
        raise Malformed("an element twice")
    return value


def weigh_hashed(items: Iterable[Any]) -> None:
    """Raise `NotPlain` where a set of these would take too long to build."""
    budget = _Encoder(Nans())
    for item in items:
        budget.encode(item, 1, True)

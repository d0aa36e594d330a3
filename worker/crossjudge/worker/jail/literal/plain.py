"""Values of exact built-in types as JSON, and back: what `1`, `1.0`, `True`, `(1,)` and `[1]` are survives the journey.

Both sides know the same form: None, booleans, floats, text and integers of up to 64 bits are themselves; all else is a
list of a tag and a body. What is not exactly of a built-in type (a subclass, a function, a generator …) has no form,
and neither has what is too large or too deep: `encode` says so by raising `NotPlain`.

What is decoded may come from a hostile process. So it is bounded before anything is built: in items, in depth, in the
size of an integer, and, far lower, in what has to be hashed, since elements of a set can be chosen to collide.

One `Encoder` and one `Decoder` serve all values of a cell: they tell NaNs apart by number, for a NaN equals itself only
as the same object inside of a container.
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


class _Budget:
    """What a value may still weigh, on either side; and the NaNs seen so far, `math.nan` the first."""

    def __init__(self) -> None:
        self._nans = [math.nan]

    def _begin(self) -> None:
        self._weight = MAX_WEIGHT
        self._hashed = MAX_HASHED
        self._text = MAX_TEXT

    def _take(self, depth: int, is_hashed: bool, weight: int = 1, text: int = 0) -> None:
        self._weight -= weight
        self._text -= text
        if is_hashed:
            self._hashed -= weight
        if depth > MAX_DEPTH or self._weight < 0 or self._text < 0 or self._hashed < 0:
            raise NotPlain

    def _take_int(self, value: int, depth: int, is_hashed: bool) -> None:
        bits = value.bit_length()
        if bits > _MAX_BITS:
            raise NotPlain
        self._take(depth, is_hashed, 1 + bits // 64)


class Encoder(_Budget):
    """Turns values into JSON that says their types."""

    def encode(self, value: Any) -> Any:
        """The value in that form; raises `NotPlain`."""
        self._begin()
        return self._any(value, 0, False)

    def weigh_hashed(self, items: Iterable[Any]) -> None:
        """Raise `NotPlain` where a set of these would take too long to build."""
        self._begin()
        for item in items:
            self._any(item, 1, True)

    def _any(self, value: Any, depth: int, is_hashed: bool) -> Any:
        if value is None or value is True or value is False:
            self._take(depth, is_hashed)
            return value
        kind = type(value)
        if kind is int:
            self._take_int(value, depth, is_hashed)
            return value if value.bit_length() <= _PLAIN_BITS else ["i", hex(value)]
        if kind is str:
            self._take(depth, is_hashed, text=len(value))
            is_text = value.isascii() or _is_unicode(value)
            return value if is_text else ["u", value.encode("utf-8", "surrogatepass").hex()]
        self._take(depth, is_hashed)
        if kind is float:
            return value if value == value else ["n", self._number_of(value)]
        if kind in _TAGS:
            return [_TAGS[kind], self._items(value, depth + 1, is_hashed or kind in (set, frozenset))]
        return self._rare(value, kind, depth, is_hashed)

    def _items(self, value: Any, depth: int, is_hashed: bool) -> list[Any]:
        if type(value) is not dict:
            return [self._any(item, depth, is_hashed) for item in value]
        return [
            half
            for key, item in value.items()
            for half in (self._any(key, depth, True), self._any(item, depth, is_hashed))
        ]

    def _rare(self, value: Any, kind: type, depth: int, is_hashed: bool) -> Any:
        if kind is bytes or kind is bytearray:
            self._take(depth, is_hashed, text=len(value))
            return ["b" if kind is bytes else "a", value.hex()]
        if kind is complex:
            return ["c", [self._any(value.real, depth, is_hashed), self._any(value.imag, depth, is_hashed)]]
        if kind is range:
            return ["r", [self._any(part, depth, is_hashed) for part in (value.start, value.stop, value.step)]]
        raise NotPlain

    def _number_of(self, nan: float) -> int:
        for number, known in enumerate(self._nans):
            if known is nan:
                return number
        if len(self._nans) >= _MAX_NANS:
            raise NotPlain
        self._nans.append(nan)
        return len(self._nans) - 1


def _is_unicode(text: str) -> bool:
    """Whether the text has no lone surrogates: JSON would make one character of two that happen to be neighbours."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Decoder(_Budget):
    """Turns what an `Encoder` made, or says to have made, into values.

    `most_hashed` bounds what has to be hashed of all values together.
    """

    def __init__(self, most_hashed: int = 10 * MAX_HASHED) -> None:
        super().__init__()
        self._hashed_in_all = most_hashed

    def decode(self, tagged: Any) -> Any:
        """The value; raises `Malformed`, or `NotPlain` for what an encoder would have refused."""
        self._begin()
        self._hashed = min(self._hashed, self._hashed_in_all)
        before = self._hashed
        try:
            return self._any(tagged, 0, False)
        finally:
            self._hashed_in_all -= before - self._hashed

    def _any(self, tagged: Any, depth: int, is_hashed: bool) -> Any:
        kind = type(tagged)
        if kind is int:
            self._take_int(tagged, depth, is_hashed)
            return tagged
        if kind is str:
            self._take(depth, is_hashed, text=len(tagged))
            return tagged
        self._take(depth, is_hashed)
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
        items = [self._any(item, depth, is_hashed or tag in "sz") for item in body]
        return _build(_CONTAINERS[tag], items, len(items))

    def _dict(self, body: list[Any], depth: int, is_hashed: bool) -> Any:
        keys = [self._any(key, depth, True) for key in body[::2]]
        items = [self._any(item, depth, is_hashed) for item in body[1::2]]
        return _build(lambda pairs: dict(zip(pairs, items, strict=True)), keys, len(items))

    def _rare(self, tag: str, body: Any, depth: int, is_hashed: bool) -> Any:
        if tag == "n":
            return self._nan(body)
        if tag == "i":
            return self._long(body, depth, is_hashed)
        if tag in ("u", "a", "b"):
            return self._bytes(tag, body, depth, is_hashed)
        if type(body) is not list or tag not in ("c", "r"):
            raise Malformed(f"no such tag: {tag!r}")
        parts = [self._any(part, depth, is_hashed) for part in body]
        return self._complex(parts) if tag == "c" else self._range(parts)

    def _nan(self, number: Any) -> float:
        if type(number) is not int or not 0 <= number < _MAX_NANS:
            raise Malformed("no such NaN")
        while len(self._nans) <= number:
            self._nans.append(float("nan"))
        return self._nans[number]

    def _long(self, body: Any, depth: int, is_hashed: bool) -> int:
        if type(body) is not str or len(body) > _MAX_BITS // 4 + 3:
            raise Malformed("not a long integer")
        try:
            value = int(body, 16)
        except ValueError as error:
            raise Malformed("not a long integer") from error
        self._take_int(value, depth, is_hashed)
        return value

    def _bytes(self, tag: str, body: Any, depth: int, is_hashed: bool) -> str | bytes | bytearray:
        if type(body) is not str:
            raise Malformed("not bytes")
        self._take(depth, is_hashed, text=len(body) // 2)
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

"""Plain data: values of exact built-in types, which cross by copy. Subclasses are objects of a program's own.

`SCALARS` are immutable and written in one piece; `KINDS` are the mutable containers, which both sides keep a copy of
(see `twins`). Decoding trusts nothing: what has not the right form raises ValueError or TypeError.
"""

import abc
import binascii
import collections
import datetime
import decimal
import fractions
import importlib
import operator
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

Encode = Callable[[Any], Any]
Encodes = Callable[[Iterable[Any]], list[Any]]

ATOMS = frozenset({type(None), bool, int, float, str})
"""What JSON carries as it is."""

LONG_INT_BITS = 4096  # Python limits the decimal form of integers of more than 4,300 digits


def _timezone(offset: Any) -> datetime.timezone | None:
    return None if offset is None else datetime.timezone(datetime.timedelta(seconds=_number(offset)))


def _offset(zone: datetime.tzinfo | None) -> float | None:
    if zone is None:
        return None
    if type(zone) is not datetime.timezone:
        raise TypeError("a time zone of its own")
    return zone.utcoffset(None).total_seconds()


def _number(value: Any) -> Any:
    if type(value) not in (int, float):
        raise TypeError(value)
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(value)
    return value


def _bytes(value: Any) -> bytes:
    return _text(value).encode("latin-1")


# Of each type its tag, to JSON, and from JSON. Nested values are atoms only.
SCALARS: dict[type, tuple[str, Callable[[Any], list[Any]], Callable[..., Any]]] = {
    bytes: ("b", lambda x: [x.decode("latin-1")], _bytes),
    complex: ("z", lambda x: [x.real, x.imag], lambda real, imag: complex(_number(real), _number(imag))),
    decimal.Decimal: ("decimal", lambda x: [str(x)], lambda text: decimal.Decimal(_text(text))),
    fractions.Fraction: (
        "fraction",
        lambda x: [hex(x.numerator), hex(x.denominator)],
        lambda over, under: fractions.Fraction(int(_text(over), 16), int(_text(under), 16)),
    ),
    datetime.date: ("date", lambda x: [x.toordinal()], lambda day: datetime.date.fromordinal(_number(day))),
    datetime.timedelta: (
        "timedelta",
        lambda x: [x.days, x.seconds, x.microseconds],
        lambda days, seconds, micro: datetime.timedelta(_number(days), _number(seconds), _number(micro)),
    ),
    datetime.timezone: ("timezone", lambda x: [_offset(x)], _timezone),
    datetime.datetime: (
        "datetime",
        lambda x: [x.replace(tzinfo=None, fold=0).isoformat(), _offset(x.tzinfo), x.fold],
        lambda text, zone, fold: datetime.datetime.fromisoformat(_text(text)).replace(
            tzinfo=_timezone(zone), fold=_number(fold)
        ),
    ),
    datetime.time: (
        "time",
        lambda x: [x.replace(tzinfo=None, fold=0).isoformat(), _offset(x.tzinfo), x.fold],
        lambda text, zone, fold: datetime.time.fromisoformat(_text(text)).replace(
            tzinfo=_timezone(zone), fold=_number(fold)
        ),
    ),
    re.Pattern: ("re", lambda x: _pattern(x), lambda text, flags: re.compile(_text(text), _number(flags))),
}
FROM_TAG = {tag: build for tag, _, build in SCALARS.values()}

# Of modules that not every program needs, and that are imported by no process before it is: written as their text.
_LATE = (("pathlib", "PosixPath"), ("pathlib", "PurePosixPath"), ("uuid", "UUID"))


def late_scalar(value: Any) -> list[str] | None:
    """A value of one of the types that are imported late, as module, type and text; None for anything else."""
    for module, name in _LATE:
        if type(value).__name__ == name and getattr(sys.modules.get(module), name, None) is type(value):
            return [module, name, str(value)]
    return None


def build_late_scalar(module: Any, name: Any, text: Any) -> Any:
    """The value that `late_scalar` wrote."""
    if (module, name) not in _LATE:
        raise ValueError(module, name)
    return getattr(importlib.import_module(module), name)(_text(text))


def _pattern(pattern: re.Pattern[Any]) -> list[Any]:
    if type(pattern.pattern) is not str:
        raise TypeError("a pattern of bytes")
    return [pattern.pattern, pattern.flags]


class Kind(abc.ABC):
    """How one type of mutable container is written, filled, and found changed.

    Only methods of the type itself are used, never those of a subclass: a program's own class may be filled so too.
    """

    tag: str
    type: Any

    def is_exact(self, box: Any) -> bool:
        """Whether it is of the type itself, and not of a program's own class derived from it."""
        return type(box) is self.type

    def empty(self, kind: Any, content: list[Any]) -> Any:
        """A container of class `kind` with nothing in it; `content` where that has to be known from the start."""
        return self.type.__new__(kind)

    def content(self, box: Any, encode: Encodes) -> list[Any]:
        """What is in it, as JSON."""
        return [encode(self.parts(box)[0])]

    @abc.abstractmethod
    def fill(self, box: Any, content: list[Any], decode: Encodes) -> None:
        """Put in place what `content` says."""

    @abc.abstractmethod
    def parts(self, box: Any) -> tuple[list[Any], ...]:
        """What is in it, as lists."""

    def is_same(self, box: Any, before: tuple[list[Any], ...]) -> bool:
        """Whether it holds the very objects that it held before."""
        now = self.parts(box)
        return all(
            len(mine) == len(other) and all(map(operator.is_, mine, other))
            for mine, other in zip(now, before, strict=True)
        )


class _List(Kind):
    tag, type = "l", list

    def parts(self, box: Any) -> tuple[list[Any], ...]:
        return (list.__getitem__(box, slice(None)),)

    def fill(self, box: Any, content: list[Any], decode: Encodes) -> None:
        (items,) = content
        list.__setitem__(box, slice(None), decode(items))

    def is_same(self, box: Any, before: tuple[list[Any], ...]) -> bool:
        return list.__len__(box) == len(before[0]) and all(map(operator.is_, list.__iter__(box), before[0]))


class _Set(Kind):
    tag, type = "s", set

    def parts(self, box: Any) -> tuple[list[Any], ...]:
        return (list(set.__iter__(box)),)

    def fill(self, box: Any, content: list[Any], decode: Encodes) -> None:
        (items,) = content
        values = decode(items)
        set.clear(box)
        set.update(box, values)


class _Bytes(Kind):
    tag, type = "B", bytearray

    def parts(self, box: Any) -> tuple[list[Any], ...]:
        return ([bytes(box)],)

    def content(self, box: Any, encode: Encodes) -> list[Any]:
        return [bytes(box).decode("latin-1")]

    def fill(self, box: Any, content: list[Any], decode: Encodes) -> None:
        (text,) = content
        bytearray.__setitem__(box, slice(None), _bytes(text))

    def is_same(self, box: Any, before: tuple[list[Any], ...]) -> bool:
        return bool(bytearray.__eq__(box, before[0][0]))


class _Deque(Kind):
    tag, type = "q", collections.deque

    def empty(self, kind: Any, content: list[Any]) -> Any:
        box = collections.deque.__new__(kind)
        if content[1] is not None:
            collections.deque.__init__(box, (), _number(content[1]))
        return box

    def parts(self, box: Any) -> tuple[list[Any], ...]:
        return (list(collections.deque.__iter__(box)),)

    def content(self, box: Any, encode: Encodes) -> list[Any]:
        return [encode(self.parts(box)[0]), box.maxlen]

    def fill(self, box: Any, content: list[Any], decode: Encodes) -> None:
        values = decode(content[0])
        collections.deque.clear(box)
        collections.deque.extend(box, values)


class _Dict(Kind):
    tag = "d"
    type: Any = dict

    def parts(self, box: Any) -> tuple[list[Any], ...]:
        return list(dict.keys(box)), list(dict.values(box))

    def content(self, box: Any, encode: Encodes) -> list[Any]:
        return [encode(part) for part in self.parts(box)]

    def fill(self, box: Any, content: list[Any], decode: Encodes) -> None:
        keys, values = decode(content[0]), decode(content[1])
        self.put(box, zip(keys, values, strict=True))

    def put(self, box: Any, pairs: Iterable[tuple[Any, Any]]) -> None:
        pairs = list(pairs)
        dict.clear(box)
        dict.update(box, pairs)


class _Counter(_Dict):
    tag, type = "C", collections.Counter


class _OrderedDict(_Dict):
    tag, type = "O", collections.OrderedDict

    def parts(self, box: Any) -> tuple[list[Any], ...]:
        keys = list(collections.OrderedDict.__iter__(box))
        return keys, [dict.__getitem__(box, key) for key in keys]

    def put(self, box: Any, pairs: Iterable[tuple[Any, Any]]) -> None:
        pairs = list(pairs)
        collections.OrderedDict.clear(box)
        for key, value in pairs:
            collections.OrderedDict.__setitem__(box, key, value)


class _DefaultDict(_Dict):
    tag, type = "D", collections.defaultdict

    def content(self, box: Any, encode: Encodes) -> list[Any]:
        return [*super().content(box, encode), encode([box.default_factory])]

    def fill(self, box: Any, content: list[Any], decode: Encodes) -> None:
        super().fill(box, content, decode)
        (box.default_factory,) = decode(content[2])


class _Array(Kind):
    """numpy's arrays of numbers, texts and times; never imported here, only met."""

    tag, type = "N", None
    _DTYPE = re.compile(r"[<>|=][biufcSUMm?][0-9]{1,6}(\[[a-z0-9]{1,8}\])?")

    def is_exact(self, box: Any) -> bool:
        return True  # `kind_of` lets no other be one

    def empty(self, kind: Any, content: list[Any]) -> Any:
        if self._DTYPE.fullmatch(_text(content[0])) is None:
            raise ValueError(content[0])
        return _numpy().empty(tuple(map(_number, content[1])), dtype=content[0])

    def parts(self, box: Any) -> tuple[list[Any], ...]:
        return ([box.tobytes(), box.shape],)

    def content(self, box: Any, encode: Encodes) -> list[Any]:
        return [box.dtype.str, list(box.shape), _armoured(box.tobytes())]

    def fill(self, box: Any, content: list[Any], decode: Encodes) -> None:
        data = _numpy().frombuffer(binascii.a2b_base64(_text(content[2])), dtype=box.dtype)
        box[...] = data.reshape(tuple(map(_number, content[1])))

    def is_same(self, box: Any, before: tuple[list[Any], ...]) -> bool:
        return bool(self.parts(box) == before)


def _armoured(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def _numpy() -> Any:
    import numpy  # the other side has it; where this one has not, that is an ImportError like any other

    return numpy


KINDS: dict[type, Kind] = {
    kind.type: kind
    for kind in (_List(), _Set(), _Bytes(), _Deque(), _Dict(), _Counter(), _OrderedDict(), _DefaultDict())
}
_ARRAY = _Array()
KIND_OF_TAG: dict[str, Kind] = {kind.tag: kind for kind in (*KINDS.values(), _ARRAY)}


def kind_of(value: Any) -> Kind | None:
    """How a value of exactly this type is kept on both sides; None where it is not a mutable container."""
    kind = KINDS.get(type(value))
    if kind is None and type(value).__name__ == "ndarray" and _is_numpy(type(value)):
        return _ARRAY if value.dtype.kind in "biufcSUMm" else None
    return kind


def numpy_scalar(value: Any) -> list[Any] | None:
    """A scalar of numpy's as JSON; None for anything else."""
    if not _is_numpy(type(value)) or getattr(getattr(value, "dtype", None), "kind", "") not in "biufcMm" or value.ndim:
        return None
    return [value.dtype.str, _armoured(value.tobytes())]


def build_numpy_scalar(dtype: Any, data: Any) -> Any:
    """The scalar that `numpy_scalar` wrote."""
    if _Array._DTYPE.fullmatch(_text(dtype)) is None:
        raise ValueError(dtype)
    return _numpy().frombuffer(binascii.a2b_base64(_text(data)), dtype=dtype)[0]


def _is_numpy(kind: type) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and getattr(numpy, kind.__name__.rstrip("_"), getattr(numpy, kind.__name__, None)) is kind

"""What operators do with a mirror. This is where an object that lies about itself would be believed, so on the test's
side (`peer.is_guarded`) these rules hold:

- What the test has made itself, by calling a class that it uses as one (see `naming`), and has not been handed back
  since, is under test itself: it is believed. All that follows is of other objects: what a function returned, what was
  found in a list.
- Compared with plain data a mirror is unequal, and in no order: its class is not asked.
- Whether plain data is in it, is found out by iterating over it here.
- Nor is it asked for what plain data would be asked for: whether it starts with this, or is a subset of that.
- Plain data may be an operand, but what comes of it must be an object again, and that object, having seen what may be
  the expected value (`f(2) - 4`), is no number, no truth value and has no length (`abs(f(2) - 4) < 1e-6`). A class that
  the test names may do more: take plain data that is not a number, be multiplied, be iterated over.
"""

import fractions
import sys
from collections.abc import Callable
from typing import Any

Owner = list[Any]
"""Holds the class whose method it is, once that is made; None where it is the metaclass's."""

HANDLE = " handle"
"""Under this key, which is no identifier, a mirror's own dict and that of its class hold the handle."""

REMOTE = " remote"
"""And in the dict of a standard exception, where it came from the other side."""

COMPARISONS = frozenset({"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"})
_ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "divmod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "xor",
    "or",
)
BINARY = frozenset(f"__{prefix}{name}__" for name in _ARITHMETIC for prefix in ("", "r", "i"))
_SCALING = frozenset({"__mul__", "__rmul__", "__imul__", "__matmul__", "__rmatmul__", "__imatmul__"})
MEASURES = frozenset(
    [
        "__abs__",
        "__bool__",
        "__len__",
        "__int__",
        "__float__",
        "__complex__",
        "__index__",
        "__round__",
        "__trunc__",
        "__floor__",
        "__ceil__",
    ]
)
CONTENT = frozenset({"__iter__", "__next__", "__reversed__", "__length_hint__", "__getitem__"})
OTHERS = frozenset(
    [
        "__neg__",
        "__pos__",
        "__invert__",
        "__setitem__",
        "__delitem__",
        "__call__",
        "__enter__",
        "__exit__",
        "__repr__",
        "__str__",
        "__format__",
        "__bytes__",
        "__aiter__",
        "__anext__",
        "__aenter__",
        "__aexit__",
        "__get__",
        "__set__",
        "__delete__",
        "__set_name__",
        "__missing__",
        "__fspath__",
    ]
)
_UNARY = frozenset({"__neg__", "__pos__", "__invert__", "__abs__"})
PREDICATES = frozenset(
    ["startswith", "endswith", "issubset", "issuperset", "isdisjoint", "difference", "symmetric_difference"]
)
"""Methods of plain data that are given what is expected, and answer whether it is so."""
ALL = COMPARISONS | BINARY | MEASURES | CONTENT | OTHERS | {"__hash__", "__contains__", "__await__"}


class Root:
    """What all mirrors derive from, and no class that a program sees: it has the dict of a mirror itself."""


_DICT: Any = Root.__dict__["__dict__"]


def raw_dict(mirror: Any) -> dict[str, Any]:
    """The dict of a mirror itself, whatever its class calls `__dict__`: not that of the object it stands for."""
    return _DICT.__get__(mirror)  # type: ignore[no-any-return]  # only that of `Root`


class Mirrored(type):
    """What marks a class as the mirror of one of the other side."""


def is_class(value: Any) -> bool:
    """Whether the value is a class. Asks nothing of it: a mirror may ask the other side what its class is."""
    return issubclass(type(value), type)


def is_mirror(value: Any) -> bool:
    """Whether the value stands for an object of the other side, or is a class of it. Asks nothing of the value."""
    return issubclass(type(type(value)), Mirrored) or issubclass(type(value), Mirrored)


def handle_of(value: Any) -> Any:
    """The handle of a mirror or of a mirrored class."""
    if is_class(value):
        return value.__dict__[HANDLE]
    return raw_dict(value)[HANDLE]


def forward(name: str, owner: Owner) -> Callable[..., Any]:
    """The method `name` of a mirrored class, or of its metaclass."""
    if name in COMPARISONS:
        return _named(name, _comparison(name, owner))
    if name in BINARY:
        return _named(name, _binary(name, owner))
    special = {"__hash__": _hash, "__contains__": _contains, "__await__": _await}.get(name)
    if special is not None:
        return _named(name, special(owner))
    return _named(name, _other(name, owner))


def _named(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    method.__name__ = name
    return method


def _ask(owner: Owner, name: str, mirror: Any, *args: Any, **kwargs: Any) -> Any:
    return handle_of(mirror).peer.ask("op", owner[0], name, mirror, args, kwargs)


def is_named(mirror: Any) -> bool:
    """Whether the test has named the class, or that of the object, that a mirror stands for."""
    cls = mirror if is_class(mirror) else type(mirror)
    return bool(handle_of(mirror).peer.is_named(cls))


def check_reading(mirror: Any, name: str) -> None:
    """Raises AttributeError where a test does not ask a mirror for this attribute.

    numpy hands all of a comparison to an object that has one of its methods. Unless the test names the class, an object
    that has seen plain data of it has nothing more to say, and predicates are those of plain data alone.
    """
    handle = handle_of(mirror)
    if not handle.peer.is_guarded:
        return
    is_silent = handle.is_derived and not is_named(mirror)
    if name.startswith("__array_") or ((is_silent or name in PREDICATES) and not is_made(mirror)):
        raise AttributeError(f"the solution's {type(mirror).__name__!r} is not asked for {name!r}")


def is_made(mirror: Any) -> bool:
    """Whether the test has made the object itself, and no function of the solution has returned it."""
    return not is_class(mirror) and bool(handle_of(mirror).is_made)


def note_made(value: Any, before: int) -> Any:
    """What came of calling a class, or of calculating with what did; `before` tells what has come to be since."""
    if _is_object(value) and (handle := handle_of(value)).place > before:
        handle.is_made = True
    return value


def _comparison(name: str, owner: Owner) -> Callable[..., Any]:
    def compare(self: Any, other: Any) -> Any:
        if handle_of(self).peer.is_guarded and not is_mirror(other) and not is_made(self):
            return NotImplemented
        return _ask(owner, name, self, other)

    return compare


def _binary(name: str, owner: Owner) -> Callable[..., Any]:
    def operate(self: Any, other: Any, *more: Any) -> Any:
        handle, was_made = handle_of(self), is_made(self)
        before = handle.peer.count_handles()
        result = _ask(owner, name, self, other, *more)
        if was_made:
            handle.is_made = True
            return note_made(result, before)
        if not handle.peer.is_guarded or result is NotImplemented or not (handle.is_derived or is_plain(other)):
            return result
        is_believed, is_number = is_named(self), _is_number(other)
        if _is_object(result):
            derived = not is_believed or (is_number and name not in _SCALING) or handle.is_derived
            if derived:
                handle_of(result).is_derived = True
            return result
        if is_believed and not is_number and not handle.is_derived:
            return result
        raise TypeError(
            f"{name} of the solution's {type(self).__name__!r} and plain data gave {type(result).__name__!r}: "
            "what has seen plain data of the test may not turn into plain data"
        )

    return operate


def _is_object(value: Any) -> bool:
    """Whether it is a mirror of an object, and none that holds plain data here."""
    return issubclass(type(type(value)), Mirrored)


def is_plain(value: Any) -> bool:
    """Whether the value is data and not an object of a program's own class."""
    return type(value).__module__ in ("builtins", "collections", "decimal", "fractions", "datetime", "numpy")


def _is_number(value: Any) -> bool:
    if isinstance(value, (int, float, complex, fractions.Fraction)):
        return True
    return type(value).__module__ in ("decimal", "datetime", "numpy")


def _hash(owner: Owner) -> Callable[..., Any]:
    def hash_(self: Any) -> int:
        space = raw_dict(self)
        if "hash" not in space:
            space["hash"] = int(_ask(owner, "__hash__", self))
        return space["hash"]  # type: ignore[no-any-return]

    return hash_


def _contains(owner: Owner) -> Callable[..., Any]:
    def contains(self: Any, item: Any) -> bool:
        handle = handle_of(self)
        if not handle.peer.is_guarded or is_mirror(item) or is_made(self):
            return bool(_ask(owner, "__contains__", self, item))
        if not hasattr(type(self), "__iter__"):
            raise TypeError(
                f"the solution's {type(self).__name__!r} cannot be iterated over, and is not asked what is in it"
            )
        return any(each is item or each == item for each in self)

    return contains


def _await(owner: Owner) -> Callable[..., Any]:
    def await_(self: Any) -> Any:
        return handle_of(self).peer.awaiting.wait(self)

    return await_


def _other(name: str, owner: Owner) -> Callable[..., Any]:
    is_measure, is_content = name in MEASURES, name in CONTENT

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        handle = handle_of(self)
        if handle.is_derived and (is_measure or (is_content and not is_named(self))):
            raise TypeError(f"the solution's {type(self).__name__!r} has seen plain data of the test: no {name} of it")
        was_made, before = name in _UNARY and is_made(self), handle.peer.count_handles()
        result = _ask(owner, name, self, *args, **kwargs)
        return note_made(result, before) if was_made else result

    return method


class Room:
    """While it is open the recursion limit is higher by so many frames: a call across processes needs them."""

    def __init__(self, frames: int) -> None:
        self._frames = frames

    def __enter__(self) -> None:
        sys.setrecursionlimit(sys.getrecursionlimit() + self._frames)

    def __exit__(self, *_: Any) -> None:
        try:
            sys.setrecursionlimit(max(100, sys.getrecursionlimit() - self._frames))
        except RecursionError:  # the program is that deep: the next to leave puts it right
            return

"""What a condition may do with values, some of which come from a hostile process.

Every operation here is Python's own over exact built-in types, behind a guard that refuses (`Undecidable`) what could
take long, would give much, or depends on what did not cross: the order of a set's elements, a limit that was moved.
"""

import math
import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from . import plain

_LONGEST_NUMBER = 1_000
_MOST_DIGITS = 400
_MOST_BITS = 1 << 17
_NUMBERS = (bool, int, float, complex)
_SETS = (set, frozenset)

TYPES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        bool,
        bytearray,
        bytes,
        complex,
        dict,
        float,
        frozenset,
        int,
        list,
        object,
        range,
        set,
        str,
        tuple,
        type,
    )
}
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": lambda item, container: item in container,
    "NotIn": lambda item, container: item not in container,
}
UNARY: dict[str, Callable[[Any], Any]] = {"not": operator.not_, "minus": operator.neg, "plus": operator.pos}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
}


class Undecidable(Exception):
    """What one interpreter would have said cannot be told from here."""


def computed(name: str, left: Any, right: Any) -> Any:
    """The result of an operator; raises what Python raises."""
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        if _bits(left) + _bits(right) > _MOST_BITS:
            raise Undecidable
    elif name in ("Mult", "Mod"):  # repeating and formatting: a short way to much data
        raise Undecidable
    return ARITHMETIC[name](left, right)


def _bits(number: Any) -> int:
    return number.bit_length() if isinstance(number, int) else 0


def item(base: Any, key: Any) -> Any:
    """What `base[key]` is."""
    if isinstance(base, type):  # `list[int]`
        raise Undecidable
    return base[key]


@dataclass(frozen=True)
class Function:
    """A function for conditions: its guarded self, how many arguments it takes by place, and which by name."""

    run: Callable[..., Any]
    least: int = 1
    most: int = 1
    named: tuple[str, ...] = ()

    def takes(self, places: int, named: Collection[str]) -> bool:
        """Whether it may be called in this way."""
        return self.least <= places <= self.most and set(named) <= set(self.named)


def _in_any_order(value: Any) -> Any:
    """For functions to whose result the order of a set's elements makes no difference if all are of these types."""
    if isinstance(value, _SETS) and not (_all_of(value, (bool, int)) or _all_of(value, (str,))):
        raise Undecidable
    return value


def _all_of(items: Any, kinds: tuple[type, ...]) -> bool:
    return all(type(item) in kinds for item in items)


def _in_order(value: Any) -> Any:
    if isinstance(value, _SETS) and len(value) > 1:
        raise Undecidable
    return value


def _hashable(value: Any) -> Any:
    """For functions that make a set of what may hold many elements of one hash."""
    if isinstance(value, (list, tuple)):
        try:
            plain.Encoder().weigh_hashed(value)
        except plain.NotPlain as error:
            raise Undecidable from error
    return value


def _showable(value: Any) -> Any:
    if _holds_a_set(value):
        raise Undecidable
    return value


def _holds_a_set(value: Any) -> bool:
    if isinstance(value, _SETS):
        return len(value) > 1
    if isinstance(value, dict):
        return any(map(_holds_a_set, value)) or any(map(_holds_a_set, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_holds_a_set, value))


def _short(value: Any) -> Any:
    if isinstance(value, (str, bytes, bytearray)) and len(value) > _LONGEST_NUMBER:
        raise Undecidable
    return value


def _rounded(number: Any, ndigits: Any = None) -> Any:
    if isinstance(ndigits, int) and abs(ndigits) > _MOST_DIGITS:
        raise Undecidable
    return round(number, ndigits)


def _guarded(guard: Callable[[Any], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its first argument let through by the guard."""
    return lambda first, *others, **named: function(guard(first), *others, **named)


_MANY = 100

FUNCTIONS: dict[str, Function] = {
    "abs": Function(abs),
    "all": Function(all),
    "any": Function(any),
    "bool": Function(bool),
    "float": Function(_guarded(_short, float)),
    "frozenset": Function(_guarded(_hashable, frozenset)),
    "int": Function(_guarded(_short, int)),
    "isinstance": Function(isinstance, 2, 2),
    "len": Function(len),
    "list": Function(_guarded(_in_order, list)),
    "math.ceil": Function(math.ceil),
    "math.fabs": Function(math.fabs),
    "math.floor": Function(math.floor),
    "math.isclose": Function(math.isclose, 2, 2, ("rel_tol", "abs_tol")),
    "math.isfinite": Function(math.isfinite),
    "math.isinf": Function(math.isinf),
    "math.isnan": Function(math.isnan),
    "max": Function(_guarded(_in_any_order, max), 1, _MANY),
    "min": Function(_guarded(_in_any_order, min), 1, _MANY),
    "repr": Function(_guarded(_showable, repr)),
    "round": Function(_rounded, 1, 2, ("ndigits",)),
    "set": Function(_guarded(_hashable, set)),
    "sorted": Function(_guarded(_in_any_order, sorted), named=("reverse",)),
    "str": Function(_guarded(_showable, str)),
    "sum": Function(_guarded(_in_any_order, sum)),
    "tuple": Function(_guarded(_in_order, tuple)),
    "type": Function(type),
}

"""What a condition may do with values, some of which come from a hostile process.

Every operation here is Python's own over exact built-in types, behind a guard that refuses (`Undecidable`) what could
take long, would give much, or depends on what did not cross: the order of a set's elements, a changed limit.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from . import plain

_LONGEST_NUMBER = 1_000
_NUMBERS = (bool, int, float, complex)
_MOST_DIGITS = 400

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
    are_numbers = isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS)
    if not are_numbers and name in ("Mult", "Mod"):  # repeating and formatting: a short way to much data
        raise Undecidable
    return ARITHMETIC[name](left, right)


def called(name: str, args: list[Any], named: dict[str, Any]) -> Any:
    """The result of one of the functions of `FUNCTIONS`; raises what Python raises."""
    return FUNCTIONS[name](*args, **named)


def _in_any_order(value: Any) -> Any:
    """For functions to whose result the order of a set's elements makes no difference if all are of these types."""
    is_set = isinstance(value, (set, frozenset))
    if is_set and not (_all_of(value, (bool, int)) or _all_of(value, (str,))):
        raise Undecidable
    return value


def _all_of(items: Any, kinds: tuple[type, ...]) -> bool:
    return all(type(item) in kinds for item in items)


def _in_order(value: Any) -> Any:
    if isinstance(value, (set, frozenset)) and len(value) > 1:
        raise Undecidable
    return value


def _hashed(make: Callable[[Any], Any]) -> Callable[..., Any]:
    def guarded(value: Any = ()) -> Any:
        if not isinstance(value, (str, bytes, bytearray, range)):
            if isinstance(value, dict) or not hasattr(value, "__iter__"):
                return make(value)
            try:
                plain.weigh_hashed(value)
            except plain.NotPlain as error:
                raise Undecidable from error
        return make(value)

    return guarded


def _shown(show: Callable[[Any], str]) -> Callable[[Any], str]:
    def guarded(value: Any) -> str:
        if not isinstance(value, str) and _holds_a_set(value):
            raise Undecidable
        return show(value)

    return guarded


def _holds_a_set(value: Any) -> bool:
    if isinstance(value, (set, frozenset)):
        return len(value) > 1
    if isinstance(value, dict):
        return any(map(_holds_a_set, value)) or any(map(_holds_a_set, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_holds_a_set, value))


def _number(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def guarded(value: Any) -> Any:
        if isinstance(value, (str, bytes, bytearray)) and len(value) > _LONGEST_NUMBER:
            raise Undecidable
        return make(value)

    return guarded


def _rounded(number: Any, digits: Any = None) -> Any:
    if isinstance(digits, int) and abs(digits) > _MOST_DIGITS:
        raise Undecidable
    return round(number, digits)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs,
    "all": lambda items: all(_in_any_order(items)),
    "any": lambda items: any(_in_any_order(items)),
    "bool": bool,
    "float": _number(float),
    "frozenset": _hashed(frozenset),
    "int": _number(int),
    "isinstance": isinstance,
    "len": len,
    "list": lambda items=(): list(_in_order(items)),
    "math.ceil": math.ceil,
    "math.fabs": math.fabs,
    "math.floor": math.floor,
    "math.isclose": math.isclose,
    "math.isfinite": math.isfinite,
    "math.isinf": math.isinf,
    "math.isnan": math.isnan,
    "max": lambda first, *others, **named: max(_in_any_order(first), *others, **named),
    "min": lambda first, *others, **named: min(_in_any_order(first), *others, **named),
    "repr": _shown(repr),
    "round": _rounded,
    "set": _hashed(set),
    "sorted": lambda items, **named: sorted(_in_any_order(items), **named),
    "str": _shown(str),
    "sum": lambda items: sum(_in_any_order(items)),
    "tuple": lambda items=(): tuple(_in_order(items)),
    "type": lambda value: type(value),
}
NAMED = {
    "math.isclose": ("rel_tol", "abs_tol"),
    "sorted": ("reverse",),
    "round": ("ndigits",),
    "max": ("default",),
    "min": ("default",),
}
UNARY: dict[str, Callable[[Any], Any]] = {"not": operator.not_, "minus": operator.neg, "plus": operator.pos}


def item(base: Any, key: Any) -> Any:
    """What `base[key]` is, of values that are subscriptable as values."""
    if isinstance(base, type):
        raise Undecidable
    return base[key]

"""Values of literal expressions: displays, arithmetic of small numbers, `float("inf")`, `list(range(10))` and the like.

What this evaluates it evaluates as Python does; what might be large or is not plain data it refuses.
"""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from . import plain

_MOST_ITEMS = 10_000
_MOST_BITS = 10_000
_NUMBERS = (int, float, complex)
_IMMUTABLE = (int, float, complex, bool, str, bytes, type(None), range)
MATH = {name: getattr(math, name) for name in ("e", "inf", "nan", "pi", "tau")}
_MATH_FUNCTIONS: dict[str, Callable[..., Any]] = {"math.sqrt": math.sqrt, "math.radians": math.radians}
_MAKERS: dict[str, Callable[..., Any]] = {
    make.__name__: make
    for make in (
        abs, bool, bytearray, bytes, complex, dict, float, frozenset, int, len, list, max, min, range, round, set,
        sorted, str, sum, tuple,
    )
}  # fmt: skip
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}


class NotConstant(Exception):
    """The expression is not a literal, or not one that is evaluated here."""


class Folder:
    """Evaluates literal expressions. `variable` gives a name's value, `function` says what is called."""

    def __init__(self, variable: Callable[[str], Any], function: Callable[[ast.expr], str | None]) -> None:
        self._variable = variable
        self._function = function

    def fold(self, node: ast.expr) -> Any:
        """The value; raises `NotConstant`."""
        match node:
            case ast.Constant(value):
                if value is Ellipsis:
                    raise NotConstant
                return value
            case ast.Tuple(items) | ast.List(items) | ast.Set(items):
                return self._display(type(node), items)
            case ast.Dict(keys, values):
                return self._dict(keys, values)
            case ast.UnaryOp(operand=operand):
                return self._unary(node, operand)
            case ast.BinOp(left, operation, right):
                return _computed(_BINARY.get(type(operation)), self.fold(left), self.fold(right))
            case ast.Call():
                return self._call(node)
            case ast.Name(name):
                return self._variable(name)
            case ast.Attribute():
                return self._attribute(node)
        raise NotConstant

    def _display(self, kind: type[ast.expr], items: list[ast.expr]) -> Any:
        values = [self.fold(item) for item in items]
        if kind is ast.Set:
            return _made(set, [values], {})
        return tuple(values) if kind is ast.Tuple else values

    def _dict(self, keys: list[ast.expr | None], values: list[ast.expr]) -> Any:
        named = [key for key in keys if key is not None]
        if len(named) < len(keys):  # `**` of another dict
            raise NotConstant
        return _made(dict, [list(zip(map(self.fold, named), map(self.fold, values), strict=True))], {})

    def _unary(self, node: ast.UnaryOp, operand: ast.expr) -> Any:
        value = self.fold(operand)
        if isinstance(node.op, ast.Not):
            return not value
        if not isinstance(value, _NUMBERS) or isinstance(node.op, ast.Invert):
            raise NotConstant
        return -value if isinstance(node.op, ast.USub) else +value

    def _call(self, node: ast.Call) -> Any:
        name = self._function(node.func)
        make = _MAKERS.get(name or "") or _MATH_FUNCTIONS.get(name or "")
        if make is None:
            raise NotConstant
        named = {keyword.arg: self.fold(keyword.value) for keyword in node.keywords}
        if None in named or (named and make not in (dict, sorted, round)):
            raise NotConstant
        return _made(make, [self.fold(argument) for argument in node.args], named)

    def _attribute(self, node: ast.Attribute) -> Any:
        name = self._function(node)
        if name is None or not name.startswith("math.") or name[5:] not in MATH:
            raise NotConstant
        return MATH[name[5:]]


def _made(make: Callable[..., Any], args: list[Any], named: dict[Any, Any]) -> Any:
    """The result of a call, with what could take long or give much left out."""
    first = args[0] if args else None
    if make in (set, frozenset, dict) and first is not None:
        _hashable(first, make)
    if make not in (bool, frozenset, len, set) and isinstance(first, (set, frozenset)) and len(first) > 1:
        raise NotConstant  # the order of a set depends on how it came to be
    if make is str and not isinstance(first, (str, int, float)):
        raise NotConstant
    if (make in (bytes, bytearray) and not isinstance(first, (list, tuple, bytes))) or (make is sum and len(args) > 1):
        raise NotConstant
    if make is round and any(not isinstance(digits, int) or abs(digits) > 400 for digits in args[1:]):
        raise NotConstant
    try:
        value = make(*args, **named)
        if isinstance(value, range) and len(value) > _MOST_ITEMS:
            raise NotConstant
    except (TypeError, ValueError, ArithmeticError) as error:  # for the test to fail on
        raise NotConstant from error
    return value


def _hashable(first: Any, make: Callable[..., Any]) -> None:
    try:
        plain.weigh_hashed(pair[0] for pair in first) if make is dict and not isinstance(first, dict) else (
            plain.weigh_hashed(first)
        )
    except (plain.NotPlain, TypeError, LookupError) as error:
        raise NotConstant from error


def _computed(operation: Callable[[Any, Any], Any] | None, left: Any, right: Any) -> Any:
    if operation is None or _grows_too_large(operation, left, right):
        raise NotConstant
    try:
        return operation(left, right)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise NotConstant from error


def _grows_too_large(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        bits, other = _bits(left), _bits(right)
        if operation is operator.pow:
            return isinstance(left, int) and isinstance(right, int) and bits * abs(right) > _MOST_BITS
        return bits + (abs(right) if operation is operator.lshift and isinstance(right, int) else other) > _MOST_BITS
    if operation is operator.add:
        return not (type(left) is type(right) and isinstance(left, (str, bytes, list, tuple)))
    if operation is not operator.mul:
        return True
    sequence, times = (right, left) if isinstance(left, int) else (left, right)
    if not isinstance(sequence, (str, bytes, list, tuple)) or not isinstance(times, int):
        return True
    return len(sequence) * times > _MOST_ITEMS


def _bits(number: Any) -> int:
    return number.bit_length() if isinstance(number, int) else 64


def is_immutable(value: Any) -> bool:
    """Whether nothing can change the value."""
    if isinstance(value, (tuple, frozenset)):
        return all(map(is_immutable, value))
    return isinstance(value, _IMMUTABLE)

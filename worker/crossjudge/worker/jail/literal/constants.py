"""Values of literal expressions: displays, arithmetic of small numbers, `float("inf")`, `list(range(10))` and the like.

What this evaluates it evaluates as Python does; what might be large or is not plain data it refuses.
"""

import ast
import math
import operator
from collections.abc import Callable
from typing import Any

from . import functions, plain

_MOST_ITEMS = 10_000
_MOST_BITS = 10_000
_NUMBERS = (int, float, complex)
_IMMUTABLE = (int, float, complex, bool, str, bytes, type(None), range, type)
MATH = {name: getattr(math, name) for name in ("e", "inf", "nan", "pi", "tau")}
_EMPTY: dict[str, Callable[[], Any]] = {
    kind.__name__: kind
    for kind in (bool, bytearray, bytes, complex, dict, float, frozenset, int, list, set, str, tuple)
}
_MAKERS: dict[str, Callable[..., Any]] = {"complex": complex, "math.sqrt": math.sqrt, "range": range}
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
            case ast.Constant(value) if value is not ...:
                return value
            case ast.Tuple(items):
                return tuple(map(self.fold, items))
            case ast.List(items):
                return list(map(self.fold, items))
            case ast.Set(items):
                return _hashed(set, list(map(self.fold, items)))
            case ast.Dict(keys, values):
                return self._dict([key for key in keys if key is not None], values)
            case ast.UnaryOp(operation, operand):
                return _negated(operation, self.fold(operand))
            case ast.BinOp(left, operation, right):
                return _computed(_BINARY.get(type(operation)), self.fold(left), self.fold(right))
            case ast.Call():
                return self._call(node)
            case ast.Name(name):
                return self._variable(name)
            case ast.Attribute(_, name) if self._function(node) == f"math.{name}" and name in MATH:
                return MATH[name]
        raise NotConstant

    def _dict(self, keys: list[ast.expr], values: list[ast.expr]) -> Any:
        if len(keys) < len(values):  # `**` of another dict
            raise NotConstant
        items = list(map(self.fold, values))
        return _hashed(lambda found: dict(zip(found, items, strict=True)), list(map(self.fold, keys)))

    def _call(self, node: ast.Call) -> Any:
        name = self._function(node.func) or ""
        args = [self.fold(argument) for argument in node.args]
        named = {str(keyword.arg): self.fold(keyword.value) for keyword in node.keywords}
        if name in _EMPTY and not args and not named:
            return _EMPTY[name]()
        if name in _MAKERS and not named:
            return _bounded(_python(_MAKERS[name], *args))
        function = functions.FUNCTIONS.get(name)
        if function is None or name == "type" or not function.takes(len(args), named):
            raise NotConstant
        return _python(function.run, *args, **named)


def _python(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What Python gives; where it raises, the test shall do so when its time has come."""
    try:
        return function(*args, **named)
    except (TypeError, ValueError, ArithmeticError, functions.Undecidable) as error:
        raise NotConstant from error


def _bounded(value: Any) -> Any:
    if isinstance(value, range) and (value.stop - value.start) // value.step > _MOST_ITEMS:
        raise NotConstant
    return value


def _hashed(make: Callable[[list[Any]], Any], items: list[Any]) -> Any:
    try:
        plain.Encoder().weigh_hashed(items)
    except plain.NotPlain as error:
        raise NotConstant from error
    return _python(make, items)


def _negated(operation: ast.unaryop, value: Any) -> Any:
    if isinstance(operation, ast.Not):
        return not value
    if isinstance(operation, ast.Invert) or not isinstance(value, _NUMBERS):
        raise NotConstant
    return -value if isinstance(operation, ast.USub) else +value


def _computed(operation: Callable[[Any, Any], Any] | None, left: Any, right: Any) -> Any:
    if operation is None or _is_too_large(operation, left, right):
        raise NotConstant
    return _python(operation, left, right)


def _is_too_large(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return _bits(operation, left, right) > _MOST_BITS
    if operation is operator.add:
        return not (type(left) is type(right) and isinstance(left, (str, bytes, list, tuple)))
    sequence, times = (right, left) if isinstance(left, int) else (left, right)
    if operation is not operator.mul or not isinstance(sequence, (str, bytes, list, tuple)):
        return True
    return not isinstance(times, int) or len(sequence) * times > _MOST_ITEMS


def _bits(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> int:
    """At least as many as the result has."""
    if not isinstance(left, int) or not isinstance(right, int):
        return 64
    if operation is operator.pow:
        return left.bit_length() * abs(right)
    return left.bit_length() + (abs(right) if operation is operator.lshift else right.bit_length())


def is_immutable(value: Any) -> bool:
    """Whether nothing can change the value."""
    if isinstance(value, (tuple, frozenset)):
        return all(map(is_immutable, value))
    return isinstance(value, _IMMUTABLE)

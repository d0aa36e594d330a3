"""Runs the solutions of the world without running them as Python: an evaluator for the few forms that they are made of.

What a model wrote is never given to `exec`. Whatever is not of these forms, or takes too long, is `CannotRun`.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

MAX_SOURCE = 1_000  # characters
MAX_STEPS = 2_000  # nodes visited in one call

_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "sum": sum, "len": len, "max": max, "min": min, "sorted": sorted, "abs": abs,
}  # fmt: skip
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
}  # fmt: skip
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip


class CannotRun(Exception):
    """The text is no solution of this world, or has no value for that list."""


class Solution:
    """A solution `def f(xs): return …`, ready to be called. Raises CannotRun where the text is none."""

    def __init__(self, source: str) -> None:
        match _parsed(source).body:
            case [
                ast.FunctionDef(
                    name="f",
                    args=ast.arguments(
                        posonlyargs=[], args=[argument], vararg=None, kwonlyargs=[], kwarg=None, defaults=[]
                    ),
                    body=[ast.Return(value=ast.expr() as result)],
                    decorator_list=[],
                )
            ]:
                self._argument, self._result = argument.arg, result
            case _:
                raise CannotRun("not one function f of one argument that returns an expression")

    def __call__(self, xs: list[int]) -> Any:
        try:
            return _Evaluation().value(self._result, {self._argument: list(xs)})
        except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise CannotRun(f"{type(error).__name__}: {error}") from error


def read_assertion(source: str) -> tuple[list[int], Any]:
    """The list and the value of `assert f([…]) == …`. Raises CannotRun where the text is no such test."""
    match _parsed(source).body:
        case [
            ast.Assert(
                test=ast.Compare(
                    left=ast.Call(func=ast.Name(id="f"), args=[ast.List() as given], keywords=[]),
                    ops=[ast.Eq()],
                    comparators=[expected],
                ),
                msg=None,
            )
        ]:
            try:
                return ast.literal_eval(given), ast.literal_eval(expected)
            except (ValueError, TypeError, RecursionError) as error:
                raise CannotRun(f"not made of literals: {error}") from error
        case _:
            raise CannotRun("not of the form assert f([...]) == value")


def _parsed(source: str) -> ast.Module:
    if len(source) > MAX_SOURCE:
        raise CannotRun(f"longer than {MAX_SOURCE} characters")
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotRun(f"does not parse: {error}") from error


class _Evaluation:
    """One call of a solution: counts the nodes it visits, so that nested loops end."""

    def __init__(self) -> None:
        self._steps = 0

    def value(self, node: ast.expr, names: Mapping[str, Any]) -> Any:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise CannotRun(f"visits more than {MAX_STEPS} nodes")
        match node:
            case ast.Constant(value=int() as number):
                return number
            case ast.Name(id=name):
                return names[name]
            case ast.List(elts=items):
                return [self.value(item, names) for item in items]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand, names)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return self._combined(_OPERATORS[type(op)], self.value(left, names), self.value(right, names))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
                return _COMPARISONS[type(op)](self.value(left, names), self.value(right, names))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords) if name in _FUNCTIONS:
                named = {each.arg: self.value(each.value, names) for each in keywords if each.arg == "default"}
                if len(named) != len(keywords):
                    raise CannotRun(f"{name} takes no such keyword here")
                return _FUNCTIONS[name](*(self.value(each, names) for each in arguments), **named)
            case ast.Subscript(value=whole, slice=index):
                return self.value(whole, names)[self._index(index, names)]
            case ast.ListComp(elt=item, generators=[ast.comprehension(target=ast.Name(id=name)) as loop]):
                return self._items(item, name, loop, names)
            case _:
                raise CannotRun(f"{type(node).__name__} is no part of this world")

    def _combined(self, combine: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        # A list times a number could grow without end; a list plus a list cannot.
        if combine is not operator.add and not (isinstance(left, int) and isinstance(right, int)):
            raise CannotRun("only whole numbers are multiplied, divided or subtracted")
        return combine(left, right)

    def _index(self, index: ast.expr, names: Mapping[str, Any]) -> Any:
        if not isinstance(index, ast.Slice):
            return self.value(index, names)
        ends = (index.lower, index.upper, index.step)
        return slice(*(None if end is None else self.value(end, names) for end in ends))

    def _items(self, item: ast.expr, name: str, loop: ast.comprehension, names: Mapping[str, Any]) -> list[Any]:
        items = []
        for each in self.value(loop.iter, names):
            inner = {**names, name: each}
            if all(self.value(condition, inner) for condition in loop.ifs):
                items.append(self.value(item, inner))
        return items

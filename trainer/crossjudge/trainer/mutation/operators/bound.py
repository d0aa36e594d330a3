"""Off by one: `xs[1:]` → `xs[2:]` and `xs[1:-1]`, `range(n)` → `range(n - 1)`, `xs[i]` → `xs[i + 1]`."""

import ast
from collections.abc import Iterator

from .base import Operator, called, shifted
from .place import Place


def _replacements(place: Place) -> Iterator[ast.expr]:
    match place.node:
        case ast.Subscript(value=value, slice=ast.Slice() as cut, ctx=ctx):
            for other in _slices(cut):
                yield ast.Subscript(value, other, ctx)
        case ast.Subscript(value=value, slice=index, ctx=ctx) if _counts(index, place):
            for by in (1, -1):
                yield ast.Subscript(value, shifted(index, by), ctx)
        case ast.Call(func=func, args=args) if called(place.node) == "range":
            for at, bound in enumerate(args[:2]):
                for by in (1, -1):
                    if not isinstance(bound, ast.Starred):
                        yield ast.Call(func, [*args[:at], shifted(bound, by), *args[at + 1 :]], [])


def _slices(cut: ast.Slice) -> Iterator[ast.Slice]:
    for by in (1, -1):
        if cut.lower is not None:
            yield ast.Slice(shifted(cut.lower, by), cut.upper, cut.step)
        if cut.upper is not None:
            yield ast.Slice(cut.lower, shifted(cut.upper, by), cut.step)
    if cut.step is None:  # `xs[::-1]` counts from the other end, where these would be other mistakes
        if cut.lower is None:
            yield ast.Slice(ast.Constant(1), cut.upper, None)
        if cut.upper is None:
            yield ast.Slice(cut.lower, ast.UnaryOp(ast.USub(), ast.Constant(1)), None)


def _counts(index: ast.expr, place: Place) -> bool:
    """Whether an index is a number, and so neither a key nor something that only running it would tell."""
    match index:
        case ast.Constant(value=int() as value):
            return not isinstance(value, bool)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())):
            return True
        case ast.Name(id=name):
            return name in place.scope.counters
    return False


BOUND = Operator("bound", (ast.Subscript, ast.Call), _replacements)

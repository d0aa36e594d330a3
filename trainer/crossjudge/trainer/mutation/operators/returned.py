"""`return x` → `return None`, `return [a]` → `return []`, `return a and b` → `return not (a and b)`."""

import ast
from collections.abc import Iterator

from .base import Operator, called, negated, shifted
from .place import Place

_NUMBERS = frozenset({"abs", "count", "int", "len", "max", "min", "round", "sum"})


def _replacements(place: Place) -> Iterator[ast.stmt]:
    node = place.node
    assert isinstance(node, ast.Return)
    value = node.value
    if value is None or (isinstance(value, ast.Constant) and value.value is None):
        return
    for other in _others(value):
        yield ast.Return(other)
    yield ast.Return(ast.Constant(None))


def _others(value: ast.expr) -> Iterator[ast.expr]:
    """Values of the same kind, where its text tells the kind."""
    match value:
        case ast.BoolOp() | ast.Compare(ops=[_, _, *_]):
            yield negated(value)
        case ast.List(elts=[_, *_]) | ast.ListComp():
            yield ast.List([], ast.Load())
        case ast.Dict(keys=[_, *_]) | ast.DictComp():
            yield ast.Dict([], [])
        case ast.Tuple(elts=[_, *_]):
            yield ast.Tuple([], ast.Load())
        case ast.BinOp(op=ast.Sub() | ast.Mult() | ast.FloorDiv() | ast.Mod()):
            yield shifted(value, 1)
        case ast.Call() if called(value) in _NUMBERS:
            yield shifted(value, 1)


RETURNED = Operator("returned", (ast.Return,), _replacements)

"""`a + b` → `a - b`, `a // b` → `a / b`, `total += x` → `total -= x`."""

import ast
from collections.abc import Iterator

from .base import Operator
from .place import Place

# What people mix up, and what stays a number: a change that raises on every input is killed by every test.
_INSTEAD: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.FloorDiv),
    ast.Div: (ast.FloorDiv, ast.Mult),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv, ast.Mult),
    ast.Pow: (ast.Mult,),
}


def _replacements(place: Place) -> Iterator[ast.expr | ast.stmt]:
    match place.node:
        case ast.BinOp(left=left, op=op, right=right) if not (_is_sequence(left) or _is_sequence(right)):
            for other in _INSTEAD.get(type(op), ()):
                yield ast.BinOp(left, other(), right)
        case ast.AugAssign(target=target, op=op, value=value) if not _is_sequence(value):
            for other in _INSTEAD.get(type(op), ()):
                yield ast.AugAssign(target, other(), value)


def _is_sequence(node: ast.expr) -> bool:
    """Whether it plainly is text or a list, which has `+`, `*` and `%` but not their neighbours."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes)
    return isinstance(node, ast.JoinedStr | ast.List | ast.ListComp | ast.Tuple)


ARITHMETIC = Operator("arithmetic", (ast.BinOp, ast.AugAssign), _replacements)

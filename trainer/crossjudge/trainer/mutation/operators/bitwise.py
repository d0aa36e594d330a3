"""`a & b` → `a | b`, `a << b` → `a >> b`."""

import ast
from collections.abc import Iterator

from .base import Operator
from .place import Place

_INSTEAD: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd, ast.BitXor),
    ast.BitXor: (ast.BitOr, ast.BitAnd),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}


def _replacements(place: Place) -> Iterator[ast.expr | ast.stmt]:
    match place.node:
        case ast.BinOp(left=left, op=op, right=right):
            for other in _INSTEAD.get(type(op), ()):
                yield ast.BinOp(left, other(), right)
        case ast.AugAssign(target=target, op=op, value=value):
            for other in _INSTEAD.get(type(op), ()):
                yield ast.AugAssign(target, other(), value)


BITWISE = Operator("bitwise", (ast.BinOp, ast.AugAssign), _replacements)

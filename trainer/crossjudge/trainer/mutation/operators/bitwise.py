"""`a & b` → `a | b`, `a << b` → `a >> b`."""

import ast
from collections.abc import Iterator

from .base import Exchange, Operator, exchanged
from .place import Place

_INSTEAD: Exchange = {
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd, ast.BitXor),
    ast.BitXor: (ast.BitOr, ast.BitAnd),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}


def _replacements(place: Place) -> Iterator[ast.expr | ast.stmt]:
    yield from exchanged(place.node, _INSTEAD)


BITWISE = Operator("bitwise", (ast.BinOp, ast.AugAssign), _replacements)

"""`-x` → `x`, `~x` → `x`."""

import ast
from collections.abc import Iterator

from .base import Operator
from .place import Place


def _replacements(place: Place) -> Iterator[ast.expr]:
    match place.node:
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert(), operand=operand):
            yield operand


UNARY = Operator("unary", (ast.UnaryOp,), _replacements)

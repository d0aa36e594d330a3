"""`a and b` → `a or b`, `a`, `b`."""

import ast
from collections.abc import Iterator

from .base import Operator
from .place import Place


def _replacements(place: Place) -> Iterator[ast.expr]:
    node = place.node
    assert isinstance(node, ast.BoolOp)
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for index in range(len(node.values)):
        left = [*node.values[:index], *node.values[index + 1 :]]
        yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)


CONNECTIVE = Operator("connective", (ast.BoolOp,), _replacements)

"""`if ready:` → `if not ready:`, `not x` → `x`."""

import ast
from collections.abc import Iterator

from .base import Operator, negated
from .place import Place


def _replacements(place: Place) -> Iterator[ast.expr]:
    node = place.node
    assert isinstance(node, ast.expr)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif _is_condition(place) and not isinstance(node, ast.Compare | ast.Constant):
        yield negated(node)  # the opposite of a comparison is made by `comparison`


def _is_condition(place: Place) -> bool:
    if isinstance(place.parent, ast.If | ast.While | ast.IfExp):
        return place.field == "test"
    return isinstance(place.parent, ast.comprehension) and place.field == "ifs"


CONDITION = Operator("condition", (ast.expr,), _replacements)

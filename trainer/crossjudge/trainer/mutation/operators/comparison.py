"""`a < b` → `a <= b` and `a >= b`, `a == b` → `a != b`, `x in xs` → `x not in xs`."""

import ast
from collections.abc import Iterator

from .base import Operator
from .place import Place

# The neighbour at the boundary, and the opposite.
_INSTEAD: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}


def _replacements(place: Place) -> Iterator[ast.expr]:
    node = place.node
    assert isinstance(node, ast.Compare)
    for index, op in enumerate(node.ops):
        for other in _INSTEAD[type(op)]:
            yield ast.Compare(node.left, [*node.ops[:index], other(), *node.ops[index + 1 :]], node.comparators)


COMPARISON = Operator("comparison", (ast.Compare,), _replacements)

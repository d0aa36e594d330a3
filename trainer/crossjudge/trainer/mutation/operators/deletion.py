"""A statement that is not there: `count += 1` → `pass`, a guard with all it guards → `pass`."""

import ast
from collections.abc import Iterator

from .base import Operator
from .place import Place


def _replacements(place: Place) -> Iterator[ast.stmt]:
    if _may_go(place):
        yield ast.Pass()


def _may_go(place: Place) -> bool:
    """Whether the program is likely to run on without it: a name that was not bound before would be missed at once."""
    match place.node:
        case ast.AugAssign() | ast.Delete():
            return True
        case ast.Expr(value=value):
            return isinstance(value, ast.Call | ast.Await)
        case ast.Assign(targets=targets):
            return all(_has_a_value(target, place) for target in targets)
        case ast.If(orelse=[]):
            return not (place.field == "orelse" and isinstance(place.parent, ast.If))  # `elif` is no statement
    return False


def _has_a_value(target: ast.expr, place: Place) -> bool:
    match target:
        case ast.Name(id=name):
            return place.scope.first_bound.get(name, place.node.lineno) < place.node.lineno
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            return all(_has_a_value(each, place) for each in targets)
    return isinstance(target, ast.Subscript | ast.Attribute)


DELETION = Operator("deletion", (ast.AugAssign, ast.Delete, ast.Expr, ast.Assign, ast.If), _replacements)

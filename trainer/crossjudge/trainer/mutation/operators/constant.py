"""`3` → `4`, `2` and `-3`; `True` → `False`; `"yes"` → `""` and `"yes?"`."""

import ast
from collections.abc import Iterator

from .base import Operator, number
from .place import Place

_LARGEST = 10**15
"""Beyond it, one more or less is no mistake that anybody makes, and decimal digits may be too many to write."""


def _replacements(place: Place) -> Iterator[ast.expr]:
    node = place.node
    assert isinstance(node, ast.Constant)
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float) and abs(value) <= _LARGEST:
        yield number(value + 1)
        yield number(value - 1)
        if value > 1 and not _has_a_sign(place):
            yield number(-value)
    elif isinstance(value, str):
        if value:
            yield ast.Constant("")
        yield ast.Constant(value + "?")


def _has_a_sign(place: Place) -> bool:
    """Whether it stands after a minus, which `unary` takes away."""
    return isinstance(place.parent, ast.UnaryOp)


CONSTANT = Operator("constant", (ast.Constant,), _replacements)

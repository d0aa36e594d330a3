"""`f(a, b)` → `f(b, a)`."""

import ast
from collections.abc import Iterator

from .base import Operator, called
from .place import Place

_NO_MATTER = frozenset({"max", "min", "print", "gcd", "lcm", "isinstance", "issubclass", "hasattr", "getattr"})
"""Calls that mean the same in any order, and those that would only break."""


def _replacements(place: Place) -> Iterator[ast.expr]:
    node = place.node
    assert isinstance(node, ast.Call)
    args = node.args
    name = node.func.attr if isinstance(node.func, ast.Attribute) else called(node)
    if name in _NO_MATTER or any(isinstance(each, ast.Starred) for each in args):
        return
    for at in range(len(args) - 1):
        yield ast.Call(node.func, [*args[:at], args[at + 1], args[at], *args[at + 2 :]], node.keywords)


ARGUMENT = Operator("argument", (ast.Call,), _replacements)

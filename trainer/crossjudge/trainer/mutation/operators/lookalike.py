"""Builtins and methods that are taken for one another: `min` → `max`, `any` → `all`, `.lower()` → `.upper()`."""

import ast
from collections.abc import Iterator

from .base import Operator
from .place import Place

_FUNCTIONS: dict[str, tuple[str, ...]] = {
    "min": ("max",),
    "max": ("min",),
    "sum": ("len", "max"),
    "len": ("sum",),
    "any": ("all",),
    "all": ("any",),
    "sorted": ("list",),
    "set": ("list",),
    "list": ("sorted",),
    "reversed": ("list",),
    "int": ("round",),
    "round": ("int",),
}

_METHODS: dict[str, tuple[str, ...]] = {
    "ceil": ("floor",),
    "endswith": ("startswith",),
    "find": ("rfind",),
    "floor": ("ceil",),
    "index": ("count",),
    "isalpha": ("isalnum",),
    "isdigit": ("isalnum",),
    "islower": ("isupper",),
    "isupper": ("islower",),
    "keys": ("values",),
    "lower": ("upper",),
    "lstrip": ("rstrip",),
    "rfind": ("find",),
    "rstrip": ("lstrip",),
    "startswith": ("endswith",),
    "strip": ("lstrip", "rstrip"),
    "upper": ("lower",),
    "values": ("keys",),
}

_ARGUMENT_ITSELF = frozenset({"abs", "reversed", "set", "sorted"})
"""Functions that may be left out: `abs(x)` → `x`."""


def _replacements(place: Place) -> Iterator[ast.expr]:
    match place.node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            for other in _FUNCTIONS.get(name, ()):
                if len(args) == 1:  # `max(a, b)` has a twin in `min`, but not in `sum`
                    yield ast.Call(ast.Name(other, ast.Load()), args, [] if other == "list" else keywords)
                elif {name, other} == {"min", "max"}:
                    yield ast.Call(ast.Name(other, ast.Load()), args, keywords)
            if name in _ARGUMENT_ITSELF and len(args) == 1 and not isinstance(args[0], ast.Starred):
                yield args[0]
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=args, keywords=keywords):
            for other in _METHODS.get(name, ()):
                yield ast.Call(ast.Attribute(value, other, ast.Load()), args, keywords)


LOOKALIKE = Operator("lookalike", (ast.Call,), _replacements)

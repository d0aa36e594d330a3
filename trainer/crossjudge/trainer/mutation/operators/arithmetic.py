"""`a + b` → `a - b`, `a // b` → `a / b`, `total += x` → `total -= x`."""

import ast
from collections.abc import Iterator

from .base import Exchange, Operator, exchanged
from .place import Place

# What people mix up, and what stays a number: a change that raises on every input is killed by every test.
_INSTEAD: Exchange = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add, ast.FloorDiv),
    ast.Div: (ast.FloorDiv, ast.Mult),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv, ast.Mult),
    ast.Pow: (ast.Mult,),
}


def _replacements(place: Place) -> Iterator[ast.expr | ast.stmt]:
    node = place.node
    if not any(_is_sequence(getattr(node, side, None)) for side in ("left", "right", "value")):
        yield from exchanged(node, _INSTEAD)


def _is_sequence(node: ast.expr | None) -> bool:
    """Whether it plainly is text or a list, which has `+`, `*` and `%` but not their neighbours."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | bytes)
    return isinstance(node, ast.JoinedStr | ast.List | ast.ListComp | ast.Tuple)


ARITHMETIC = Operator("arithmetic", (ast.BinOp, ast.AugAssign), _replacements)

"""`break` → `continue` and `pass`, `continue` → `break` and `pass`."""

import ast
from collections.abc import Iterator

from .base import Operator
from .place import Place


def _replacements(place: Place) -> Iterator[ast.stmt]:
    yield ast.Continue() if isinstance(place.node, ast.Break) else ast.Break()
    yield ast.Pass()


LOOP = Operator("loop", (ast.Break, ast.Continue), _replacements)

"""Whether a test uses a name as that of a class: then what it makes of it is under test, and is believed.

A solution can make a class of what should be a function. `assert f(2) == 4` would then ask an object of the solution's
own whether it is 4. So a name counts as that of a class only where it is written like one, and where the test keeps
what it makes of it, or looks at attributes that no plain data has. Knows nothing of the solution: it could pretend.
"""

import ast
import functools
import sys

_PLAIN = (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, object)
_OF_TESTS = ("assert", "mark", "parametrize", "raises", "approx", "main", "TestCase", "subTest", "fail", "setUp")


class Uses:
    """What a test's text says of the names that it uses."""

    def __init__(self, text: str) -> None:
        self._text = text

    def is_class(self, name: str) -> bool:
        """Whether the test uses this name of the solution's as that of a class."""
        bare = name.lstrip("_")
        return bare[:1].isupper() and "_" not in bare and (name in self._kept or self._looks_into_objects)

    @functools.cached_property
    def _nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self._text)))

    @functools.cached_property
    def _kept(self) -> set[str]:
        """The names of what was called for a value that a variable holds."""
        made = [node.value for node in self._nodes if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr))]
        calls = [each for value in made if value is not None for each in ast.walk(value) if isinstance(each, ast.Call)]
        return {_last_name(call.func) for call in calls}

    @functools.cached_property
    def _looks_into_objects(self) -> bool:
        known = {name for kind in _PLAIN for name in dir(kind)}
        return any(
            isinstance(node, ast.Attribute)
            and node.attr not in known
            and not node.attr.startswith(_OF_TESTS)
            and not _is_module(node.value)
            for node in self._nodes
        )


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _is_module(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and (
        node.id in sys.stdlib_module_names or node.id in ("np", "pytest", "solution")
    )

"""What the names in a test stand for, as far as that can be told without the solution.

A test's names are, in this order: what it assigned, defined or imported itself, what the solution defines, the
built-ins. Knows nothing of expressions, but for what `math.pi` and `solution.f` look like.
"""

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import constants, functions

SOLUTION, MATH, MODULE, OWN, HELD = "solution", "math", "a module", "the test's own", "held beside the solution"
_GONE = "known to the solution's process alone"
_FROM_MATH = constants.MATH.keys() | {name[5:] for name in functions.FUNCTIONS if name.startswith("math.")}


class NotLiteral(Exception):
    """The test needs an interpreter."""


@dataclass
class Variable:
    """A name that the test gives a literal; `is_sent` once a piece has needed it, which may then change what it holds.

    `value` is Ellipsis where only the solution's process can evaluate it: good as an argument, and for nothing else.
    """

    value: Any
    literal: ast.expr
    statement: ast.stmt
    is_sent: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the supervisor can tell what it holds now."""
        return self.value is not ... and (not self.is_sent or constants.is_immutable(self.value))


class Names:
    """Meanings of names, and what has to be true of the solution's names for them to be right."""

    def __init__(self) -> None:
        self._own: dict[str, str | Variable] = {}
        self.reserved: set[str] = set()  # which the solution must not define
        self.borrowed: set[str] = set()  # which it must have from `math`

    def bind(self, name: str, meaning: str | Variable) -> None:
        """The test gives a name its meaning: one of the constants above, `math.…`, or a variable."""
        self._own[name] = meaning

    def forget(self, names: Iterable[str]) -> None:
        """The test's own names come to an end with its function."""
        self._own |= dict.fromkeys(names, _GONE)

    def variable(self, name: str) -> Variable | None:
        """The literal that the test calls by this name."""
        found = self._own.get(name)
        return found if isinstance(found, Variable) else None

    def is_builtin(self, name: str) -> bool:
        """Whether it is a built-in's name, as long as the solution does not define it."""
        return name not in self._own and hasattr(builtins, name)

    def is_asked(self, name: str) -> bool:
        """Whether the solution's process is the one to ask what it is."""
        variable = self.variable(name)
        if variable is not None:
            return variable.is_sent and not variable.is_known and variable.value is not ...
        return self._own.get(name) == HELD or not (name in self._own or hasattr(builtins, name))

    def is_known(self, name: str) -> bool:
        """Whether the test has given the name a meaning."""
        return self._own.get(name, _GONE) != _GONE

    def is_own(self, name: str) -> bool:
        """Whether it is a function that the test defines: nothing that the solution's process knows."""
        return self._own.get(name) == OWN

    def is_solution(self, node: ast.expr) -> bool:
        """Whether the expression is the module `solution`."""
        return isinstance(node, ast.Name) and self._own.get(node.id) == SOLUTION

    def is_library(self, name: str) -> bool:
        """Whether it is a module that the test imported, or of one: neither the solution's nor the test's own."""
        meaning = self._own.get(name, MATH if name == MATH else HELD)
        return isinstance(meaning, str) and (meaning == MODULE or meaning.startswith(MATH))

    def function(self, node: ast.expr) -> str | None:
        """`len`, `math.isclose` and so on, where that is what the expression stands for."""
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return f"math.{node.attr}" if self._meaning(node.value.id) == MATH else None
        return self._meaning(node.id) if isinstance(node, ast.Name) else None

    def value(self, name: str) -> Any:
        """What a literal's name stands for; raises `NotConstant`."""
        variable = self.variable(name)
        if variable is not None and variable.is_known:
            return variable.value
        meaning = self._meaning(name)
        if meaning is None or not meaning.startswith("math.") or meaning[5:] not in constants.MATH:
            raise constants.NotConstant
        return constants.MATH[meaning[5:]]

    def _meaning(self, name: str) -> str | None:
        if name in self._own:
            meaning = self._own[name]
            return meaning if isinstance(meaning, str) and meaning.startswith(MATH) else None
        if hasattr(builtins, name):
            self.reserved.add(name)
            return name
        if name == MATH or name in _FROM_MATH:
            self.borrowed.add(name)
            return name if name == MATH else f"math.{name}"
        return None

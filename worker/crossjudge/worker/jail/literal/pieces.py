"""What of a test runs beside the solution: small pieces of code that hold arguments, never what is expected.

A piece is marshalled code: statements that have to run first, and an expression whose value is handed back. Pieces
reach the solution's process one by one, when they are due: the arguments of a later call are often what is expected of
an earlier one.

Arguments are built beside the solution, by the very code of the test, so that they are what one interpreter would have
built. They may be computed, but only out of literals: no operator of a test is left to the solution's objects.
"""

import ast
import copy
import marshal
import types
from collections.abc import Iterable

from .names import Names, NotLiteral

_MOST_BYTES = 60_000  # of a piece that is not the first: what a pipe takes without waiting
_MOST = 1_000
_DATA = (
    ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.Subscript, ast.Slice, ast.Starred,
    ast.Compare, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.comprehension, ast.Attribute, ast.Call,
    ast.keyword, ast.JoinedStr, ast.FormattedValue, ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
)  # fmt: skip
# fmt: off
_SAFE = frozenset({
    "abs", "bool", "bytearray", "bytes", "chr", "complex", "dict", "divmod", "enumerate", "float", "frozenset", "int",
    "len", "list", "max", "min", "ord", "pow", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str",
    "sum", "tuple", "zip",
})
# fmt: on
_METHODS = frozenset(name for kind in (str, bytes, list, dict, set, tuple, int, float) for name in dir(kind))


class Pieces:
    """Collects the pieces of one test, in the order in which they run."""

    def __init__(self, names: Names, file_name: str) -> None:
        self.code: list[bytes] = []
        self._names = names
        self._file_name = file_name
        self._due: list[ast.stmt] = []

    @property
    def is_due(self) -> bool:
        """Whether statements wait for the next piece."""
        return bool(self._due)

    def run(self, statement: ast.stmt) -> None:
        """Have a statement run before the next expression."""
        self._due.append(statement)

    def ask(self, node: ast.expr, is_sure: bool) -> int:
        """Make a piece of an expression, and give its number."""
        self.check(node)
        if self._due and not is_sure:  # others may need what these statements do
            raise NotLiteral
        return self._add(node)

    def ask_last(self, node: ast.expr) -> int:
        """Make a piece of an expression that is evaluated once it is known that the test does not pass."""
        node = _Spelled(self._names).visit(copy.deepcopy(node))
        if self._due or any(self._is_unknown(part) for part in ast.walk(node)):
            raise NotLiteral
        return self._add(node)

    def flush(self) -> int:
        """Make a piece of the statements that are left."""
        return self._add(ast.copy_location(ast.Constant(None), self._due[-1]))

    def _add(self, node: ast.expr) -> int:
        before = self._compiled(ast.Module(self._due, []), "exec") if self._due else None
        code = marshal.dumps((before, self._compiled(ast.Expression(node), "eval")))
        if len(self.code) >= _MOST or (self.code and len(code) > _MOST_BYTES):
            raise NotLiteral
        self._due = []
        self.code.append(code)
        return len(self.code) - 1

    def _compiled(self, tree: ast.Module | ast.Expression, mode: str) -> types.CodeType:
        code: types.CodeType = compile(tree, self._file_name, mode, dont_inherit=True, optimize=0)
        return code

    def _is_unknown(self, part: ast.AST) -> bool:
        """Whether the solution's process would not know what to make of it as one interpreter does."""
        if not isinstance(part, ast.Name):
            return not isinstance(part, _DATA)
        variable = self._names.variable(part.id)
        return not variable.is_sent if variable else self._names.is_own(part.id)

    def check(self, node: ast.expr) -> None:
        """Raise `NotLiteral` where the expression is not the solution's to answer, or tells it more than arguments."""
        match node:
            case ast.Name(name) if self._names.is_asked(name):
                pass
            case ast.Attribute(base) if self._names.is_solution(base):
                pass
            case ast.Attribute():
                self._check_method(node, has_arguments=False)
            case ast.Call(ast.Attribute(base) as method, args, keywords) if not self._names.is_solution(base):
                self._check_method(method, has_arguments=bool(args or keywords))
                self._check_arguments([*args, *(keyword.value for keyword in keywords)])
            case ast.Call(function, args, keywords):
                self.check(function)
                self._check_arguments([*args, *(keyword.value for keyword in keywords)])
            case _:
                raise NotLiteral

    def _check_method(self, node: ast.Attribute, has_arguments: bool) -> None:
        """A value's own type has to answer where it may be plain data: `f().startswith("x")` names what is expected."""
        if node.attr.startswith("__") or (has_arguments and node.attr in _METHODS):
            raise NotLiteral
        self.check(node.value)

    def _check_arguments(self, nodes: Iterable[ast.expr]) -> None:
        for node in nodes:
            self._check_argument(node)

    def _check_argument(self, node: ast.expr) -> None:
        match node:
            case ast.Tuple(items) | ast.List(items) | ast.Set(items):
                self._check_arguments(items)
            case ast.Dict(keys, values):
                self._check_arguments([*(key for key in keys if key is not None), *values])
            case ast.Starred(inner):
                self._check_argument(inner)
            case ast.Name(name) if self._names.variable(name) is not None:
                self._send(name)
            case ast.Name() | ast.Attribute() | ast.Call() if self.is_asked(node):
                self.check(node)
            case _:
                self.check_data(node)

    def is_asked(self, node: ast.expr) -> bool:
        """Whether it begins with a name of the solution's."""
        while not self._names.is_solution(node):
            if isinstance(node, ast.Name):
                return self._names.is_asked(node.id) and not self._names.is_library(node.id)
            if not isinstance(node, (ast.Attribute, ast.Call)):
                return False
            node = node.value if isinstance(node, ast.Attribute) else node.func
        return True

    def _send(self, name: str) -> None:
        """Let the solution's process have a variable: it is an argument as it is, not something to compute one of."""
        variable = self._names.variable(name)
        if variable is not None and not variable.is_sent:
            self.check_data(variable.literal)
            variable.is_sent = True
            self._due.append(variable.statement)

    def check_data(self, node: ast.expr) -> None:
        """Raise `NotLiteral` where an expression is not made of literals alone."""
        parts = list(ast.walk(node))
        local = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        for part in parts:
            if isinstance(part, ast.Name):
                is_known = part.id in local or self._names.is_library(part.id)
                if self._names.variable(part.id) or not (is_known or self._is_safe(part.id)):
                    raise NotLiteral
            elif not isinstance(part, _DATA) or (isinstance(part, ast.Attribute) and "__" in part.attr):
                raise NotLiteral

    def _is_safe(self, name: str) -> bool:
        return name in _SAFE and self._names.is_builtin(name)


class _Spelled(ast.NodeTransformer):
    """Puts literals in the place of the variables that only the supervisor knows."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        variable = self._names.variable(node.id)
        return node if variable is None or variable.is_sent else variable.literal

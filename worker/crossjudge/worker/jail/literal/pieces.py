"""What of a test runs beside the solution: small pieces of code that hold arguments, never what is expected.

A piece is marshalled code: statements that have to run first, and an expression whose value is handed back. Pieces
reach the solution's process one by one, when they are due: the arguments of a later call are often what is expected of
an earlier one.
"""

import ast
import marshal

from .names import Names, NotLiteral

MOST_BYTES = 60_000  # of a piece that is not the first: what a pipe takes without waiting
_MOST = 1_000
_DATA = (
    ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp, ast.Subscript, ast.Slice, ast.Starred,
    ast.Compare, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.comprehension, ast.Attribute, ast.keyword,
    ast.JoinedStr, ast.FormattedValue,
    ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop,
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

    def flush(self) -> int:
        """Make a piece of the statements that are left."""
        return self._add(ast.copy_location(ast.Constant(None), self._due[-1]))

    def _add(self, node: ast.expr) -> int:
        before = compile(ast.Module(self._due, []), self._file_name, "exec") if self._due else None
        code = marshal.dumps((before, compile(ast.Expression(node), self._file_name, "eval")))
        if len(self.code) >= _MOST or (self.code and len(code) > MOST_BYTES):
            raise NotLiteral
        self._due = []
        self.code.append(code)
        return len(self.code) - 1

    def check(self, node: ast.expr) -> None:
        """Raise `NotLiteral` where the expression is not the solution's to answer, or tells it more than arguments."""
        match node:
            case ast.Name(name):
                if not self._names.is_asked(name):
                    raise NotLiteral
            case ast.Attribute(base):
                if not self._names.is_solution(base):
                    self._check_method(node, has_arguments=False)
            case ast.Call(function, args, keywords):
                if isinstance(function, ast.Attribute) and not self._names.is_solution(function.value):
                    self._check_method(function, has_arguments=bool(args or keywords))
                else:
                    self.check(function)
                for argument in (*args, *(keyword.value for keyword in keywords)):
                    self._check_argument(argument)
            case _:
                raise NotLiteral

    def _check_method(self, node: ast.Attribute, has_arguments: bool) -> None:
        """A value's own type has to answer where it may be plain data: `f().startswith("x")` names what is expected."""
        if node.attr.startswith("__") or (has_arguments and node.attr in _METHODS):
            raise NotLiteral
        self.check(node.value)

    def _check_argument(self, node: ast.expr) -> None:
        match node:
            case ast.Tuple(items) | ast.List(items) | ast.Set(items):
                for item in items:
                    self._check_argument(item)
            case ast.Dict(keys, values):
                for part in (*(key for key in keys if key is not None), *values):
                    self._check_argument(part)
            case ast.Starred(inner):
                self._check_argument(inner)
            case ast.Call() if self._is_asked(node.func):
                self.check(node)
            case ast.Name(name) if self._names.is_asked(name):
                pass
            case _:
                self.check_data(node)

    def _is_asked(self, function: ast.expr) -> bool:
        while isinstance(function, (ast.Attribute, ast.Call)):
            if isinstance(function, ast.Attribute) and self._names.is_solution(function.value):
                return True
            function = function.value if isinstance(function, ast.Attribute) else function.func
        return isinstance(function, ast.Name) and self._names.is_asked(function.id)

    def check_data(self, node: ast.AST) -> None:
        """Raise `NotLiteral` where it is not made of literals alone; the variables that it names go with it."""
        local = {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                if part.id not in local:
                    self._check_data_name(part.id)
            elif not isinstance(part, (*_DATA, ast.Call)) or (isinstance(part, ast.Attribute) and "__" in part.attr):
                raise NotLiteral

    def _check_data_name(self, name: str) -> None:
        variable = self._names.variable(name)
        if variable is not None:
            if not variable.is_sent:
                self.check_data(variable.literal)
                variable.is_sent = True
                self._due.append(variable.statement)
        elif not (self._names.is_data(name) or (name in _SAFE and self._names.is_builtin(name))):
            raise NotLiteral

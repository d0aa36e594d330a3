"""Reading an `assert` test as a plan, once, in the process that compiles it: parsing hostile text may crash a process.

A plan is a dict that JSON can carry:

- `pieces`: what runs beside the solution, in base64, see `pieces`
- `steps`: in order, `["run", piece]` or `["assert", line, condition, message]`; a condition is a term, see `terms`, the
  message a plain value in a list, an empty list where there is none, or null where it would have to be evaluated
- `builtins`: names that must mean what they usually do, so that the solution must not define them
- `borrowed`: names of `math` that the test uses without importing them, so that the solution must have done so
"""

import ast
import base64
import copy
from typing import Any

from . import constants, plain
from .names import HELD, MATH, MODULE, SOLUTION, Names, NotLiteral, Variable
from .pieces import Pieces
from .terms import Reader

_MOST_SOURCE = 64_000
# fmt: off
_HARMLESS = (
    "collections", "copy", "functools", "itertools", "json", "operator", "os", "random", "re", "string", "sys", "time",
    "typing",
)
# fmt: on
_IS_MAIN = ast.dump(ast.parse("__name__ == '__main__'", mode="eval").body)


def plan(text: str, file_name: str) -> dict[str, Any] | None:
    """The plan of a test that compiles; None where it needs an interpreter."""
    if len(text) > _MOST_SOURCE:
        return None
    try:
        planner = _Planner(file_name)
        planner.read(ast.parse(text.removeprefix("\ufeff")).body)
        return planner.finish()
    except (NotLiteral, constants.NotConstant, plain.NotPlain, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Planner:
    """One reading of a test, statement by statement."""

    def __init__(self, file_name: str) -> None:
        self._steps: list[list[Any]] = []
        self._names = Names()
        self._pieces = Pieces(self._names, file_name)
        self._reader = Reader(self._names, self._pieces.ask)
        self._functions: dict[str, ast.FunctionDef] = {}
        self._only_prints = False  # from here on: what is printed may tell what is expected

    def finish(self) -> dict[str, Any]:
        """The plan."""
        if self._pieces.is_due:
            self._steps.append(["run", self._pieces.flush()])
        if not self._pieces.code:
            raise NotLiteral
        return {
            "pieces": [base64.b64encode(code).decode("ascii") for code in self._pieces.code],
            "steps": self._steps,
            "builtins": sorted(self._names.builtins),
            "borrowed": sorted(self._names.borrowed),
        }

    def read(self, statements: list[ast.stmt]) -> None:
        """Read statements in their order; raises `NotLiteral` at the first that needs an interpreter."""
        for statement in statements:
            self._read(statement)

    def _read(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Pass() | ast.Expr(ast.Constant()):
                pass
            case ast.Expr(ast.Call(ast.Name("print"), args)) if self._names.is_builtin("print"):
                self._print(statement, args)
            case _ if self._only_prints:
                raise NotLiteral
            case ast.Assert(condition, message):
                self._assert(statement, condition, message)
            case ast.Expr(ast.Call(ast.Name(name), args, [])) if name in self._functions:
                self._inline(self._functions[name], args)
            case ast.Expr(node):
                self._pieces.check(node)
                self._pieces.run(statement)
            case ast.Assign([ast.Name(name)], node):
                self._assign(name, node, statement)
            case ast.Import(aliases):
                self._import(aliases, statement)
            case ast.ImportFrom(module, aliases, 0):
                self._import_from(str(module), aliases, statement)
            case ast.If(condition, body, []) if ast.dump(condition) == _IS_MAIN:
                self.read(body)
            case ast.FunctionDef():
                self._define(statement)
            case _:
                raise NotLiteral

    def _print(self, statement: ast.stmt, args: list[ast.expr]) -> None:
        for argument in args:
            self._pieces.check_data(argument)
        self._only_prints = True
        self._pieces.run(statement)

    def _assert(self, statement: ast.stmt, condition: ast.expr, message: ast.expr | None) -> None:
        was_due, pieces = self._pieces.is_due, len(self._pieces.code)
        term = self._reader.read(condition)
        if was_due and len(self._pieces.code) == pieces:  # nothing would run what is due before this is decided
            raise NotLiteral
        self._steps.append(["assert", statement.lineno, term, self._message(message)])

    def _message(self, node: ast.expr | None) -> list[Any] | None:
        if node is None:
            return []
        try:
            return [plain.encode(self._reader.constant(node), plain.Nans())]
        except (constants.NotConstant, plain.NotPlain):
            return None

    def _assign(self, name: str, node: ast.expr, statement: ast.stmt) -> None:
        if any(isinstance(part, ast.Name) and self._names.variable(part.id) for part in ast.walk(node)):
            raise NotLiteral  # two names for one list
        try:
            self._names.bind(name, Variable(self._reader.constant(node), node, statement))
        except constants.NotConstant:
            if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.List, ast.Dict, ast.BinOp)):
                self._names.bind(name, Variable(..., node, statement))
            else:
                self._pieces.check(node)
                self._pieces.run(statement)
                self._names.bind(name, HELD)

    def _import(self, aliases: list[ast.alias], statement: ast.stmt) -> None:
        for alias in aliases:
            if alias.name not in (SOLUTION, MATH, *_HARMLESS):
                raise NotLiteral
            self._names.bind(alias.asname or alias.name, alias.name if alias.name in (SOLUTION, MATH) else MODULE)
        self._pieces.run(statement)

    def _import_from(self, module: str, aliases: list[ast.alias], statement: ast.stmt) -> None:
        if module not in (SOLUTION, MATH, *_HARMLESS) or any(alias.name == "*" for alias in aliases):
            raise NotLiteral
        for alias in aliases:
            meaning = HELD if module == SOLUTION else f"math.{alias.name}" if module == MATH else MODULE
            self._names.bind(alias.asname or alias.name, meaning)
        self._pieces.run(statement)

    def _define(self, function: ast.FunctionDef) -> None:
        empty = ast.arguments([], [], None, [], [], None, [])
        given = function.args
        if (
            function.decorator_list
            or function.returns
            or len(given.args) > 1
            or any(arg.annotation for arg in given.args)
        ):
            raise NotLiteral
        if ast.dump(
            ast.arguments([], [], given.vararg, given.kwonlyargs, given.kw_defaults, given.kwarg, given.defaults)
        ) != ast.dump(empty):
            raise NotLiteral
        self._names.bind(function.name, MODULE)
        self._functions[function.name] = function

    def _inline(self, function: ast.FunctionDef, args: list[ast.expr]) -> None:
        """Read the body of a test's own function where it is called, with the argument in the parameter's place."""
        if len(args) != len(function.args.args):
            raise NotLiteral
        body: list[ast.stmt] = copy.deepcopy(function.body)
        for parameter, argument in zip(function.args.args, args, strict=True):
            if not isinstance(argument, ast.Name) or not self._names.is_asked(argument.id):
                raise NotLiteral
            for part in (part for statement in body for part in ast.walk(statement)):
                if isinstance(part, ast.Name) and part.id == parameter.arg:
                    part.id = argument.id
        self.read(body)
        if any(not isinstance(part, (ast.Assert, ast.Expr, ast.Pass)) for part in body):
            self._only_prints = True  # its own variables would stay

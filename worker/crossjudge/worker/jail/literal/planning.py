"""Reading an `assert` test as a plan, once, in the process that compiles it: parsing hostile text may crash a process.

A plan is a dict that JSON can carry:

- `pieces`: what runs beside the solution, in base64, see `pieces`
- `steps`: in order, `["run", piece]` or `["assert", line, condition, message]`; a condition is a term, see `terms`, and
  so is the message, null where there is none, `["unknown"]` where only an interpreter can tell
- `reserved`: names that must mean what they mean to the test, so that the solution must not define them
- `borrowed`: names of `math` that the test uses without importing them, so that the solution must have done so
- `is_alone`: whether it imports what has a state of its own, so that it must not share a process with other tests
"""

import ast
import base64
import copy
from typing import Any

from . import constants, plain
from .names import HELD, MATH, MODULE, OWN, SOLUTION, Names, NotLiteral, Variable
from .pieces import Pieces
from .terms import Reader

_MOST_SOURCE = 64_000
_MOST_NODES = 100_000  # of the syntax tree, what is in a loop as often as it runs: planning must not take long
# fmt: off
_HARMLESS = (
    "collections", "copy", "functools", "itertools", "json", "operator", "os", "random", "re", "string", "sys", "time",
    "typing",
)
# fmt: on
_WITH_STATE = ("os", "random", "sys", "time")
_NOT_LITERAL = (NotLiteral, constants.NotConstant, plain.NotPlain)


def plan(text: str, file_name: str) -> dict[str, Any] | None:
    """The plan of a test that compiles; None where it needs an interpreter."""
    if len(text) > _MOST_SOURCE:
        return None
    try:
        planner = _Planner(file_name)
        planner.read(ast.parse(text.removeprefix("\ufeff")).body)
        return planner.finish()
    except (*_NOT_LITERAL, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Planner:
    """One reading of a test, statement by statement."""

    def __init__(self, file_name: str) -> None:
        self._steps: list[list[Any]] = []
        self._names = Names()
        self._pieces = Pieces(self._names, file_name)
        self._reader = Reader(self._names, self._pieces.ask)
        self._functions: dict[str, ast.FunctionDef] = {}
        self._nodes_left = _MOST_NODES
        self._is_alone = False
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
            "reserved": sorted(self._names.reserved),
            "borrowed": sorted(self._names.borrowed),
            "is_alone": self._is_alone,
        }

    def read(self, statements: list[ast.stmt]) -> None:
        """Read statements in their order; raises one of `_NOT_LITERAL` at the first that needs an interpreter."""
        for statement in statements:
            self._nodes_left -= sum(1 for _ in ast.walk(statement))
            if self._nodes_left < 0:
                raise NotLiteral
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
            case _:
                self._read_compound(statement)

    def _read_compound(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(aliases):
                self._import(aliases, statement)
            case ast.ImportFrom(str(module), aliases, 0):
                self._import_from(module, aliases, statement)
            case ast.If(ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]), body, []):
                self.read(body)
            case ast.For(target, iterable, body, []):
                for element in self._elements(iterable):
                    self._bind(target, element)
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
            return None
        try:
            return self._reader.constant(node)
        except _NOT_LITERAL:
            pass
        try:
            return ["ask", self._pieces.ask_last(node)]
        except NotLiteral:
            return ["unknown"]

    def _assign(self, name: str, node: ast.expr, statement: ast.stmt) -> None:
        if self._pieces.is_asked(node):
            self._pieces.check(node)
            self._pieces.run(statement)
            self._names.bind(name, HELD)
            return
        self._pieces.check_data(node)
        try:
            self._names.bind(name, Variable(self._reader.fold(node), node, statement))
        except constants.NotConstant:
            self._names.bind(name, Variable(..., node, statement, is_sent=True))
            self._pieces.run(statement)  # at once: it may raise something

    def _elements(self, node: ast.expr) -> list[ast.expr]:
        """The expressions that a loop runs over; a variable is used up by it, since what it holds may be changed."""
        if isinstance(node, ast.Name) and (variable := self._names.variable(node.id)) and not variable.is_sent:
            self._names.bind(node.id, OWN)
            node = variable.literal
        if isinstance(node, (ast.Tuple, ast.List)):
            if any(isinstance(part, ast.Name) and self._names.variable(part.id) for part in ast.walk(node)):
                raise NotLiteral  # which may change while the loop runs
            self._reader.fold(node)
            return node.elts
        value = self._reader.fold(node)
        if not isinstance(value, range):
            raise NotLiteral
        return [ast.copy_location(ast.Constant(each), node) for each in value]

    def _bind(self, target: ast.expr, node: ast.expr) -> None:
        """Give a loop's variables their next values."""
        match target, node:
            case ast.Name(name), _:
                statement = ast.Assign([target], node)
                ast.copy_location(statement, target)
                self._names.bind(name, Variable(self._reader.fold(node), node, statement))
            case ast.Tuple(targets), (ast.Tuple(nodes) | ast.List(nodes)) if len(targets) == len(nodes):
                for each, its in zip(targets, nodes, strict=True):
                    self._bind(each, its)
            case _:
                raise NotLiteral

    def _import(self, aliases: list[ast.alias], statement: ast.stmt) -> None:
        for alias in aliases:
            if alias.name not in (SOLUTION, MATH, *_HARMLESS):
                raise NotLiteral
            self._is_alone = self._is_alone or alias.name in _WITH_STATE
            self._names.bind(alias.asname or alias.name, alias.name if alias.name in (SOLUTION, MATH) else MODULE)
        self._pieces.run(statement)

    def _import_from(self, module: str, aliases: list[ast.alias], statement: ast.stmt) -> None:
        if module not in (SOLUTION, MATH, *_HARMLESS) or any(alias.name == "*" for alias in aliases):
            raise NotLiteral
        self._is_alone = self._is_alone or module in _WITH_STATE
        for alias in aliases:
            meaning = HELD if module == SOLUTION else f"{MATH}.{alias.name}" if module == MATH else MODULE
            self._names.bind(alias.asname or alias.name, meaning)
        self._pieces.run(statement)

    def _define(self, function: ast.FunctionDef) -> None:
        given = function.args
        others = (*given.posonlyargs, *given.kwonlyargs, *given.defaults, given.vararg, given.kwarg)
        is_annotated = function.returns is not None or any(argument.annotation for argument in given.args)
        if function.decorator_list or is_annotated or any(others):
            raise NotLiteral
        self._names.bind(function.name, OWN)
        self._functions[function.name] = function

    def _inline(self, function: ast.FunctionDef, args: list[ast.expr]) -> None:
        """Read the body of a test's own function where it is called, with the arguments in the parameters' place."""
        parameters = [parameter.arg for parameter in function.args.args]
        given = [argument.id for argument in args if isinstance(argument, ast.Name)]
        if len(given) != len(args) or len(args) != len(parameters) or not all(map(self._names.is_asked, given)):
            raise NotLiteral
        body = copy.deepcopy(function.body)
        parts = [part for statement in body for part in ast.walk(statement)]
        uses = [part for part in parts if isinstance(part, ast.Name)]
        local = {use.id for use in uses if isinstance(use.ctx, ast.Store)}
        if local & {*parameters, *given} or any(map(self._names.is_known, local)):
            raise NotLiteral
        if any(isinstance(part, (ast.FunctionDef, ast.Import, ast.ImportFrom)) for part in parts):
            raise NotLiteral
        self._names.reserved |= local
        for use in uses:
            use.id = dict(zip(parameters, given, strict=True)).get(use.id, use.id)
        self.read(body)
        self._names.forget(local)

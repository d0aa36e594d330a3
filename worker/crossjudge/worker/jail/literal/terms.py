"""Reading a condition: what of it the solution's process evaluates, and what is left for the supervisor to decide.

A term is a list of an operation and its operands; `deciding` computes it:

    ["value", plain]  ["ask", piece]  ["type", name]  ["tuple", terms]  ["list", terms]
    ["not", term]  ["minus", term]  ["plus", term]  ["both", terms]  ["either", terms]
    ["compare", term, [[operator, term], ...]]  ["compute", operator, term, term]
    ["item", term, term]  ["slice", start, stop, step]  ["call", function, terms, {keyword: term}]
"""

import ast
from collections.abc import Callable
from typing import Any

from . import constants, functions, plain
from .names import Names, NotLiteral

Term = list[Any]


class Reader:
    """Reads conditions; `ask` makes a piece of an expression and gives its number."""

    def __init__(self, names: Names, ask: Callable[[ast.expr, bool], int]) -> None:
        self._names = names
        self._ask = ask
        self._nans = plain.Nans()
        self._folder = constants.Folder(names.value, names.function)

    def constant(self, node: ast.expr) -> Any:
        """The value of a literal; raises `NotConstant`."""
        return self._folder.fold(node)

    def read(self, node: ast.expr, is_sure: bool = True) -> Term:
        """The term of an expression, which is evaluated for sure or only if what is before it says so."""
        try:
            return ["value", plain.encode(self.constant(node), self._nans)]
        except constants.NotConstant:
            pass
        match node:
            case ast.Compare():
                return self._comparison(node, is_sure)
            case ast.BoolOp(operation, operands):
                return self._joined("both" if isinstance(operation, ast.And) else "either", operands, is_sure)
            case ast.UnaryOp(operation, operand):
                return [_unary(operation), self.read(operand, is_sure)]
            case ast.BinOp(left, operation, right) if type(operation).__name__ in functions.ARITHMETIC:
                return ["compute", type(operation).__name__, self.read(left, is_sure), self.read(right, is_sure)]
            case ast.Tuple(items) | ast.List(items):
                return [type(node).__name__.lower(), [self.read(item, is_sure) for item in items]]
            case ast.Subscript(base, index):
                return ["item", self.read(base, is_sure), self._index(index, is_sure)]
            case ast.Call() if (name := self._names.function(node.func)) is not None:
                return self._call(name, node, is_sure)
            case ast.Name(name) if self._names.is_builtin(name):
                return self._type(name)
        return ["ask", self._ask(node, is_sure)]

    def _comparison(self, node: ast.Compare, is_sure: bool) -> Term:
        left = self.read(node.left, is_sure)  # first: pieces are numbered in the order in which they run
        operations = [type(operation).__name__ for operation in node.ops]
        operands = [self.read(operand, is_sure and place == 0) for place, operand in enumerate(node.comparators)]
        if any(name in ("Is", "IsNot") for name in operations):
            self._check_identity([left, *operands])
        return ["compare", left, [list(pair) for pair in zip(operations, operands, strict=True)]]

    def _check_identity(self, terms: list[Term]) -> None:
        """`is` means something only for what there is one of."""
        if not any(term[0] == "type" or (term[0] == "value" and term[1] in (None, True, False)) for term in terms):
            raise NotLiteral

    def _joined(self, how: str, operands: list[ast.expr], is_sure: bool) -> Term:
        return [how, [self.read(operand, is_sure and place == 0) for place, operand in enumerate(operands)]]

    def _index(self, node: ast.expr, is_sure: bool) -> Term:
        if not isinstance(node, ast.Slice):
            return self.read(node, is_sure)
        return ["slice", *(None if part is None else self._part(part) for part in (node.lower, node.upper, node.step))]

    def _part(self, node: ast.expr) -> int:
        value = self.constant(node)
        if type(value) is not int or abs(value) > plain.MAX_WEIGHT:
            raise NotLiteral
        return value

    def _call(self, name: str, node: ast.Call, is_sure: bool) -> Term:
        allowed = functions.NAMED.get(name, ())
        if name not in functions.FUNCTIONS or any(keyword.arg not in allowed for keyword in node.keywords):
            raise NotLiteral
        args = [self.read(argument, is_sure) for argument in node.args]
        return ["call", name, args, {str(keyword.arg): self.read(keyword.value, is_sure) for keyword in node.keywords}]

    def _type(self, name: str) -> Term:
        if name not in functions.TYPES:
            raise NotLiteral
        return ["type", name]


def _unary(operation: ast.unaryop) -> str:
    names = {ast.Not: "not", ast.USub: "minus", ast.UAdd: "plus"}
    if type(operation) not in names:
        raise NotLiteral
    return names[type(operation)]

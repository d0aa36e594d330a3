"""Reading a condition: what of it the solution's process evaluates, and what is left for the supervisor to decide.

A term is a list of an operation and its operands; `deciding` computes it:

    ["value", plain]  ["ask", piece]  ["type", name]  ["tuple", terms]  ["list", terms]
    ["not", term]  ["minus", term]  ["plus", term]  ["both", terms]  ["either", terms]
    ["compare", term, [[operator, term], ...]]  ["compute", operator, term, term]
    ["item", term, term]  ["slice", start, stop, step]  ["call", function, terms, {keyword: term}]
"""

import ast
import itertools
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
        self._encoder = plain.Encoder()
        self._folder = constants.Folder(names.value, names.function)

    def fold(self, node: ast.expr) -> Any:
        """The value of a literal; raises `NotConstant`."""
        return self._folder.fold(node)

    def constant(self, node: ast.expr) -> Term:
        """The term of a literal; raises `NotConstant`, or `NotPlain` where it is too large."""
        return ["value", self._encoder.encode(self.fold(node))]

    def read(self, node: ast.expr, is_sure: bool = True) -> Term:
        """The term of an expression, which is evaluated for sure or only if what is before it says so."""
        try:
            return self.constant(node)
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
                return ["compute", type(operation).__name__, *self._needed([left, right], is_sure)]
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
        for operation, pair in zip(operations, itertools.pairwise([left, *operands]), strict=True):
            if operation in ("Is", "IsNot") and not any(map(_is_one_of_a_kind, pair)):
                raise NotLiteral
        return ["compare", left, [list(pair) for pair in zip(operations, operands, strict=True)]]

    def _joined(self, how: str, operands: list[ast.expr], is_sure: bool) -> Term:
        return [how, [self.read(operand, is_sure and place == 0) for place, operand in enumerate(operands)]]

    def _index(self, node: ast.expr, is_sure: bool) -> Term:
        if not isinstance(node, ast.Slice):
            return self.read(node, is_sure)
        return ["slice", *(None if part is None else self._part(part) for part in (node.lower, node.upper, node.step))]

    def _part(self, node: ast.expr) -> int:
        value = self.fold(node)
        if type(value) is not int or abs(value) > plain.MAX_WEIGHT:
            raise NotLiteral
        return value

    def _call(self, name: str, node: ast.Call, is_sure: bool) -> Term:
        function = functions.FUNCTIONS.get(name)
        named = {str(keyword.arg): keyword.value for keyword in node.keywords}
        if function is None or not function.takes(len(node.args), named):
            raise NotLiteral
        args = self._needed(node.args, is_sure)
        return ["call", name, args, {keyword: self.read(value, is_sure) for keyword, value in named.items()}]

    def _needed(self, nodes: list[ast.expr], is_sure: bool) -> list[Term]:
        """The terms of operands, not all of them literals: those it would be for the `Folder` to compute."""
        terms = [self.read(node, is_sure) for node in nodes]
        if all(term[0] == "value" for term in terms):
            raise NotLiteral
        return terms

    def _type(self, name: str) -> Term:
        if name not in functions.TYPES:
            raise NotLiteral
        return ["type", name]


def _is_one_of_a_kind(term: Term) -> bool:
    """Whether `is` means the same for it everywhere."""
    return term[0] == "type" or term[:2] == ["call", "type"] or (term[0] == "value" and _is_single(term[1]))


def _is_single(value: Any) -> bool:
    return value is None or isinstance(value, bool)


def _unary(operation: ast.unaryop) -> str:
    names = {ast.Not: "not", ast.USub: "minus", ast.UAdd: "plus"}
    if type(operation) not in names:
        raise NotLiteral
    return names[type(operation)]

"""What a mutation operator is, and how new nodes are made."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from .place import Place


@dataclass(frozen=True)
class Operator:
    """One family of small mistakes.

    `replacements` yields, for a node of one of the `targets`, each node that may stand in its place. It never changes
    the node it is given, but its children may be shared with what it yields.
    """

    name: str
    targets: tuple[type[ast.AST], ...]
    replacements: Callable[[Place], Iterator[ast.expr | ast.stmt]]


Exchange = Mapping[type[ast.operator], tuple[type[ast.operator], ...]]


def exchanged(node: ast.AST, instead: Exchange) -> Iterator[ast.expr | ast.stmt]:
    """`a + b` and `a += b` with another operator."""
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            for other in instead.get(type(op), ()):
                yield ast.BinOp(left, other(), right)
        case ast.AugAssign(target=target, op=op, value=value):
            for other in instead.get(type(op), ()):
                yield ast.AugAssign(target, other(), value)


def number(value: int | float) -> ast.expr:
    """A number as the parser would have it: minus is an operator, not part of a literal."""
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def negated(condition: ast.expr) -> ast.expr:
    """`not condition`, without a second `not`."""
    match condition:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return operand
    return ast.UnaryOp(ast.Not(), condition)


def shifted(value: ast.expr, by: int) -> ast.expr:
    """`value + by`, counted where it is a literal."""
    match value:
        case ast.Constant(value=int() as known) if not isinstance(known, bool):
            return number(known + by)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as known)) if not isinstance(known, bool):
            return number(by - known)
    return ast.BinOp(value, ast.Add() if by > 0 else ast.Sub(), ast.Constant(abs(by)))


def called(node: ast.AST) -> str | None:
    """The name of what a call calls: `len` of `len(x)`; none of a method, or of what is no call."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name
    return None

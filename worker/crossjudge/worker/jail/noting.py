"""What the two sides of a failed comparison were: a test is compiled so that its asserts keep them, for the message.

`assert a == b` becomes `assert (x := a) == (y := b)`, with names that no program can have: the right one's says which
assert it is, the left one's is always the same, so that what solutions return is not kept for long. Nothing else of the
test changes, and no value is asked for its words but those of exact built-in types.
"""

import ast
from types import FrameType
from typing import Any

_SIGNS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_LEFT, _RIGHT = "@left", "@right"
_ATOMS = (type(None), bool, float, complex, bytes)
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}
_MOST = 200
_LONG_INT_BITS = 4096


class Noting(ast.NodeTransformer):
    """Has asserts of a single comparison keep its operands, but in the bodies of classes: they would be attributes."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Only what is inside of its functions."""
        for each in node.body:
            if not isinstance(each, ast.Assert):
                self.visit(each)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """Give names to both operands."""
        test = node.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            last = node.end_lineno or node.lineno
            test.left = _named(_LEFT, test.left)
            name = f"{_RIGHT} {node.lineno} {last} {_SIGNS[type(test.ops[0])]}"
            test.comparators = [_named(name, test.comparators[0])]
        return node


def _named(name: str, value: ast.expr) -> ast.expr:
    return ast.copy_location(ast.NamedExpr(ast.copy_location(ast.Name(name, ast.Store()), value), value), value)


def words(frame: FrameType, line: int) -> str | None:
    """What the assert at that line of the frame compared; None where it kept nothing."""
    for name, right in list(frame.f_locals.items()):
        if not name.startswith(_RIGHT):
            continue
        _, first, last, sign = name.split(" ", 3)
        if int(first) <= line <= int(last):
            left = frame.f_locals.get(_LEFT)
            if sign == "==":
                return f"expected {shown(right)}, got {shown(left)}"
            return f"{shown(left)} {sign} {shown(right)} does not hold"
    return None


def shown(value: Any) -> str:
    """The value in words, cut; an object of a program's own is named by its class."""
    text = _shown(value, 3)
    return text if len(text) <= _MOST else text[: _MOST - 1] + "…"


def _shown(value: Any, depth: int) -> str:
    kind = type(value)
    if kind is int:
        return repr(value) if value.bit_length() <= _LONG_INT_BITS else "a very large integer"
    if kind is str:
        return repr(value[:_MOST])
    if kind in _ATOMS:
        return repr(value[:_MOST] if kind is bytes else value)
    if depth and kind in _BRACKETS:
        opening, closing = _BRACKETS[kind]
        items = [_shown(each, depth - 1) for each, _ in zip(value, range(_MOST), strict=False)]
        return opening + ", ".join(items) + ("," if kind is tuple and len(items) == 1 else "") + closing
    if depth and kind is dict:
        pairs = [(_shown(key, depth - 1), _shown(each, depth - 1)) for key, each in list(value.items())[:_MOST]]
        return "{" + ", ".join(f"{key}: {each}" for key, each in pairs) + "}"
    return f"<{kind.__name__}>"

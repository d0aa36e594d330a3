"""The statements of a text that may be Python in parts only."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from crossjudge.trainer.python_text import SourceText, lines_of, parsed

_CONTINUES = re.compile(r"(else|elif|except|finally)\b|[)\]}#]")
_LONG_QUOTE = re.compile("\"\"\"|'''")


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement of the outermost level, and its text."""

    node: ast.stmt
    text: str


def statements_of(text: str) -> list[Statement]:
    """All of them, if the text is Python; else those that stand between lines which are not, prose for instance.

    A line of prose may be Python by chance (`Note: yes`, `Done`); `is_code` tells.
    """
    whole = _parsed_statements(text)
    if whole is not None:
        return whole
    return [statement for piece in _pieces(text) for statement in _parsed_statements(piece) or []]


def is_code(node: ast.stmt) -> bool:
    """Whether a statement does something, which prose that happens to parse does not."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Call | ast.Await)
    if isinstance(node, ast.AnnAssign):
        return node.value is not None
    return not isinstance(node, ast.Pass | ast.Return | ast.Break | ast.Continue)


def _parsed_statements(text: str) -> list[Statement] | None:
    tree = parsed(text)
    if tree is None:
        return None
    source = SourceText(text)
    return [Statement(node, source.segment(node)) for node in tree.body]


def _pieces(text: str) -> Iterator[str]:
    """Cut before each line that is not indented, continues nothing and stands in no long string; a piece is parsed by
    itself."""
    piece: list[str] = []
    quote: str | None = None
    only_decorators = True
    for line in lines_of(text):
        begins = quote is None and line[:1].strip() and not _CONTINUES.match(line)
        if begins and not only_decorators:
            yield "\n".join(piece)
            piece, only_decorators = [], True
        piece.append(line)
        only_decorators = only_decorators and (line.startswith("@") or not line.strip())
        for mark in _LONG_QUOTE.findall(line):
            quote = mark if quote is None else None if quote == mark else quote
    yield "\n".join(piece)

"""Python source that a model may have written: parsed without surprises, and cut by the places of its syntax tree."""

import ast
import re
import warnings
from collections.abc import Iterator
from functools import cached_property

_LINE_END = re.compile(rb"\r\n|\r|\n")


def parsed(text: str) -> ast.Module | None:
    """The syntax tree; None for text that is no Python that this interpreter can read, whatever is wrong with it.

    Silences the warnings of the parser ("invalid escape sequence") for the whole process while it runs: Python has no
    way to do so for one thread alone.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # NUL bytes, lone surrogates and integers of too many digits are ValueErrors; too deep nesting is any of the
        # three others, as it is found by the tokenizer, the parser or the maker of the tree.
        return None


def lines_of(text: str) -> list[str]:
    """The lines as Python counts them: `str.splitlines` also cuts at form feeds and at separators within literals."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class SourceText:
    """Text with the byte offsets that a syntax tree speaks of: lines from 1, columns in bytes of UTF-8.

    Raises `UnicodeEncodeError` for lone surrogates; text that `parsed` took has none.
    """

    def __init__(self, text: str) -> None:
        self.data = text.encode()

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.data))]

    def span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        """First byte of a node and the one after its last. Parentheses around an expression are not part of it."""
        assert node.end_lineno is not None and node.end_col_offset is not None, ast.dump(node)
        starts = self._line_starts
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    def segment(self, node: ast.stmt | ast.expr) -> str:
        """The text of a node; of a decorated definition, its decorators too."""
        start, end = self.span(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
            first = self.span(node.decorator_list[0])[0]
            start = self.data.rindex(b"@", 0, first + 1)
        return self.data[start:end].decode()

    def with_replaced(self, node: ast.stmt | ast.expr, replacement: str) -> str:
        """The whole text with another text in the place of a node."""
        start, end = self.span(node)
        return (self.data[:start] + replacement.encode() + self.data[end:]).decode()


def is_main_guard(node: ast.AST) -> bool:
    """Whether it is `if __name__ == "__main__":` or the like."""
    match node:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return True
    return False


def fingerprint(tree: ast.AST) -> int:
    """A hash that equal syntax trees share, whatever their places and layout; others but by chance of 2**-60 or so.

    Iterative, so that nesting of any depth is no matter. It holds for this process alone: Python salts the hashes of
    strings.
    """
    return hash(tuple(_flattened(tree)))


_CONTEXT = frozenset({"ctx", "type_comment", "kind"})


def _flattened(tree: ast.AST) -> Iterator[object]:
    """What a tree is made of, in an order that tells its shape: each node's type is followed by its fields."""
    stack: list[object] = [tree]
    while stack:
        value = stack.pop()
        if isinstance(value, ast.AST):
            yield value.__class__
            stack.extend([getattr(value, name, None) for name in value._fields if name not in _CONTEXT])
        elif isinstance(value, list):
            yield len(value)
            stack.extend(value)
        elif isinstance(value, float | complex):
            yield value.__class__
            yield repr(value)  # 0.0 and -0.0 are equal, and equal to 0
        else:
            yield value.__class__
            yield value

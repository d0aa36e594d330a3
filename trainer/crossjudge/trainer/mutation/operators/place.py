"""A place in a syntax tree, with what its surroundings say: all that an operator looks at."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crossjudge.trainer.python_text import is_main_guard

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, eq=False)
class Place:
    """A node and where it stands: `parent.field` is the node itself, or a list that has it at `index`."""

    node: ast.expr | ast.stmt
    parent: ast.AST
    field: str
    index: int | None
    scope: "Scope"
    """The names of the function that it is in, or of the module."""


@dataclass(frozen=True)
class Scope:
    """The line on which each name of a function or a module is bound first, and which of the names count something."""

    first_bound: Mapping[str, int]
    counters: frozenset[str]
    """Targets of `for … in range(…)`, and the first ones of `for … in enumerate(…)`."""


def places(tree: ast.Module) -> Iterator[Place]:
    """Every expression and statement that may be changed, in no particular order.

    Left out, since changing it changes nothing that a test could see, or breaks the program for sure: annotations,
    docstrings, decorators, targets of assignments, f-strings (their parts have no true places before Python 3.12),
    messages of `raise` and `assert`, and what runs only `if __name__ == "__main__"`.
    """
    stack: list[tuple[ast.AST, Scope]] = [(tree, _scope_of(tree))]
    while stack:
        parent, scope = stack.pop()
        inside = _scope_of(parent) if isinstance(parent, Function) else scope
        for field, index, node in _children(parent):
            if isinstance(node, ast.expr | ast.stmt):
                yield Place(node, parent, field, index, inside)
            stack.append((node, inside))


_UNTOUCHED: dict[type[ast.AST], frozenset[str]] = {
    ast.FunctionDef: frozenset({"returns", "decorator_list"}),
    ast.AsyncFunctionDef: frozenset({"returns", "decorator_list"}),
    ast.ClassDef: frozenset({"bases", "keywords", "decorator_list"}),
    ast.arg: frozenset({"annotation"}),
    ast.AnnAssign: frozenset({"annotation", "target"}),
    ast.Raise: frozenset({"exc", "cause"}),
    ast.Assert: frozenset({"msg"}),
    ast.ExceptHandler: frozenset({"type"}),
    ast.Import: frozenset({"names"}),
    ast.ImportFrom: frozenset({"names"}),
}


def _children(parent: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    if isinstance(parent, ast.JoinedStr):
        return
    untouched = _UNTOUCHED.get(type(parent), frozenset())
    for field in parent._fields:
        if field in untouched:
            continue
        value = getattr(parent, field, None)
        if isinstance(value, ast.AST):
            if not _is_left_out(value):
                yield field, None, value
        elif isinstance(value, list):
            for index, node in enumerate(value):
                if isinstance(node, ast.AST) and not _is_left_out(node):
                    yield field, index, node


def _is_left_out(node: ast.AST) -> bool:
    return _is_stored(node) or _is_docstring(node) or is_main_guard(node)


def _is_stored(node: ast.AST) -> bool:
    """Whether it is a plain name that is bound here. Of `a[i + 1] = …` the index may be changed."""
    return isinstance(node, ast.Name | ast.Starred) and not isinstance(node.ctx, ast.Load)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _scope_of(owner: ast.AST) -> Scope:
    """The names bound in a function or a module, those of functions within it left out."""
    first_bound: dict[str, int] = {}
    counters: set[str] = set()
    stack = list(ast.iter_child_nodes(owner))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            first_bound[node.id] = min(first_bound.get(node.id, node.lineno), node.lineno)
        elif isinstance(node, ast.arg):
            first_bound[node.arg] = node.lineno
        elif isinstance(node, ast.For | ast.comprehension):
            counters |= _counted(node.target, node.iter)
        if not isinstance(node, Function | ast.ClassDef):
            stack.extend(ast.iter_child_nodes(node))
    return Scope(first_bound, frozenset(counters))


def _counted(target: ast.expr, source: ast.expr) -> set[str]:
    match source, target:
        case ast.Call(func=ast.Name(id="range")), ast.Name(id=name):
            return {name}
        case ast.Call(func=ast.Name(id="enumerate")), ast.Tuple(elts=[ast.Name(id=name), *_]):
            return {name}
    return set()

"""Makes a disagreement small enough to read: leaves out statements as long as the letters stay what they were."""

import ast
from collections.abc import Iterator
from typing import Any

from crossjudge.worker.pool import JailPool

from .judged import Held, held
from .pairs import Pair, Problem
from .reference import Reference

_AT_ONCE = 40
_MOST_ROUNDS = 100


def shrink(pool: JailPool, reference: Reference, found: Held) -> Held:
    """The same disagreement with as few statements as leaving them out one by one comes to."""
    for _ in range(_MOST_ROUNDS):
        smaller = _first_smaller(pool, reference, found)
        if smaller is None:
            break
        found = smaller
    return found


def _first_smaller(pool: JailPool, reference: Reference, found: Held) -> Held | None:
    candidates = [*_smaller_pairs(found.pair)]
    for start in range(0, len(candidates), _AT_ONCE):
        problems = [Problem((pair.solution,), (pair.test,)) for pair in candidates[start : start + _AT_ONCE]]
        for each in held(pool, reference, problems, found.isolation):
            if each.letters == found.letters:
                return each
    return None


def _smaller_pairs(pair: Pair) -> Iterator[Pair]:
    for test in _smaller(pair.test):
        yield Pair(pair.solution, test)
    for solution in _smaller(pair.solution):
        yield Pair(solution, pair.test)


def _smaller(text: str) -> Iterator[str]:
    """The text with one of its statements left out, or taken out of the statement around it; larger ones first."""
    count = sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(text)))
    for place in range(count):
        for is_hoisted in (False, True):
            cut = _Cut(place, is_hoisted=is_hoisted)
            tree = cut.visit(ast.parse(text))
            if cut.has_cut:
                yield ast.unparse(tree) + "\n"


class _Cut(ast.NodeTransformer):
    """Takes out one statement, counted as they stand in the text."""

    def __init__(self, place: int, *, is_hoisted: bool) -> None:
        self.has_cut = False
        self._left = place
        self._is_hoisted = is_hoisted

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.stmt):
            self._left -= 1
            if self._left == -1:
                return self._replacement(node)
        return self.generic_visit(node)

    def _replacement(self, node: ast.stmt) -> ast.stmt | list[ast.stmt]:
        is_scope = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        body: list[ast.stmt] = [] if is_scope else getattr(node, "body", [])
        if self._is_hoisted and not body:
            return node
        self.has_cut = not isinstance(node, ast.Pass)
        return body if self._is_hoisted else ast.Pass()

"""Makes a disagreement small enough to read: leaves out statements as long as the letters stay what they were."""

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from crossjudge.worker.pool import JailPool

from .judged import Held, held
from .pairs import Pair, Problem
from .reference import Reference

_MOST_ROUNDS = 30


@dataclass(frozen=True)
class Cut:
    """One statement to leave out, counted as they stand in the text; where it is hoisted, what is in it stays."""

    is_of_test: bool
    place: int
    is_hoisted: bool


def shrink(pool: JailPool, reference: Reference, found: Held) -> Held:
    """The same disagreement with as few statements as leaving them out one by one comes to."""
    for _ in range(_MOST_ROUNDS):
        possible = _that_still_disagree(pool, reference, found, [[cut] for cut in _cuts(found.pair)])
        if not possible:
            break
        found = _with_most_of(pool, reference, found, [cut for (cut,) in possible])
    return found


def _with_most_of(pool: JailPool, reference: Reference, found: Held, cuts: list[Cut]) -> Held:
    """The disagreement with all of these left out, or as many of the first as can be; the first by itself can."""
    while True:
        smaller = list(_that_still_disagree(pool, reference, found, [cuts]).values())
        if smaller:
            return smaller[0]
        if len(cuts) == 1:
            return found
        cuts = cuts[: len(cuts) // 2]


def _that_still_disagree(
    pool: JailPool, reference: Reference, found: Held, choices: Sequence[Sequence[Cut]]
) -> dict[tuple[Cut, ...], Held]:
    pairs = {tuple(cuts): _without(found.pair, cuts) for cuts in choices}
    pairs = {
        cuts: pair for cuts, pair in pairs.items() if pair != found.pair and pair.solution.strip() and pair.test.strip()
    }
    problems = [Problem((pair.solution,), (pair.test,)) for pair in pairs.values()]
    judged = held(pool, reference, problems, found.isolation) if problems else []
    return {cuts: each for cuts, each in zip(pairs, judged, strict=True) if each.letters == found.letters}


def _cuts(pair: Pair) -> list[Cut]:
    """All single cuts; those of the test first, and a statement before those within it."""
    return [
        Cut(is_of_test, place, is_hoisted)
        for is_of_test, text in ((True, pair.test), (False, pair.solution))
        for place in range(sum(isinstance(node, ast.stmt) for node in ast.walk(ast.parse(text))))
        for is_hoisted in (False, True)
    ]


def _without(pair: Pair, cuts: Sequence[Cut]) -> Pair:
    of_test, of_solution = [cut for cut in cuts if cut.is_of_test], [cut for cut in cuts if not cut.is_of_test]
    return Pair(_text_without(pair.solution, of_solution), _text_without(pair.test, of_test))


def _text_without(text: str, cuts: Collection[Cut]) -> str:
    if not cuts:
        return text
    out = {cut.place for cut in cuts if not cut.is_hoisted}
    hoisted = {cut.place for cut in cuts if cut.is_hoisted} - out
    return ast.unparse(_Cutter(out, hoisted).visit(ast.parse(text))) + "\n"


class _Cutter(ast.NodeTransformer):
    """Takes statements out of a tree."""

    def __init__(self, out: set[int], hoisted: set[int]) -> None:
        self._place = -1
        self._out = out
        self._hoisted = hoisted

    def visit(self, node: ast.AST) -> Any:
        if not isinstance(node, ast.stmt):
            return self.generic_visit(node)
        self._place += 1
        place = self._place
        if isinstance(node, ast.Pass):
            return node
        node = self.generic_visit(node)  # those within are counted, whatever becomes of this one
        if getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[attr-defined]  # an attribute of every statement that holds others
        if place in self._out:
            return None
        is_scope = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        return getattr(node, "body", node) if place in self._hoisted and not is_scope else node

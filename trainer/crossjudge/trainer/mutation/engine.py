"""Mutants of a program: parse it, list each change that an operator offers, choose, write them into the text.

Knows nothing of running anything: which mutants behave as the program does is for `kills` to find out.
"""

import ast
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from crossjudge.trainer.python_text import SourceText, fingerprint, parsed

from .choice import spread
from .mutant import Mutant
from .operators import OPERATORS, Operator, Place, places

MAX_CHARS = 50_000
"""Longer sources have no mutants: they are no answers to a problem, and each mutant costs a parse of all of it."""
MAX_CHARS_PARSED = 500_000
"""What one call parses at most, over all the mutants that it tries: seconds, for the densest source there is."""
_MOST_A_PLACE = 16  # changes of one node by one operator, which may have thousands of operands
_SHOWN_CHARS = 80


@dataclass(frozen=True, eq=False)
class Change:
    """One change that has not been made yet."""

    operator: str
    place: Place
    replacement: ast.expr | ast.stmt

    @property
    def line(self) -> int:
        return self.place.node.lineno


def mutants(source: str, k: int, *, seed: int = 0, operators: Iterable[str] | None = None) -> list[Mutant]:
    """At most `k` mutants of a program, by their lines, spread over operators and places as `seed` has it.

    `operators` are names of `OPERATORS`; all of them by default. Every mutant parses, no two have equal syntax trees,
    and none has that of the source. Text that is no Python, or longer than `MAX_CHARS`, has none. Of a long source
    there are fewer than `k` where `MAX_CHARS_PARSED` is reached first.

    Raises `ValueError` for an operator that does not exist and a `k` below 0.
    """
    chosen = _operators(operators)
    if k < 0:
        raise ValueError(f"k must be at least 0, not {k}")
    tree = parsed(source) if len(source) <= MAX_CHARS else None
    if tree is None:
        return []
    program = _Program(source, tree)
    tries = max(1, MAX_CHARS_PARSED // (len(source) + 1))
    ordered = spread(list(_changes(tree, chosen)), random.Random(seed))
    made = (pair for change in islice(ordered, tries) if (pair := program.changed(change)) is not None)
    found = list(islice(made, k))
    return [mutant for _, mutant in sorted(found, key=lambda pair: pair[0])]


def _operators(names: Iterable[str] | None) -> list[Operator]:
    wanted = list(OPERATORS) if names is None else list(names)
    for name in wanted:
        if name not in OPERATORS:
            raise ValueError(f"no mutation operator {name!r}; there are {', '.join(OPERATORS)}")
    return [OPERATORS[name] for name in wanted]


def _changes(tree: ast.Module, operators: list[Operator]) -> Iterator[Change]:
    for place in places(tree):
        for operator in operators:
            if isinstance(place.node, operator.targets):
                for replacement in islice(operator.replacements(place), _MOST_A_PLACE):
                    yield Change(operator.name, place, replacement)


Position = tuple[int, int, str, str]


class _Program:
    """The source, and the trees of all that has been made of it."""

    def __init__(self, source: str, tree: ast.Module) -> None:
        self._tree = tree
        self._text = SourceText(source)
        self._seen = {fingerprint(tree)}

    def changed(self, change: Change) -> tuple[Position, Mutant] | None:
        """The mutant and its place, to sort by; none where its tree was there before, or no text has just that tree."""
        node = change.place.node
        wanted = self._fingerprint_with(change)
        if wanted in self._seen:
            return None
        try:
            after = ast.unparse(change.replacement)
        except (RecursionError, ValueError):  # nested too deeply, or an integer of too many digits
            return None
        source = self._written(node, after, wanted)
        if source is None:
            return None
        self._seen.add(wanted)
        before = _shown(self._text.segment(node))
        mutant = Mutant(source, change.operator, node.lineno, before, _shown(after))
        return (node.lineno, node.col_offset, change.operator, after), mutant

    def _fingerprint_with(self, change: Change) -> int:
        """What the tree's would be with the change in it."""
        place = change.place
        holder = getattr(place.parent, place.field)
        if place.index is None:
            setattr(place.parent, place.field, change.replacement)
        else:
            holder[place.index] = change.replacement
        try:
            return fingerprint(self._tree)
        finally:
            if place.index is None:
                setattr(place.parent, place.field, holder)
            else:
                holder[place.index] = place.node

    def _written(self, node: ast.expr | ast.stmt, after: str, wanted: int) -> str | None:
        """The source with `after` in the place of the node, in parentheses where its neighbours would else tear it."""
        for text in (after, f"({after})"):
            source = self._text.with_replaced(node, text)
            tree = parsed(source)
            if tree is not None and fingerprint(tree) == wanted:
                return source
        return None


def _shown(text: str) -> str:
    """Its first line, if need be cut."""
    first, _, rest = text.partition("\n")
    return f"{first[:_SHOWN_CHARS]} …" if rest or len(first) > _SHOWN_CHARS else first

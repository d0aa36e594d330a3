"""The tests in a reply as calls with stated results, which a reference program may correct (Code-A1, 2603.15611).

Only asserts that compare a call of the entry point with something are read. What a variable above them holds is put in
its place, so that a call needs nothing but the solution.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from crossjudge.contracts import AssertTest
from crossjudge.trainer.python_text import lines_of

from .doctests import with_asserts
from .fences import answer_of, python_blocks
from .statements import statements_of

MOST_NODES = 1000
"""Of one call; a longer one is not read. It also keeps variables that hold each other from growing without end."""
MOST_CHARS = 2000
"""Of one call or one stated result."""
_ASSERT = re.compile(r"\s*assert\b")


@dataclass(frozen=True)
class StatedCall:
    """A call of the entry point and what its author says that it gives, each a Python expression on one line."""

    call: str
    stated: str

    @property
    def test(self) -> AssertTest:
        """As it was written."""
        return self.filled(self.stated)

    def filled(self, value: str) -> AssertTest:
        """With another value than the stated one."""
        return AssertTest(code=f"assert {self.call} == {value}")


@dataclass(frozen=True)
class StatedCalls:
    """What there is in a reply: different calls in their order, repeated ones, asserts that are no such tests."""

    calls: tuple[StatedCall, ...] = ()
    repeated: int = 0
    unreadable: int = 0


def stated_calls(reply: str, entry_point: str, *, limit: int) -> StatedCalls:
    """The first `limit` calls of a reply. Never raises, whatever the reply is."""
    answer = answer_of(reply)
    reader = _Reader(entry_point, limit)
    for source in python_blocks(answer) or [answer]:
        reader.read(with_asserts(source))
    return StatedCalls(tuple(reader.found.values()), reader.repeated, reader.unreadable)


@dataclass
class _Held:
    """What a variable holds, and how many nodes that is once it is written out."""

    value: ast.expr
    nodes: int


@dataclass
class _Reader:
    """Goes through the statements of a reply once."""

    entry_point: str
    limit: int
    found: dict[str, StatedCall] = field(default_factory=dict)
    repeated: int = 0
    unreadable: int = 0
    held: dict[str, _Held] = field(default_factory=dict)

    def read(self, source: str) -> None:
        asserts = sum(_ASSERT.match(line) is not None for line in lines_of(source))
        for statement in statements_of(source):
            if len(self.found) >= self.limit:
                return
            node = statement.node
            if isinstance(node, ast.Assert):
                asserts -= 1
                self._take(node)
            else:
                self._hold(node)
        self.unreadable += max(0, asserts)  # within functions, say, or broken off

    def _take(self, node: ast.Assert) -> None:
        stated = self._stated_call(node.test)
        if stated is None:
            self.unreadable += 1
        elif stated.call in self.found:
            self.repeated += 1
        else:
            self.found[stated.call] = stated

    def _stated_call(self, test: ast.expr) -> StatedCall | None:
        match test:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
                for call, value in ((left, right), (right, left)):
                    if isinstance(call, ast.Call) and _is_named(call.func, self.entry_point):
                        texts = self._text(call), self._text(value)
                        return StatedCall(*texts) if all(texts) else None
        return None

    def _text(self, expression: ast.expr) -> str:
        """On one line, variables written out; empty where that is too long or nested too deeply."""
        written = self._written_out(expression)
        if written is None:
            return ""
        try:
            text = ast.unparse(written.value)
        except (RecursionError, ValueError):
            return ""
        return text if len(text) <= MOST_CHARS and "\n" not in text else ""

    def _hold(self, node: ast.stmt) -> None:
        """Remember `name = expression`; forget whatever else is bound, since nobody knows to what."""
        held = None
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name != self.entry_point:
                held = self._written_out(value)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                self.held.pop(inner.id, None)
        if held is not None:
            self.held[name] = held

    def _written_out(self, expression: ast.expr) -> _Held | None:
        own = _bound_in(expression)
        known = {name: held for name, held in self.held.items() if name not in own}
        nodes = 0
        for inner in ast.walk(expression):
            is_known = isinstance(inner, ast.Name) and inner.id in known
            nodes += known[inner.id].nodes if isinstance(inner, ast.Name) and is_known else 1
            if nodes > MOST_NODES:
                return None
        try:
            return _Held(_WriteOut({name: held.value for name, held in known.items()}).visit(expression), nodes)
        except RecursionError:
            return None


@dataclass
class _WriteOut(ast.NodeTransformer):
    values: Mapping[str, ast.expr]

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.values.get(node.id, node)


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _bound_in(expression: ast.expr) -> set[str]:
    """The names that comprehensions and lambdas of an expression bind."""
    stored = (n.id for n in ast.walk(expression) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return {*stored, *(n.arg for n in ast.walk(expression) if isinstance(n, ast.arg))}

"""The tests in a reply: cut into single ones, each with the lines before it that it needs."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from crossjudge.contracts import AssertTest, PytestTest
from crossjudge.trainer.python_text import fingerprint, is_main_guard, parsed

from .doctests import with_asserts
from .fences import answer_of, python_blocks
from .statements import Statement, is_code, statements_of

ModelTest = AssertTest | PytestTest

MOST_TESTS = 64
"""More than any reply should have; a reply may always be asked for fewer."""
_MOST_LINES = 100  # of set-up that are looked at for one test, so that many tests of many lines stay linear
_MOST_TRIED = 1000  # of a block's tests: each may need as many names as the reply has
_BUILTINS = frozenset(dir(builtins))
_Definition = ast.FunctionDef | ast.AsyncFunctionDef
_Block = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try


def cut_tests(
    reply: str, entry_point: str | None = None, *, limit: int = MOST_TESTS, must_use: bool = True
) -> list[ModelTest]:
    """At most `limit` different tests of a reply, in their order.

    Each assert of the outermost level is a test, and so is a block or a helper's call with asserts in it; a `test_*`
    function and a `TestCase` are tests of kind `pytest`. `>>> f(2)` with a literal below is an assert too. Whatever
    binds the entry point itself is left away: a test must meet the solution, not what its author made of it. With
    `must_use`, a test that mentions the entry point nowhere is left out.
    """
    found: dict[int, ModelTest] = {}
    answer = answer_of(reply)
    for source in python_blocks(answer) or [answer]:
        for test in _Cutter(entry_point, must_use).tests(statements_of(with_asserts(source))):
            if len(found) >= limit:
                return list(found.values())
            tree = parsed(test.code)
            if tree is not None:
                found.setdefault(fingerprint(tree), test)
    return list(found.values())[:limit]


@dataclass(frozen=True, eq=False)
class _Line:
    """A statement, and the names in it."""

    statement: Statement

    @cached_property
    def uses(self) -> frozenset[str]:
        return _names(self.statement.node)

    @cached_property
    def binds(self) -> frozenset[str]:
        return _bound(self.statement.node)

    def mentions(self, name: str) -> bool:
        return name in self.uses or name in self._attributes

    @cached_property
    def _attributes(self) -> frozenset[str]:
        return frozenset(inner.attr for inner in ast.walk(self.statement.node) if isinstance(inner, ast.Attribute))

    @property
    def replaces(self) -> bool:
        """Whether what its names were before is lost: so it is for `x = 1`, not for `x += 1`."""
        return isinstance(self.statement.node, ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom | _Definition)

    def concerns(self, needed: frozenset[str]) -> bool:
        """Whether it gives or may change any of those names."""
        if not self.binds.isdisjoint(needed):
            return True
        node = self.statement.node
        if isinstance(node, ast.Import | ast.ImportFrom | ast.ClassDef | _Definition):
            return False
        # `y = f(x)` gives y and is not asked for x's sake, but `x[0] = 1` and `for y in x: z.append(y)` may change any
        gives_only = bool(self.binds) and isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
        return not gives_only and not self.uses.isdisjoint(needed)


@dataclass
class _Cutter:
    """Goes through the statements of one source once."""

    entry_point: str | None
    must_use: bool
    set_up: list[_Line] = field(default_factory=list)
    checkers: set[str] = field(default_factory=set)
    """Helpers with asserts in them."""
    tried: int = 0
    cut: set[tuple[object, ...]] = field(default_factory=set)
    """The tests so far, as what they are made of: a copy is known before its text is put together."""

    def tests(self, statements: list[Statement]) -> Iterator[ModelTest]:
        for statement in statements:
            node = statement.node
            if self.tried >= _MOST_TRIED:
                return
            if is_main_guard(node):
                assert isinstance(node, ast.If)
                yield from self.tests([Statement(inner, text) for inner in node.body if (text := _written(inner))])
            elif _is_pytest(node):
                yield from self._test(statement, PytestTest)
            elif isinstance(node, ast.Assert) or self._checks(node):
                yield from self._test(statement, AssertTest)
            elif is_code(node) and not self._is_idle(node):
                if isinstance(node, _Definition) and _asserts(node.body):
                    self.checkers.add(node.name)
                self.set_up.append(_Line(statement))

    def _checks(self, node: ast.stmt) -> bool:
        if isinstance(node, _Block):
            return _asserts([node])
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
                return name in self.checkers
        return False

    def _is_idle(self, node: ast.stmt) -> bool:
        """Whether a statement only prints or starts tests, or binds the entry point."""
        if self.entry_point is not None and self.entry_point in _bound(node):
            return True
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
                return name == "print" or name.startswith("test")
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="unittest" | "pytest"), attr="main"))):
                return True
        return False

    def _test(self, statement: Statement, kind: type[AssertTest] | type[PytestTest]) -> Iterator[ModelTest]:
        self.tried += 1
        test = _Line(statement)
        needed, used = test.uses - {self.entry_point}, [test]
        for line in reversed(self.set_up[-_MOST_LINES:]):
            if line.concerns(needed):
                used.append(line)
                needed = (needed - line.binds if line.replaces else needed) | (line.uses - {self.entry_point})
        key = (fingerprint(statement.node), *used[1:])
        if key in self.cut or not self._is_wanted(used):
            return
        self.cut.add(key)
        code = "\n".join(line.statement.text for line in reversed(used))
        yield PytestTest(kind="pytest", code=code) if kind is PytestTest else AssertTest(code=code)

    def _is_wanted(self, used: list[_Line]) -> bool:
        name = self.entry_point
        return not self.must_use or name is None or any(line.mentions(name) for line in used)


def _names(node: ast.AST) -> frozenset[str]:
    """Every variable that a statement looks at, and every parameter, which may be a fixture."""
    read = (inner for inner in ast.walk(node) if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Store))
    parameters = (inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg))
    return frozenset({*(name.id for name in read), *parameters}) - _BUILTINS


def _bound(node: ast.stmt) -> frozenset[str]:
    """The names that a statement binds around it."""
    if isinstance(node, _Definition | ast.ClassDef):
        return frozenset({node.name})
    if isinstance(node, ast.Import | ast.ImportFrom):
        return frozenset((alias.asname or alias.name).split(".")[0] for alias in node.names)
    stored = (inner for inner in ast.walk(node) if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store))
    return frozenset(inner.id for inner in stored)


def _asserts(statements: list[ast.stmt]) -> bool:
    return any(isinstance(inner, ast.Assert) for statement in statements for inner in ast.walk(statement))


def _is_pytest(node: ast.stmt) -> bool:
    if isinstance(node, _Definition):
        return node.name.startswith("test")
    if isinstance(node, ast.ClassDef):
        bases = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
        return node.name.startswith("Test") or any(base.endswith("TestCase") for base in bases)
    return False


def _written(node: ast.stmt) -> str:
    """A statement of a block, as one that stands by itself; empty where it is nested too deeply to be written."""
    try:
        return ast.unparse(node)
    except (RecursionError, ValueError):
        return ""

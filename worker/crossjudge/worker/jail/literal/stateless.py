"""Whether a solution provably keeps nothing from one call of its functions to the next, and whether a test provably
changes nothing but what it has made itself; then calls, and tests, may share a process.

Read from the source alone, by what is known to be harmless: anything else is "not proven", and costs a process per
cell. A proof needs two things. Nothing that outlives a call can be changed: a module holds functions, constants and
harmless imports alone, and default values are constants; what a test makes is gone with its namespace. And nothing
reaches around the names that it uses: no attribute is set, none with an underscore is read, no builtin that looks at
frames, namespaces or identities.

What a program that means to deceive gains by slipping through here is little: see `together`.
"""

import __future__

import ast
import builtins
import importlib
import re
import typing
from collections.abc import Iterable, Iterator

_TYPES = frozenset(name for name, value in vars(builtins).items() if isinstance(value, type))
_FUNCTIONS = frozenset({
    "abs", "all", "any", "ascii", "bin", "callable", "chr", "divmod", "format", "hash", "hex", "isinstance",
    "issubclass", "iter", "len", "max", "min", "next", "oct", "ord", "pow", "print", "repr", "round", "sorted", "sum",
})  # fmt: skip
_BUILTINS = _FUNCTIONS | (_TYPES - {"super", "memoryview", "property", "classmethod", "staticmethod"})
_OF_SITE = frozenset({"exit", "quit", "help", "license", "copyright", "credits"})  # not always there, at this moment
_GUARDED = frozenset(vars(builtins)) - _BUILTINS - {"NotImplemented", "Ellipsis"} | _OF_SITE
"""Of names that nothing else is bound to, those that are not harmless; what nobody has bound is a NameError."""

_IN_A_FUNCTION = "*"
_UNKNOWN = ""
_ALL = None
_MODULES: dict[str, frozenset[str] | None] = {
    "math": _ALL,
    "cmath": _ALL,
    "itertools": _ALL,
    "typing": frozenset(name for name in typing.__all__ if name[0].isupper()),
    "collections.abc": _ALL,
    "bisect": _ALL,
    "heapq": _ALL,
    "__future__": frozenset(__future__.all_feature_names),
    "collections": frozenset({"Counter", "OrderedDict", "defaultdict", "deque", "namedtuple", "ChainMap"}),
    "functools": frozenset({"reduce", "partial", "cmp_to_key", "lru_cache", "cache"}),
    "operator": frozenset({
        "itemgetter", "add", "sub", "mul", "truediv", "floordiv", "mod", "neg", "pos", "pow", "xor", "and_", "or_",
        "not_", "eq", "ne", "lt", "le", "gt", "ge", "abs", "concat", "contains", "countOf", "indexOf", "lshift",
        "rshift",
    }),
    "string": frozenset({
        "ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "octdigits", "printable",
        "punctuation", "whitespace", "capwords",
    }),
    "re": frozenset({
        "match", "search", "fullmatch", "findall", "finditer", "sub", "subn", "split", "escape", "compile", "Pattern",
        "Match", "I", "IGNORECASE", "M", "MULTILINE", "S", "DOTALL", "X", "VERBOSE", "A", "ASCII",
    }),
    "copy": frozenset({"copy", "deepcopy"}),
    "fractions": frozenset({"Fraction"}),
    "statistics": frozenset({
        "mean", "median", "mode", "stdev", "pstdev", "variance", "pvariance", "fmean", "multimode",
    }),
    "datetime": frozenset({"date", "datetime", "time", "timedelta"}),
    "hashlib": frozenset({"md5", "sha1", "sha224", "sha256", "sha384", "sha512"}),
    "json": frozenset({"loads", "dumps"}),
}  # fmt: skip
"""Modules without a state that a program could change through these names."""

_REACHING = ("_", "f_", "gi_", "cr_", "ag_", "tb_", "co_", "func_")
_NEVER_READ = ("register", "format_map")  # an abstract class notes what is registered; formats read attributes
_FIELD_THAT_READS = re.compile(r"\{[^{}:!]*[.\[]")
_NEVER = (ast.ClassDef, ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Global, ast.MatchClass)
_MOST_NODES = 20_000


class _NotProven(Exception):
    """Something in it is not known to be harmless."""


def is_proven(sources: Iterable[str]) -> bool:
    """Whether the module that these sources make, one after the other, keeps nothing between calls."""
    return imports_of(sources) is not None


def imports_of(sources: Iterable[str]) -> frozenset[str] | None:
    """The names that the module imports, where it provably keeps nothing between calls; else None."""
    try:
        module = _Module([node for text in sources for node in _parsed(text) if not _is_for_programs(node)])
        module.check()
    except _UNSURE:
        return None
    return frozenset(module.imported)


def takes_of(test: str) -> frozenset[str] | None:
    """The names that a test may take from its solution, where it provably changes nothing but what it has made itself.

    None where that is not proven. The proof holds for solutions that import none of these names.
    """
    try:
        script = _Script(_parsed(test))
        script.check()
    except _UNSURE:
        return None
    return script.taken()


_UNSURE = (_NotProven, SyntaxError, ValueError, RecursionError, MemoryError)


def _parsed(text: str) -> list[ast.stmt]:
    return ast.parse(text.removeprefix("\ufeff")).body


class _Module:
    """What the names of the module stand for."""

    def __init__(self, statements: list[ast.stmt]) -> None:
        self._statements = statements
        self.imported: dict[str, str] = {}
        """By name, the module that is imported under it, or module and name of what is imported from one."""
        self._functions: set[str] = set()
        self._constants: set[str] = set()

    def check(self) -> None:
        """Check the whole; raises `_NotProven`."""
        nodes = [node for statement in self._statements for node in ast.walk(statement)]
        if len(nodes) > _MOST_NODES or any(isinstance(node, _NEVER) for node in nodes):
            raise _NotProven
        for node in nodes:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._note_import(node)
            for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
                if annotation is not None and _binds(annotation):
                    raise _NotProven
        self._check_statements()

    def _check_statements(self) -> None:
        for statement in self._statements:  # functions are called once all are there
            self._note(statement)
        if self.imported.keys() & (self._functions | self._constants):
            raise _NotProven
        for statement in self._statements:
            self._check(statement)

    def _note_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, of in _imported(node):
            if self.imported.setdefault(name, of) != of:
                raise _NotProven

    def _note(self, statement: ast.stmt) -> None:
        match statement:
            case ast.FunctionDef(name):
                self._functions.add(name)
            case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, value):
                (self._functions if isinstance(value, ast.Lambda | ast.Name) else self._constants).add(name)
            case ast.Import() | ast.ImportFrom() | ast.Expr() | ast.Pass() | ast.Assert():
                pass
            case _:
                raise _NotProven

    def _check(self, statement: ast.stmt) -> None:
        match statement:
            case ast.FunctionDef(decorator_list=[]):
                self._check_function(statement, frozenset())
            case ast.FunctionDef():  # a cache, say
                raise _NotProven
            case ast.Assign(_, ast.expr() as value) | ast.AnnAssign(_, _, ast.expr() as value):
                self._check_constant(value)
            case ast.Expr() | ast.Assert():
                if _binds(statement):
                    raise _NotProven
                self._check_inside(statement, frozenset())

    def _check_constant(self, value: ast.expr) -> None:
        """What a module may hold: nothing that can be changed."""
        match value:
            case ast.Constant():
                pass
            case ast.Tuple(items):
                for item in items:
                    self._check_constant(item)
            case ast.UnaryOp(_, operand):
                self._check_constant(operand)
            case ast.BinOp(left, _, right):
                self._check_constant(left)
                self._check_constant(right)
            case ast.Call(ast.Name("float" | "int" | "str" as name), [ast.Constant()], []) if not self._is_bound(name):
                pass
            case ast.Call(ast.Attribute(ast.Name(name), "compile"), [*given], []) if self.imported.get(name) == "re":
                for each in given:
                    self._check_constant(each)
            case ast.Name(name):
                self._check_name(name)
            case ast.Attribute(ast.Name(name), attribute):
                self._check_member(name, attribute)
            case ast.Lambda():
                self._check_function(value, frozenset())
            case _:
                raise _NotProven

    def _check_function(self, function: ast.FunctionDef | ast.Lambda, around: frozenset[str]) -> None:
        """Check a function; `around` holds the names of the functions that it is in, none for one of the module's."""
        given = function.args
        for default in filter(None, (*given.defaults, *given.kw_defaults)):
            if around:  # made anew in each call of the function around it
                self._check_inside(default, around)
            else:
                self._check_constant(default)
        body = function.body if isinstance(function, ast.FunctionDef) else [function.body]
        local = around | _bound_in(body) | {each.arg for each in _parameters(given)} | {_IN_A_FUNCTION}
        if local & self.imported.keys():
            raise _NotProven
        for node in body:
            self._check_inside(node, local)

    def _check_inside(self, top: ast.AST, local: frozenset[str]) -> None:
        """Check what a function does, or an expression of the module does once."""
        waiting = [top]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                waiting += getattr(node, "decorator_list", [])
                self._check_function(node, local | {_IN_A_FUNCTION})
                continue
            self._check_node(node, local)
            if not _is_member(node, local):  # the base of one is looked at with it
                waiting += _evaluated(node)

    def _check_node(self, node: ast.AST, local: frozenset[str]) -> None:
        match node:
            case ast.Name(name) if name in local:
                if name.startswith("__"):
                    raise _NotProven
            case ast.Name(name, ast.Load()):
                self._check_name(name)
            case ast.Attribute(_, attribute, context) if not isinstance(context, ast.Load) or _reaches(attribute):
                raise _NotProven
            case ast.Attribute(value, "format") if not _is_plain_format(value):
                raise _NotProven
            case ast.Attribute(ast.Name(name), attribute) if _is_member(node, local):
                self._check_member(name, attribute)

    def _is_bound(self, name: str) -> bool:
        return name in self.imported or name in self._functions or name in self._constants

    def _check_name(self, name: str) -> None:
        if name in self.imported:
            if self.imported[name] in (*_MODULES, _UNKNOWN):  # a module by itself is only good for what it holds
                raise _NotProven
        elif name not in self._functions | self._constants | _BUILTINS and (name.startswith("__") or name in _GUARDED):
            raise _NotProven

    def _check_member(self, name: str, attribute: str) -> None:
        """`name.attribute`, where the name is the module's."""
        of = self.imported.get(name)
        if of in _MODULES:
            if not _is_known(of, attribute):
                raise _NotProven
        elif of == _UNKNOWN or (of is None and (name in self._functions or name.startswith("__") or name in _GUARDED)):
            raise _NotProven


class _Script(_Module):
    """A test: it runs once, in a namespace of its own, so that it may change what it has made.

    Whatever it binds or imports may be the solution's until then, or in another branch: so every name counts as taken.
    """

    def taken(self) -> frozenset[str]:
        """The names that may be those of another's."""
        nodes = (node for statement in self._statements for node in ast.walk(statement))
        return frozenset(node.id for node in nodes if isinstance(node, ast.Name))

    def _check_statements(self) -> None:
        local = _bound_in(self._statements) | {_IN_A_FUNCTION}
        if local & self.imported.keys():
            raise _NotProven
        for statement in self._statements:
            self._check_inside(statement, local)


def _binds(node: ast.AST) -> bool:
    """Whether it gives a name a value on the way."""
    return any(isinstance(part, ast.NamedExpr) for part in ast.walk(node))


def _is_for_programs(statement: ast.stmt) -> bool:
    """What never runs in a solution that is a module to its tests."""
    match statement:
        case ast.If(ast.Compare(ast.Name("__name__"), [ast.Eq()], [ast.Constant("__main__")]), _, []):
            return True
    return False


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """What an import binds, and what that is: a module's name, or module and name."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name not in _MODULES or "." in alias.name:
                raise _NotProven
            yield alias.asname or alias.name, alias.name
        return
    module = node.module or ""
    if node.level or module not in _MODULES:
        raise _NotProven
    for alias in node.names:
        for name in dir(importlib.import_module(module)) if alias.name == "*" else [alias.name]:
            if alias.name == "*" and not _is_known(module, name):
                yield name, _UNKNOWN  # it may be bound to anything
            elif _is_known(module, name):
                yield alias.asname or name, f"{module}.{name}"
            else:
                raise _NotProven


def _is_known(module: str | None, name: str) -> bool:
    if module not in _MODULES or _reaches(name):
        return False
    known = _MODULES[module]
    return known is None or name in known


def _is_member(node: ast.AST, local: frozenset[str]) -> bool:
    """Whether it is an attribute of something that the module has a name for."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in local


def _reaches(attribute: str) -> bool:
    return attribute.startswith(_REACHING) or attribute in _NEVER_READ


def _is_plain_format(value: ast.expr) -> bool:
    """Whether a format is known, and reads no attribute or item of what it is given."""
    text = value.value if isinstance(value, ast.Constant) else None
    return isinstance(text, str) and _FIELD_THAT_READS.search(text) is None


def _parameters(given: ast.arguments) -> Iterator[ast.arg]:
    yield from (*given.posonlyargs, *given.args, *given.kwonlyargs)
    yield from filter(None, (given.vararg, given.kwarg))


def _bound_in(body: Iterable[ast.AST]) -> frozenset[str]:
    """The names that a function's body binds, those of functions in it by their names alone."""
    found, waiting = set(), list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name):
                found.add(name)
                continue
            case ast.Lambda():
                continue
            case ast.Name(name, ast.Store() | ast.Del()):
                found.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
        waiting += ast.iter_child_nodes(node)
    return frozenset(found)


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """What is in a node, but for the annotation of a local name, which is never looked at."""
    for field, value in ast.iter_fields(node):
        if not (isinstance(node, ast.AnnAssign) and field == "annotation"):
            yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, ast.AST))

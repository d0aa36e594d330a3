"""Which tests need to share the interpreter with the solution, and why: read off the test's own code alone.

Never off the solution's: a solution that could choose to be judged in one interpreter with its test would cheat there.
"""

import ast
import os
import sys
from collections.abc import Iterator

from .split import surroundings

_RANDOM = "seeds random numbers that the solution draws from"
_FRAMES = "looks into the interpreter's frames and objects"
_CODE = "looks into the code of functions"
# Attributes of modules whose effect is on the interpreter that they are called in.
_CALLS = {
    "np.random.seed": _RANDOM,
    "numpy.random.seed": _RANDOM,
    "sys._getframe": _FRAMES,
    "sys.settrace": _FRAMES,
    "sys.setprofile": _FRAMES,
    "inspect.currentframe": _FRAMES,
    "inspect.stack": _FRAMES,
    "sys.setrecursionlimit": "sets the recursion limit",
    "os.putenv": "sets environment variables",
    "importlib.reload": "loads the solution again",
    "locale.setlocale": "sets the locale",
    "decimal.getcontext": "sets the precision of decimals",
    "decimal.setcontext": "sets the precision of decimals",
    "time.tzset": "sets the time zone",
}
_MODULES = {
    "gc": _FRAMES,
    "tracemalloc": "measures the solution's memory",
    "dis": _CODE,
    "pickle": "pickles objects of the solution",
    "ctypes": _FRAMES,
    "freezegun": "sets the clock",
}
_ATTRIBUTES = {"__globals__": _CODE, "__closure__": _CODE, "__subclasses__": "lists the subclasses of a class"}
_ANYTHING = "something"
_REPLACES = "replaces {} in the interpreter that the solution runs in"
# These work across processes: see `split.streams` and `split.surroundings`.
_CARRIED = {"sys.stdin", "sys.stdout", "sys.stderr", "sys.argv", "builtins.input", "os.environ"} | {
    f"{'os.path' if module is os.path else module.__name__}.{name}"
    for module, names in surroundings.FAKED.items()
    for name in names
}


def reason(tree: ast.Module) -> str | None:
    """Why the test needs to share an interpreter with the solution; None where it does not."""
    own = {"solution", *_made_here(tree)}
    for node in ast.walk(tree):
        for why in _reasons(node, own):
            return why
    return None


def _made_here(tree: ast.Module) -> Iterator[str]:
    """Names that the test defines itself: what it does to these is no matter of the interpreter."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg


def _reasons(node: ast.AST, own: set[str]) -> Iterator[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from _of_import(node)
    elif isinstance(node, ast.Attribute):
        if node.attr in _ATTRIBUTES:
            yield _ATTRIBUTES[node.attr]
        elif isinstance(node.ctx, (ast.Store, ast.Del)):
            yield from _of_replacing(_dotted(node), own)
    elif isinstance(node, ast.Call):
        yield from _of_call(node, own)


def _of_import(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            if (why := _CALLS.get(f"{node.module}.{alias.name}")) is not None:
                yield why
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    for name in names:
        if (why := _MODULES.get(name.partition(".")[0])) is not None:
            yield why


def _of_call(node: ast.Call, own: set[str]) -> Iterator[str]:
    called = _dotted(node.func)
    if (why := _CALLS.get(called)) is not None:
        yield why
    if called.endswith(("patch", "monkeypatch.setattr", "monkeypatch.delattr")) and node.args:
        yield from _of_patching(node.args, own)
    elif (called.endswith(("patch.object", "patch.multiple")) and node.args) or (called == "setattr" and node.args):
        yield from _of_replacing(f"{_dotted(node.args[0])}.{_text(node.args[1:2])}", own)


def _of_patching(args: list[ast.expr], own: set[str]) -> Iterator[str]:
    """`patch("module.name")`, or `setattr(module, "name")`."""
    if isinstance(args[0], ast.Constant):
        yield from _of_replacing(_text(args[:1]), own)
    else:
        yield from _of_replacing(f"{_dotted(args[0])}.{_text(args[1:2])}", own)


def _text(args: list[ast.expr]) -> str:
    """The text that the first of the arguments is; a word that is nothing's name for anything else."""
    if args and isinstance(args[0], ast.Constant) and isinstance(args[0].value, str):
        return args[0].value
    return _ANYTHING


def _of_replacing(target: str, own: set[str]) -> Iterator[str]:
    """`target` is the dotted name of what is replaced; what belongs to the test or the solution may be."""
    first, _, rest = target.partition(".")
    if rest and first and first not in own and target not in _CARRIED and _is_module(first):
        yield _REPLACES.format(target.removesuffix(f".{_ANYTHING}"))


def _is_module(name: str) -> bool:
    return name in sys.stdlib_module_names or name in ("np", "numpy")


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""

"""Which tests need to share the interpreter with the solution, and why: read off the test's own code alone.

Never off the solution's: a solution that could choose to be judged in one interpreter with its test would cheat there.
"""

import ast
import sys
from collections.abc import Iterator

_RANDOM = "seeds random numbers that the solution draws from"
_FRAMES = "looks into the interpreter's frames and objects"
_CODE = "looks into the code of functions"
# Attributes of modules whose effect is on the interpreter that they are called in.
_CALLS = {
    "random.seed": _RANDOM,
    "np.random.seed": _RANDOM,
    "numpy.random.seed": _RANDOM,
    "sys._getframe": _FRAMES,
    "sys.settrace": _FRAMES,
    "sys.setprofile": _FRAMES,
    "inspect.currentframe": _FRAMES,
    "inspect.stack": _FRAMES,
    "sys.setrecursionlimit": "sets the recursion limit",
    "os.chdir": "changes the current folder",
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
    "doctest": "runs the examples in the solution's documentation",
    "weakref": "watches for the end of objects",
    "ctypes": _FRAMES,
    "freezegun": "sets the clock",
}
_ATTRIBUTES = {"__globals__": _CODE, "__closure__": _CODE, "__subclasses__": "lists the subclasses of a class"}
_REPLACES = "replaces {} in the interpreter that the solution runs in"
_CAPTURED = ("sys.stdin", "sys.stdout", "sys.stderr", "builtins.input")  # these work across processes


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
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)):
        yield from ["sets environment variables"] if _dotted(node.value) == "os.environ" else []


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
    last = called.rpartition(".")[2]
    if called.endswith(("patch", "monkeypatch.setattr", "monkeypatch.delattr")) and node.args:
        yield from _of_patching(node.args[0], own)
    elif called.endswith(("patch.object", "patch.multiple")) and node.args:
        yield from _of_replacing(f"{_dotted(node.args[0])}.it", own)
    elif called.endswith("patch.dict") or (called.startswith("monkeypatch.") and last in ("setenv", "delenv", "chdir")):
        yield "sets environment variables or dictionaries"
    elif called == "setattr" and node.args:
        yield from _of_replacing(f"{_dotted(node.args[0])}.it", own)


def _of_patching(target: ast.expr, own: set[str]) -> Iterator[str]:
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        yield from _of_replacing(target.value, own)
    else:
        yield from _of_replacing(f"{_dotted(target)}.it", own)


def _of_replacing(target: str, own: set[str]) -> Iterator[str]:
    """`target` is the dotted name of what is replaced; what belongs to the test or the solution may be."""
    first, _, rest = target.partition(".")
    if rest and first and first not in own and target not in _CAPTURED and _is_module(first):
        yield _REPLACES.format(target.removesuffix(".it"))


def _is_module(name: str) -> bool:
    return name in sys.stdlib_module_names or name in ("np", "numpy")


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""

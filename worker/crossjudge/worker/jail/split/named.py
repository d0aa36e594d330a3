"""Functions, classes and modules of the standard library, which cross by name: each side has its own.

The test's side believes a name only of a short list of modules. What is not on it, `unittest.mock.ANY` for one, which
equals everything, stays an object of the solution's. The solution's side takes any name: so no function of the test's
interpreter that could run code there, such as `exec`, is ever handed out.
"""

import importlib
import sys
import types
from typing import Any

_TRUSTED = frozenset(
    [
        "abc",
        "bisect",
        "_bisect",
        "cmath",
        "collections",
        "_collections",
        "collections.abc",
        "copy",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "_functools",
        "heapq",
        "_heapq",
        "itertools",
        "json",
        "json.decoder",
        "math",
        "numbers",
        "operator",
        "_operator",
        "re",
        "statistics",
        "string",
        "struct",
        "_struct",
        "textwrap",
        "types",
        "typing",
    ]
)
_TRUSTED_BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "ascii",
        "bin",
        "callable",
        "chr",
        "divmod",
        "format",
        "hash",
        "hex",
        "id",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "max",
        "min",
        "next",
        "oct",
        "ord",
        "pow",
        "print",
        "repr",
        "reversed",
        "round",
        "sorted",
        "sum",
    ]
)
_LEFT_OUT = frozenset({"antigravity", "this", "idlelib", "turtle", "turtledemo", "test"})
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
_ALIASES = ("typing", "types", "collections.abc")
# Classes that say of themselves that they are built in, and are found under another name.
_IN_TYPES = {
    id(value): name for name, value in vars(types).items() if isinstance(value, type) and value.__module__ == "builtins"
}


class Refused(Exception):
    """A name that this side does not take from the other."""


def name_of(value: Any, *, trusted_only: bool) -> tuple[str, str] | None:
    """Module and qualified name under which both sides find this very object; None for one of a program's own."""
    if not isinstance(value, (type, *_FUNCTIONS)) and type(value).__module__ not in _ALIASES and not _of_numpy(value):
        return None
    module, name = _place(value)
    if type(module) is not str or type(name) is not str or not _is_library(module):
        return None
    try:
        found = find(module, name, trusted_only=trusted_only)
    except Refused:
        return None
    return (module, name) if found is value else None


def _of_numpy(value: Any) -> bool:
    return type(value).__module__ == "numpy" and type(value).__name__ in ("ufunc", "_ArrayFunctionDispatcher")


def _place(value: Any) -> tuple[Any, Any]:
    if _of_numpy(value):
        return "numpy", value.__name__
    if id(value) in _IN_TYPES:
        return "types", _IN_TYPES[id(value)]
    module = getattr(value, "__module__", None) or getattr(getattr(value, "__objclass__", None), "__module__", None)
    if module == "typing" and not isinstance(value, type):
        return module, getattr(value, "_name", None)
    return module, getattr(value, "__qualname__", None)


def _is_trusted(module: str, name: str) -> bool:
    if module != "builtins":
        return module in _TRUSTED
    if name in _TRUSTED_BUILTINS:
        return True
    return isinstance(getattr(sys.modules["builtins"], name.partition(".")[0], None), type)


def find(module: Any, name: Any, *, trusted_only: bool) -> Any:
    """The object of that name. Raises `Refused` for a name that this side does not take.

    Exceptions are taken from everywhere but `unittest`, whose own mean more than that something went wrong.
    """
    if type(module) is not str or type(name) is not str or not _is_library(module):
        raise Refused(f"{module}.{name}")
    try:
        found = _find(module, name)
    except (AttributeError, ImportError, KeyError) as error:
        raise Refused(f"{module}.{name}") from error
    is_exception = isinstance(found, type) and issubclass(found, BaseException) and not module.startswith("unittest")
    if trusted_only and not is_exception and not (_is_trusted(module, name) and _is_trustworthy(found)):
        raise Refused(f"{module}.{name}")
    return found


def _is_trustworthy(found: Any) -> bool:
    """Whether it is a class or function that itself belongs to a module on the list, by whatever way it was reached.

    `functools.__dict__`, `abc.__builtins__` and `collections._sys` have trusted names too; whoever could write into
    them, once a test had handed them back, would decide what `abs` and `sorted` say.
    """
    if isinstance(found, (type, *_FUNCTIONS)):
        home, name = _place(found)
        return type(home) is str and type(name) is str and _is_trusted(home, name)
    return type(found).__module__ in _ALIASES


def _find(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in name.split("."):
        found = found.__dict__[part] if isinstance(found, type) else getattr(found, part)
    return found


def module_name(value: types.ModuleType) -> str | None:
    """The name of a module that both sides can import."""
    name = value.__name__
    return name if sys.modules.get(name) is value and _is_library(name) else None


def find_module(name: Any) -> types.ModuleType:
    """The module of that name. Raises `Refused` for one that is not a library's."""
    if type(name) is not str or not _is_library(name):
        raise Refused(f"module {name}")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Refused(f"module {name}") from error


def _is_library(name: str) -> bool:
    """Whether both sides may import it: not what runs a program as it is imported, as `unittest.__main__` does."""
    top, *below = name.split(".")
    if any(part.startswith("__") for part in below):
        return False
    return (top in sys.stdlib_module_names and top not in _LEFT_OUT) or top == "numpy"

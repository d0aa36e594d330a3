"""What the test's side lets the solution do with an object of the test's. Pure decisions.

The solution gets such objects as arguments: callbacks, fakes, nodes of a tree. It may use them as it would in one
interpreter, but not look into them: through a function's globals, code or closure, a generator's frame or a traceback
it would find what the test expects; by putting a method of its own into an object it would decide what the test finds.
"""

import functools
import sys
import types
from typing import Any

_OPAQUE = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    types.TracebackType,
    types.CodeType,
    types.ModuleType,
    functools.partial,
)
_OF_ANYTHING = frozenset({"__name__", "__qualname__", "__doc__", "__module__", "__class__"})
_OF_GENERATORS = frozenset({"send", "throw", "close", "asend", "athrow", "aclose"})
_OF_EXCEPTIONS = frozenset({"__cause__", "__context__", "__notes__", "__suppress_context__"})


class Denied(AttributeError):
    """What the solution is told: as if there were no such attribute."""


def check_get(target: Any, name: str) -> None:
    """Raises `Denied` where the solution may not read this."""
    if (mock := sys.modules.get("unittest.mock")) is not None and isinstance(target, mock.NonCallableMock):
        if hasattr(mock.Mock, name):
            raise Denied(f"Mock object has no attribute {name!r}")
        return
    if name in _OF_ANYTHING or (isinstance(target, BaseException) and name in _OF_EXCEPTIONS):
        return
    if isinstance(target, _OPAQUE):
        is_own = isinstance(target, types.FunctionType) and name in vars(target)
        if (is_own and not name.startswith("_")) or name in _OF_GENERATORS:
            return
    elif not name.startswith("_") or (
        not isinstance(target, type) and (name in _space(target) or _is_own_dict(target, name))
    ):
        return
    raise Denied(f"{type(target).__name__!r} object has no attribute {name!r}")


def as_raised(error: BaseException, foreseen: frozenset[str]) -> BaseException:
    """What the test's side raises for what the solution raised, other than at the end of an iteration.

    `all(map(holds, cases))` takes a StopIteration for the end of its cases, a group of tasks takes a CancelledError for
    the end of a task: nothing would be checked, and the test would pass. Where it names the exception it may have it.
    """
    cancelled = getattr(sys.modules.get("asyncio.exceptions"), "CancelledError", StopIteration)
    name = "StopIteration" if isinstance(error, StopIteration) else "CancelledError"
    if not isinstance(error, (StopIteration, cancelled)) or name in foreseen:
        return error
    raised = RuntimeError(f"the solution raised {type(error).__name__}")
    raised.__cause__ = error
    return raised


def check_set(target: Any, name: str) -> None:
    """Raises `Denied` where the solution may not change this: only data of instances."""
    if isinstance(target, (type, *_OPAQUE)) or (name.startswith("__") and name.endswith("__")):
        raise Denied(f"{type(target).__name__!r} object has no attribute {name!r} that can be set")
    for base in type(target).__mro__:
        found = base.__dict__.get(name)
        if (
            found is not None
            and not isinstance(found, (types.MemberDescriptorType, property))
            and (callable(found) or hasattr(type(found), "__get__"))
        ):
            raise Denied(f"{type(target).__name__!r} object attribute {name!r} is read-only")


def _space(target: Any) -> dict[str, Any]:
    try:
        return object.__getattribute__(target, "__dict__")  # type: ignore[no-any-return]
    except AttributeError:
        return {}


def _is_own_dict(target: Any, name: str) -> bool:
    """The dict of an object of one of the test's own classes: its data, and no more than reading it piece by piece."""
    return name == "__dict__" and type(target).__module__ in ("__main__", "test_solution")

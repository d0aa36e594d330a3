"""What a class or a function looks like, in words that the other side can make a mirror from. Runs where it lives."""

import dataclasses
import enum
import inspect
import types
from collections.abc import Callable
from typing import Any

from . import named, operators, plain

Encode = Callable[[Any], Any]

# Built-in classes whose instances hold plain data: a mirror of a subclass holds that data too.
CORES: tuple[type, ...] = (bool, int, float, complex, str, bytes, tuple, frozenset, *plain.KINDS)
_METHODS = (types.FunctionType, types.MethodDescriptorType, types.BuiltinFunctionType, types.ClassMethodDescriptorType)
_OF_C = (
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)  # they take objects of their own class, not mirrors
_KEPT = frozenset({"__init__", "__post_init__", "__call__"})
_UNSEEN = frozenset({"__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__slots__"})
_NOT_OF_A_CORE = operators.COMPARISONS | {"__hash__"}
_KINDS_OF_FUNCTIONS = (
    "FunctionType",
    "BuiltinFunctionType",
    "MethodType",
    "MethodDescriptorType",
    "WrapperDescriptorType",
)
_WITHOUT_DEFAULT = "none"


def core_of(cls: Any) -> type | None:
    """The built-in class whose plain data the instances of a class hold."""
    found: type
    for found in cls.__mro__:
        if found in CORES:
            return found
    return None


def describe_class(cls: type, encode: Encode, *, is_guarded: bool) -> dict[str, Any]:
    """Name, bases and attributes of a class. `encode` writes bases and functions."""
    core = core_of(cls)
    functions: dict[str, Any] = {}
    others: list[str] = []
    found: list[str] = []
    for name, value in list(vars(cls).items()):
        if name in operators.ALL and not (core is not None and name in _NOT_OF_A_CORE):
            found.append(name if value is not None else f"no {name}")
        if (name.startswith("__") and name.endswith("__") and name not in _KEPT) or name in _UNSEEN:
            continue
        how = "static" if isinstance(value, staticmethod) else "class" if isinstance(value, classmethod) else "plain"
        function = value.__func__ if how != "plain" else value
        if isinstance(function, _METHODS) and not isinstance(function, _OF_C):
            functions[name] = [how, encode(function)]
        else:
            others.append(name)
    others += [name for name in ("__match_args__",) if name in vars(cls)]
    annotations = vars(cls).get("__annotations__")
    if is_guarded or type(annotations) is not dict:
        annotations = {}
    return {
        "name": cls.__name__,
        "qualname": cls.__qualname__,
        "line": vars(cls).get("__firstlineno__"),  # from Python 3.13 on
        "module": str(cls.__module__),
        "doc": cls.__doc__ if isinstance(cls.__doc__, str) and not is_guarded else None,
        "bases": [_base(base, encode) for base in cls.__bases__ if base is not object],
        "functions": functions,
        "others": others,
        "operators": found,
        "of": _standard_place(cls),
        "meta": [name for name in operators.ALL if _metaclass_has(cls, name)],
        "fields": None if is_guarded else _fields(cls, encode),
        "enum": _enum(cls, encode) if isinstance(cls, enum.EnumMeta) and cls.__members__ else None,
        "generic": hasattr(cls, "__class_getitem__"),
        "annotations": [[str(name), encode(value)] for name, value in annotations.items()],
        "checks": not is_guarded and _decides_itself(type(cls)),
    }


def _base(base: type, encode: Encode) -> Any:
    if base in CORES or (issubclass(base, BaseException) and named.name_of(base, trusted_only=True)):
        return ["name", base.__module__, base.__qualname__]
    return encode(AsObject(base))


class AsObject:
    """Marks a class that is to be described in full, even where the other side has one of the same name."""

    def __init__(self, cls: type) -> None:
        self.cls = cls


class Unseen:
    """Marks an object that the other side only hands back, and never looks at: it needs no description."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _standard_place(cls: type) -> list[str] | None:
    """Where the other side finds its own class of this kind, for what asks `isinstance`."""
    for name in ("GeneratorType", "CoroutineType", "AsyncGeneratorType", "MappingProxyType", "MethodType"):
        if getattr(types, name) is cls:
            return ["types", name]
    place = named.name_of(cls, trusted_only=True)
    return list(place) if place is not None else None


def _metaclass_has(cls: type, name: str) -> bool:
    meta: Any = type(cls)
    if meta is type or isinstance(cls, enum.EnumMeta) or name == "__call__":
        return False
    return any(
        name in base.__dict__ for base in meta.__mro__ if base not in (type, object) and base.__module__ != "abc"
    )


def _decides_itself(meta: type) -> bool:
    """Whether classes of this class say themselves what is an instance of them, as abstract ones and protocols do."""
    own = (base for base in meta.__mro__ if base not in (type, object))
    return not issubclass(meta, enum.EnumMeta) and any("__instancecheck__" in base.__dict__ for base in own)


def _fields(cls: type, encode: Encode) -> list[list[Any]] | None:
    if "__dataclass_fields__" not in vars(cls):
        return None
    return [
        [
            field.name,
            [field.init, field.repr, field.compare, field.kw_only],
            [encode(given) for given in (field.default,) if given is not dataclasses.MISSING],
            [encode(given) for given in (field.default_factory,) if given is not dataclasses.MISSING],
        ]
        for field in dataclasses.fields(cls)
    ]


def _members(cls: Any) -> list[tuple[str, Any]]:
    return list(cls.__members__.items())


def _enum(cls: Any, encode: Encode) -> dict[str, Any]:
    families = (enum.IntFlag, enum.Flag, enum.StrEnum, enum.IntEnum, enum.Enum)
    family = next(kind for kind in families if issubclass(cls, kind))
    core = core_of(cls)
    return {
        "family": family.__name__,
        "core": core.__name__ if core in (int, str, float, bytes, tuple) and family is enum.Enum else None,
        "members": [[name, encode(member._value_)] for name, member in _members(cls)],
    }


def describe_function(function: Any, encode: Encode, *, is_guarded: bool) -> dict[str, Any]:
    """Name and parameters of a function. A guarded side keeps its default values to itself."""
    code = getattr(function, "__code__", None)
    kind = next((name for name in _KINDS_OF_FUNCTIONS if isinstance(function, getattr(types, name))), None)
    doc = getattr(function, "__doc__", None)
    described: dict[str, Any] = {
        "kind": kind,
        "name": str(getattr(function, "__name__", "")),
        "qualname": str(getattr(function, "__qualname__", "")),
        "module": str(getattr(function, "__module__", "")),
        "doc": doc if isinstance(doc, str) else None,
        "flags": code.co_flags if isinstance(code, types.CodeType) else 0,
        "line": code.co_firstlineno if isinstance(code, types.CodeType) else 1,
        "file": code.co_filename if isinstance(code, types.CodeType) and not is_guarded else "<other side>",
        "parameters": None,
        "returns": None,
    }
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return described
    described["parameters"] = [
        [
            each.name,
            each.kind.value,
            _default(each.default, encode, is_guarded),
            _annotation(each.annotation, encode, is_guarded),
        ]
        for each in signature.parameters.values()
    ]
    described["returns"] = _annotation(signature.return_annotation, encode, is_guarded)
    return described


def _default(value: Any, encode: Encode, is_guarded: bool) -> Any:
    if value is inspect.Parameter.empty:
        return None
    return [encode(None if is_guarded else value)]


def _annotation(value: Any, encode: Encode, is_guarded: bool) -> Any:
    """A guarded side tells it only where it is a class that the other side knows."""
    if value is inspect.Parameter.empty or (is_guarded and not _is_known(value)):
        return None
    return [encode(value)]


def _is_known(value: Any) -> bool:
    return operators.is_class(value) and (
        operators.is_mirror(value) or named.name_of(value, trusted_only=False) is not None
    )

"""Mirrored classes and functions, made from what the other side says of theirs. It is checked, not believed.

No name that Python itself would look for in a class is taken over but those of `operators`, whose methods are ours.
"""

import collections.abc
import dataclasses
import enum
import inspect
import keyword
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import aliases, describing, operators
from .mirrors import CHECKS, Attribute, Documentation, Function, Handle, Method, Mirror, MirrorType

if TYPE_CHECKING:
    from .peer import Peer

Decode = Callable[[Any], Any]

_FAMILIES = {kind.__name__: kind for kind in (enum.Enum, enum.IntEnum, enum.StrEnum, enum.Flag, enum.IntFlag)}
_ENUM_CORES: dict[str, type] = {kind.__name__: kind for kind in (int, str, float, bytes, tuple)}
_ENUM_OPERATORS = frozenset({"__str__", "__repr__", "__format__", "__call__", "__lt__", "__le__", "__gt__", "__ge__"})
_KEPT = frozenset({"__init__", "__post_init__", "__match_args__"})
_FLAGS = {
    inspect.CO_GENERATOR: ("def", "yield"),
    inspect.CO_COROUTINE: ("async def", "pass"),
    inspect.CO_ASYNC_GENERATOR: ("async def", "yield"),
}


class Malformed(Exception):
    """The other side says of an object what cannot be."""


def make_class(peer: "Peer", number: int, said: dict[str, Any], decode: Decode) -> type:
    """The mirror of a class. Raises `Malformed`, or what Python says of a class that cannot be."""
    if said["enum"] is not None:
        return _make_enum(peer, said, decode)
    owner: list[Any] = []
    space = _attributes(peer, said, decode, owner)
    space[operators.HANDLE] = Handle(peer, number)
    bases = _bases(said, decode)
    meta = _metaclass(said, bases)
    made: type = meta(_text(said["name"]), bases, space)
    owner.append(made)
    _register(made, bases)
    return made


def annotate(made: type, said: dict[str, Any], decode: Decode) -> None:
    """Note the types of a class's fields, the class itself perhaps among them."""
    if said["annotations"]:
        type.__setattr__(
            made, "__annotations__", {_text(name): _annotation(decode, value) for name, value in said["annotations"]}
        )


def _attributes(peer: "Peer", said: dict[str, Any], decode: Decode, owner: list[Any]) -> dict[str, Any]:
    space: dict[str, Any] = {}
    for name, (how, function) in said["functions"].items():
        if not _is_special(name):
            space[name] = Method(name, _wrap(how, decode(function)))
    for name in said["others"]:
        if not _is_special(_text(name)):
            space[name] = Attribute(name, owner)
    for name in said["operators"]:
        absent = name.removeprefix("no ")
        if absent in operators.ALL:
            space[absent] = None if absent != name else operators.forward(name, owner)
    if said["generic"]:
        space["__class_getitem__"] = classmethod(lambda cls, item: cls)
    if said["checks"]:
        space[CHECKS] = True
    if said["fields"] is not None:
        fields = [_field(name, flags, default, factory, decode) for name, flags, default, factory in said["fields"]]
        space["__dataclass_fields__"] = {field.name: field for field in fields}
    standard = peer.find_standard(said["of"]) if said["of"] is not None else None
    space["__class__"] = property(type if standard is None else lambda self: standard)
    if type(said["line"]) is int:
        space["__firstlineno__"] = said["line"]
    return space | {
        "__qualname__": _text(said["qualname"]),
        "__module__": _text(said["module"]),
        "__doc__": Documentation(said["doc"] if said["doc"] is None else _text(said["doc"])),
    }


def _annotation(decode: Decode, written: Any) -> Any:
    return aliases.harmless(decode(written))


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and name not in _KEPT


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Malformed(f"{value!r} for a name")
    return value


def _bases(said: dict[str, Any], decode: Decode) -> tuple[type, ...]:
    found = [decode(base) for base in said["bases"]]
    if not all(map(_is_base, found)):
        raise Malformed("a base that is neither mirrored nor plain data nor an exception")
    mirrored = any(isinstance(base, MirrorType) for base in found)
    return tuple(found) if mirrored else (Mirror, *found)


def _is_base(base: Any) -> bool:
    """No other class of this side is inherited from: its methods might believe what the instance says."""
    return operators.is_class(base) and (
        isinstance(base, MirrorType) or base in describing.CORES or issubclass(base, BaseException)
    )


def _metaclass(said: dict[str, Any], bases: tuple[type, ...]) -> Any:
    forwarded = {
        name: operators.forward(name, [None])
        for name in said["meta"]
        if name in operators.ALL and name not in operators.COMPARISONS
    }
    forwarded.pop("__hash__", None)
    metas = dict.fromkeys(type(base) for base in bases if isinstance(base, MirrorType))
    lowest = [meta for meta in metas if not any(other is not meta and issubclass(other, meta) for other in metas)]
    if not forwarded and len(lowest) == 1:
        return lowest[0]
    return type("MirrorType", tuple(lowest) or (MirrorType,), forwarded)


def _register(made: type, bases: tuple[type, ...]) -> None:
    """What derives from an abstract class of the standard library is known as such here."""
    for base in bases:
        standard: Any = getattr(collections.abc, base.__name__, None)
        if isinstance(base, MirrorType) and base.__module__ == "collections.abc" and operators.is_class(standard):
            standard.register(made)


def _field(name: Any, flags: Any, default: Any, factory: Any, decode: Decode) -> Any:
    if not _text(name).isidentifier() or keyword.iskeyword(name):  # `dataclass` writes it into code that it runs
        raise Malformed(f"{name!r} for a field")
    init, shown, compare, kw_only = map(bool, flags)
    field: Any = dataclasses.field(init=init, repr=shown, compare=compare, kw_only=kw_only)
    field.name = name
    if default:
        field.default = decode(default[0])
    if factory:
        field.default_factory = decode(factory[0])
    field.type = object
    field._field_type = dataclasses._FIELD  # type: ignore[attr-defined]  # as `dataclass` itself sets it
    return field


def _make_enum(peer: "Peer", said: dict[str, Any], decode: Decode) -> type:
    """An enumeration is copied: its members are known here, and compared here."""
    family, core = _FAMILIES[said["enum"]["family"]], _ENUM_CORES.get(str(said["enum"]["core"]))
    bases = (family,) if core is None else (core, family)
    name = _text(said["name"])
    space: Any = enum.EnumMeta.__prepare__(name, bases)
    owner: list[Any] = []
    for each, value in said["enum"]["members"]:
        space[_member_name(each)] = _member_value(decode(value))
    for each, (how, function) in said["functions"].items():
        if not each.startswith("_") and each not in operators.PREDICATES:
            space[each] = _wrap(how, decode(function))
    members = {each for each, _ in said["enum"]["members"]}
    for each in said["others"]:
        if not each.startswith("_") and each not in members and each not in operators.PREDICATES:
            space[_text(each)] = property(_reading(peer, each))
    for each in said["operators"]:
        if each in _ENUM_OPERATORS:
            space[each] = _of_member(peer, each)
    if "_missing_" in said["functions"]:
        space["_missing_"] = classmethod(lambda cls, value: peer.ask("call", cls, (value,), {}))
    space["__getattr__"] = lambda self, each: _attribute_of_member(peer, self, each)
    made: type = enum.EnumMeta(name, bases, space)
    owner.append(made)
    made.__qualname__, made.__module__ = _text(said["qualname"]), _text(said["module"])
    made.__doc__ = said["doc"]
    return made


def _member_name(name: Any) -> str:
    if _text(name).startswith("_") and name.endswith("_"):  # a method of the class, or a setting of `enum`
        raise Malformed(f"{name!r} for the name of a member")
    return str(name)


def _member_value(value: Any) -> Any:
    if hasattr(type(value), "__get__"):  # a function would be a method, and no member
        raise Malformed(f"{value!r} for the value of a member")
    return value


def _wrap(how: Any, function: Any) -> Any:
    return {"static": staticmethod, "class": classmethod}.get(how, lambda each: each)(function)


def _reading(peer: "Peer", name: str) -> Callable[[Any], Any]:
    return lambda member: peer.ask("get", member, name)


def _of_member(peer: "Peer", name: str) -> Callable[..., Any]:
    if name in operators.COMPARISONS:
        return lambda self, other: (
            peer.ask("op", None, name, self, (other,), {}) if type(other) is type(self) else NotImplemented
        )
    return lambda self, *args: peer.ask("op", None, name, self, args, {})


def _attribute_of_member(peer: "Peer", member: Any, name: str) -> Any:
    if name.startswith("_") or name in operators.PREDICATES:  # what `enum` itself looks for while it makes the class
        raise AttributeError(name)
    return peer.ask("get", member, name)


class Described:
    """What a mirrored function says of itself."""

    def __init__(self, said: dict[str, Any], decode: Decode) -> None:
        kind = getattr(types, str(said["kind"]), None)
        self.kind = kind if operators.is_class(kind) else Function
        self.name, self.qualname = _text(said["name"]), _text(said["qualname"])
        self.module = _text(said["module"])
        self.doc = said["doc"] if said["doc"] is None else _text(said["doc"])
        self.annotations: dict[str, Any] = {}
        self.defaults: tuple[Any, ...] | None = None
        self.kwdefaults: dict[str, Any] | None = None
        self.signature: inspect.Signature | None = None
        self.code = self._code(said, decode)

    def _code(self, said: dict[str, Any], decode: Decode) -> types.CodeType | None:
        if said["parameters"] is None:
            return None
        parameters = []
        for name, kind, default, annotation in said["parameters"]:
            if not _text(name).isidentifier():
                raise Malformed(f"{name!r} for a parameter")
            value = inspect.Parameter.empty if default is None else decode(default[0])
            parameters.append(inspect.Parameter(name, inspect._ParameterKind(kind), default=value))
            if annotation is not None:
                self.annotations[name] = _annotation(decode, annotation[0])
        if said["returns"] is not None:
            self.annotations["return"] = _annotation(decode, said["returns"][0])
        self._note_defaults(parameters)
        noted = [each.replace(annotation=self.annotations.get(each.name, each.annotation)) for each in parameters]
        self.signature = inspect.Signature(noted, return_annotation=self.annotations.get("return", inspect._empty))
        if self.kind is not types.FunctionType:
            return None
        return _compile(parameters, said).replace(co_name=self.name, co_filename=_text(said["file"]))

    def _note_defaults(self, parameters: list[inspect.Parameter]) -> None:
        given = [each for each in parameters if each.default is not inspect.Parameter.empty]
        keyword = inspect.Parameter.KEYWORD_ONLY
        self.defaults = tuple(each.default for each in given if each.kind is not keyword) or None
        self.kwdefaults = {each.name: each.default for each in given if each.kind is keyword} or None


def _compile(parameters: list[inspect.Parameter], said: dict[str, Any]) -> types.CodeType:
    """Code of the same parameters and of the same kind; it is looked at and never run."""
    bare = [each.replace(default=inspect.Parameter.empty) for each in parameters]
    head, body = next((words for flag, words in _FLAGS.items() if said["flags"] & flag), ("def", "pass"))
    line = said["line"] if type(said["line"]) is int and 0 < said["line"] < 1 << 20 else 1
    code = compile(f"{head} f{inspect.Signature(bare)}: {body}", "", "exec")
    inner = next(each for each in code.co_consts if isinstance(each, types.CodeType))
    return inner.replace(co_firstlineno=line)

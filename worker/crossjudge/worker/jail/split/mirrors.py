"""What stands on one side for an object that lives on the other: a handle that looks and acts like the object.

A class of the other side has a class here (`MirrorType`), made from its description, with the same name, bases and
attributes; what is asked of the class or of its instances is asked of the other side. A test can inherit from it: the
methods are then found here first, and the other side gets a class that calls back.

A mirror never asks the other side whether it equals plain data, is more or less than it, or holds it: that is how an
object would learn what is expected, and say yes. See `operators`.
"""

import sys
import types
from typing import TYPE_CHECKING, Any

from . import named, operators
from .operators import HANDLE, Root, handle_of, is_mirror, raw_dict

if TYPE_CHECKING:
    from .peer import Peer

_NOT_SENT = frozenset(
    [
        "__module__",
        "__qualname__",
        "__classcell__",
        "__classdictcell__",
        "__doc__",
        "__annotations__",
        "__slots__",
        "__dict__",
        "__weakref__",
        "__orig_bases__",
        "__parameters__",
        "__static_attributes__",
        "__firstlineno__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "__match_args__",
        "__abstractmethods__",
        "_abc_impl",
        HANDLE,
    ]
)


CHECKS = " checks"
"""In the dict of the mirror of a class that decides itself what is an instance of it."""


class Handle:
    """Where the object is: its number on the other side."""

    __slots__ = ("is_derived", "is_made", "number", "peer", "place", "seen")

    def __init__(self, peer: "Peer", number: int) -> None:
        self.peer = peer
        self.number = number
        self.seen = 0
        """How often it came over; told to the other side when it is let go of."""
        self.place = peer.count_handles()
        """Which of all handles this is, in the order in which they came to be."""
        self.is_made = False
        """Whether this side made the object by calling its class, and has not been handed it back since."""
        self.is_derived = False
        """Whether plain data went into it: see `operators`."""


class MirrorType(operators.Mirrored):
    """The class of classes that live on the other side, and of what inherits from them here."""

    def __new__(mcs, name: str, bases: tuple[type, ...], space: dict[str, Any], /, **options: Any) -> "MirrorType":
        if HANDLE in space or not any(isinstance(base, MirrorType) and _home(base) for base in bases):
            return super().__new__(mcs, name, bases, space)  # one that the other side described
        made = super().__new__(mcs, name, bases, space)
        peer = next(handle for base in bases if isinstance(base, MirrorType) and (handle := _home(base))).peer
        type.__setattr__(made, HANDLE, Handle(peer, 0))
        peer.derive(made, name, [base for base in bases if not _is_here(base)], _to_send(made), options)
        return made

    def __init__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any], /, **options: Any) -> None:
        super().__init__(name, bases, space)

    @property
    def __mro__(cls) -> tuple[type, ...]:
        return tuple(base for base in type.mro(cls) if base not in (Mirror, Root))

    @property
    def __bases__(cls) -> tuple[type, ...]:  # type: ignore[override]
        bases = type.__dict__["__bases__"].__get__(cls)
        return tuple(base for base in bases if base is not Mirror) or (object,)

    @property
    def __signature__(cls) -> Any:
        handle = _home(cls)
        init = next((base.__dict__["__init__"] for base in type.mro(cls) if "__init__" in base.__dict__), None)
        if handle is None or isinstance(init, types.FunctionType):  # a class of this side, or inherited by one
            raise AttributeError("__signature__")
        return handle.peer.describe_function(cls).signature

    def __instancecheck__(cls, instance: Any) -> bool:
        return type.__instancecheck__(cls, instance) or _is_asked(cls, instance, "isinstance")

    def __subclasscheck__(cls, other: Any) -> bool:
        return type.__subclasscheck__(cls, other) or _is_asked(cls, other, "issubclass")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        handle = _home(cls)
        if handle is None:
            return super().__call__(*args, **kwargs)
        before = handle.peer.count_handles()
        result = handle.peer.ask("call", cls, args, kwargs)
        return operators.note_made(result, before) if handle.peer.is_named(cls) else result

    def __getattr__(cls, name: str) -> Any:
        handle = _home(cls)
        if handle is None:
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        operators.check_reading(cls, name)
        return handle.peer.ask("get", cls, name)

    def __setattr__(cls, name: str, value: Any) -> None:
        handle = _home(cls)
        if handle is not None and name not in _NOT_SENT:
            before = cls.__dict__.get(name)
            if isinstance(before, Attribute) and not isinstance(value, Attribute):
                before.replaced = handle.peer.ask("get", cls, name)
            handle.peer.ask("set", cls, name, _restored(value))
            if not isinstance(value, (types.FunctionType, staticmethod, classmethod, property, Attribute, Method)):
                value = Attribute(name, [cls])
        type.__setattr__(cls, name, value)

    def __delattr__(cls, name: str) -> None:
        handle = _home(cls)
        if handle is not None:
            handle.peer.ask("del", cls, name)
        if name in cls.__dict__:
            type.__delattr__(cls, name)

    def __dir__(cls) -> list[str]:
        handle = _home(cls)
        return list(super().__dir__()) if handle is None else handle.peer.ask("dir", cls)


def _restored(value: Any) -> Any:
    """What a test found in the dict of a class and puts back is there what it stands for."""
    if isinstance(value, Attribute):
        return value.replaced
    return value.found if isinstance(value, Method) else value


def _is_here(base: type) -> bool:
    """Whether it is a class of this side's program, or a mirror that stands for no class in particular."""
    if isinstance(base, MirrorType):
        return _home(base) is None
    return named.name_of(base, trusted_only=False) is None


def _to_send(made: type) -> dict[str, Any]:
    """What a class that inherits from the other side's has of this side: of its own, and of other classes here."""
    seen: set[str] = set()
    sent: dict[str, Any] = {}
    for base in type.mro(made):
        if base is made or (_is_here(base) and not isinstance(base, MirrorType)):
            sent |= {key: value for key, value in vars(base).items() if key not in _NOT_SENT | seen}
        seen |= vars(base).keys()
    return sent


def _is_asked(cls: type, given: Any, how: str) -> bool:
    """Classes whose own class or whose being abstract says what belongs to them are asked; never about plain data."""
    handle = _home(cls)
    if handle is None or CHECKS not in cls.__dict__ or (operators.is_plain(given) and not operators.is_class(given)):
        return False
    return bool(handle.peer.ask(how, given, cls))


def _home(cls: type) -> Handle | None:
    found = cls.__dict__.get(HANDLE)
    return found if isinstance(found, Handle) else None


class Mirror(Root, metaclass=MirrorType):
    """An object of the other side. Its own dict holds nothing but the handle."""

    def __getattr__(self, name: str) -> Any:
        operators.check_reading(self, name)
        return handle_of(self).peer.ask("get", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        for base in type(self).__mro__:
            found = base.__dict__.get(name)
            if found is not None and hasattr(type(found), "__set__") and not isinstance(found, Attribute):
                object.__setattr__(self, name, value)  # a property of a class here, or a slot of a built-in class
                return
        handle_of(self).peer.ask("set", self, name, value)

    def __delattr__(self, name: str) -> None:
        handle_of(self).peer.ask("del", self, name)

    def __dir__(self) -> list[str]:
        return handle_of(self).peer.ask("dir", self)  # type: ignore[no-any-return]

    @property
    def __dict__(self) -> Any:  # type: ignore[override]
        return handle_of(self).peer.ask("get", self, "__dict__")

    def __repr__(self) -> str:
        return handle_of(self).peer.ask("op", None, "__repr__", self, (), {})  # type: ignore[no-any-return]

    def __copy__(self) -> Any:
        return handle_of(self).peer.ask("copy", self)

    def __deepcopy__(self, memo: Any) -> Any:
        return handle_of(self).peer.ask("deepcopy", self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle {type(self).__name__!r}: it lives in the other process of the cell")

    def __del__(self) -> None:
        handle = raw_dict(self).get(HANDLE)
        if handle is not None:
            handle.peer.let_go(handle)


class Attribute:
    """Something that a class of the other side has, other than a method: found there each time."""

    def __init__(self, name: str, owner: list[type]) -> None:
        self.replaced: Any = None
        """What the class had, while a test has put something else in its place."""
        self._name = name
        self._owner = owner

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        target = owner if instance is None else instance
        operators.check_reading(target, self._name)
        if instance is not None and self._is_overridden(type(instance)):
            return handle_of(target).peer.ask("get of", self._owner[0], target, self._name)
        return handle_of(target).peer.ask("get", target, self._name)

    def _is_overridden(self, cls: type) -> bool:
        """Whether a class here has its own: then it was `super()` that came to this one."""
        first = next((base.__dict__[self._name] for base in type.mro(cls) if self._name in base.__dict__), self)
        return first is not self and not isinstance(first, Attribute)

    def __set__(self, instance: Any, value: Any) -> None:
        handle_of(instance).peer.ask("set", instance, self._name, value)

    def __delete__(self, instance: Any) -> None:
        handle_of(instance).peer.ask("del", instance, self._name)


class Documentation:
    """The words on a class; an object may have words of its own."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self._text if instance is None else handle_of(instance).peer.ask("get", instance, "__doc__")


class Method:
    """A function in a class of the other side, static or not."""

    def __init__(self, name: str, found: Any) -> None:
        self._name = name
        self.found = found

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        operators.check_reading(owner if instance is None else instance, self._name)
        return self.found.__get__(instance, owner)


class Function(Mirror):
    """A function of the other side: can be called, bound to an object, and looked at through `inspect`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return handle_of(self).peer.ask("call", self, args, kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self._described().kind

    @property
    def __name__(self) -> Any:
        return self._described().name

    def __getattr__(self, name: str) -> Any:
        return self._described().qualname if name == "__qualname__" else super().__getattr__(name)

    @property
    def __module__(self) -> Any:  # type: ignore[override]
        return self._described().module

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self._described().doc

    @property
    def __code__(self) -> Any:
        return self._described().code

    @property
    def __globals__(self) -> Any:
        """Where its annotations are looked up: the names of the solution, on the test's side."""
        if not handle_of(self).peer.is_guarded or self.__module__ != "solution":
            raise AttributeError("__globals__")
        return vars(sys.modules["solution"])

    @property
    def __defaults__(self) -> Any:
        return self._described().defaults

    @property
    def __kwdefaults__(self) -> Any:
        return self._described().kwdefaults

    @property
    def __annotations__(self) -> Any:  # type: ignore[override]
        return self._described().annotations

    def _described(self) -> Any:
        space = raw_dict(self)
        if "described" not in space:
            space["described"] = space[HANDLE].peer.describe_function(self)
        return space["described"]


__all__ = ["Attribute", "Function", "Handle", "Method", "Mirror", "MirrorType", "handle_of", "is_mirror"]

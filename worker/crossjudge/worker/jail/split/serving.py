"""What one side does when the other asks. On the test's side nothing but what `policy` allows."""

import copy
import functools
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import operators, policy

if TYPE_CHECKING:
    from .peer import Peer


# The requests that the test's side looks at, with the place of the object that they are about.
_ON_OBJECTS = {
    "call": 0,
    "get": 0,
    "set": 0,
    "del": 0,
    "op": 2,
    "dir": 0,
    "describe": 0,
    "copy": 0,
    "deepcopy": 0,
    "task": 1,
}


class Serving:
    """The requests, by name."""

    def __init__(self, peer: "Peer") -> None:
        self.called: Callable[[Any, str, Any], None] | None = None
        """Told of each call that was answered: the function, `returned` or `raised`, and the value."""
        self._peer = peer
        self._actions: dict[str, Callable[..., Any]] = {
            "call": self._call,
            "get": self._get,
            "get of": self._get_of,
            "isinstance": self._is_instance,
            "issubclass": self._is_subclass,
            "set": self._set,
            "del": self._delete,
            "op": self._operate,
            "dir": self._dir,
            "describe": self._describe,
            "copy": lambda target: copy.copy(target),
            "deepcopy": lambda target: copy.deepcopy(target),
            "derive": self._derive,
            "task": peer.awaiting.start,
            "step": peer.awaiting.step,
            "cancel": peer.awaiting.cancel,
        }

    def add(self, name: str, action: Callable[..., Any]) -> None:
        """One more request."""
        self._actions[name] = action

    def do(self, what: str, *parts: Any) -> Any:
        """Do it; raises whatever the program does."""
        if self._peer.is_guarded and what in _ON_OBJECTS:
            self._check_lent(parts[_ON_OBJECTS[what]])
        return self._actions[what](*parts)

    def _check_lent(self, target: Any) -> None:
        """Only on what the test itself has handed out: not on what both sides know by name, such as `type`."""
        if not self._peer.has_lent(target):
            raise policy.Denied(f"{type(target).__name__!r} object is not yours to use")

    def show(self, stream: Any, text: str) -> None:
        """Print what the other side's program printed."""
        target = sys.stderr if stream == "stderr" else sys.stdout
        if target is not None:
            target.write(text)

    def _call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        called = self.called
        if called is None:
            return function(*args, **kwargs)
        try:
            value = function(*args, **kwargs)
        except BaseException as error:
            called(function, "raised", error)
            raise
        called(function, "returned", value)
        return value

    def _get(self, target: Any, name: str) -> Any:
        if self._peer.is_guarded:
            policy.check_get(target, name)
        return getattr(target, name)

    def _get_of(self, owner: type, target: Any, name: str) -> Any:
        """What `super()` finds from that class on."""
        self._deny_if_guarded()
        return _bound(owner, name, target)

    def _is_instance(self, given: Any, cls: type) -> bool:
        self._deny_if_guarded()
        return isinstance(given, cls)

    def _is_subclass(self, given: Any, cls: type) -> bool:
        self._deny_if_guarded()
        return issubclass(given, cls)

    def _deny_if_guarded(self) -> None:
        if self._peer.is_guarded:
            raise policy.Denied("the test's classes are not yours to ask")

    def _set(self, target: Any, name: str, value: Any) -> None:
        if self._peer.is_guarded:
            policy.check_set(target, name)
        setattr(target, name, value)

    def _delete(self, target: Any, name: str) -> None:
        if self._peer.is_guarded:
            policy.check_set(target, name)
        delattr(target, name)

    def _operate(self, owner: Any, name: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if name not in operators.ALL:
            raise policy.Denied(name)
        if owner is None or not isinstance(target, owner):
            owner = type(target)
        return _bound(owner, name, target)(*args, **kwargs)

    def _dir(self, target: Any) -> list[str]:
        names = dir(target)
        return [name for name in names if not name.startswith("_")] if self._peer.is_guarded else names

    def _describe(self, function: Any) -> Any:
        return self._peer.description_of(function)

    def _derive(
        self, number: int, name: str, bases: tuple[type, ...], methods: dict[str, Any], options: dict[str, Any]
    ) -> None:
        """Make a class whose methods are the other side's."""
        if self._peer.is_guarded:
            raise policy.Denied("a class of the test's cannot be inherited from")

        def fill(space: dict[str, Any]) -> None:
            for key, (how, value) in methods.items():
                space[key] = _attribute(how, value)

        made = types.new_class(name, bases, options, fill)
        made.__module__ = "__main__"
        self._peer.export_as(number, made)


def _bound(owner: type, name: str, target: Any) -> Any:
    """A special method as Python itself finds it: in the classes, and bound only where it is of a kind that binds."""
    for base in owner.__mro__:
        if name in base.__dict__:
            found = base.__dict__[name]
            return found.__get__(target, type(target)) if hasattr(type(found), "__get__") else found
    raise AttributeError(f"{owner.__name__!r} object has no attribute {name!r}")


def _attribute(how: str, value: Any) -> Any:
    if how == "plain":
        return _as_function(value)
    if how == "property":
        return property(*(each and _as_function(each) for each in value))
    return {"staticmethod": staticmethod, "classmethod": classmethod}[how](_as_function(value))


def _as_function(value: Any) -> Any:
    """A real function around a mirrored one: a class looks its special methods up where a mirror has none."""
    if not operators.is_mirror(value) or operators.is_class(value):
        return value

    @functools.wraps(value, assigned=(), updated=())
    def method(*args: Any, **kwargs: Any) -> Any:
        return value(*args, **kwargs)

    del method.__wrapped__
    return method

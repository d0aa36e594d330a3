"""JSON to values: the reverse of `encoding`. Nothing is believed: what has not the right form ends the cell."""

import enum
import json
import types
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .. import solution
from . import aliases, describing, making, named, operators, plain
from .channel import Gone
from .mirrors import Function, Handle, MirrorType
from .operators import raw_dict
from .twins import Twin

if TYPE_CHECKING:
    from .peer import Peer


class Decoder:
    """One message being read. What has not the right form ends the cell (`Gone`): no program of ours wrote it."""

    def __init__(self, peer: "Peer", body: bytes) -> None:
        self._peer = peer
        self._spoken_of: dict[int, Twin] = {}
        """Containers of this message: reading it may ask the other side something, which then forgets them."""
        peer.twins.reading += 1
        try:
            said = json.loads(body)
            self.kind, self.number, self._value = said["k"], said["n"], said["v"]
            self._said: dict[str, Any] = said
            self._classes = dict(said.get("c", ()))
            peer.put_output(said.get("o", ()))
            self._take_in(said)
        except MemoryError:
            raise
        except Exception as error:
            raise self._malformed(error) from error
        finally:
            peer.twins.reading -= 1

    def value(self) -> Any:
        """The value that the message carries."""
        self._peer.twins.reading += 1
        try:
            return self.decode(self._value)
        except MemoryError:
            raise
        except Exception as error:
            raise self._malformed(error) from error
        finally:
            self._peer.twins.reading -= 1

    def _malformed(self, error: BaseException) -> Gone:
        return Gone(f"the other process sent what it must not: {type(error).__name__}: {error}")

    def _take_in(self, said: dict[str, Any]) -> None:
        peer = self._peer
        for number, seen in said.get("z", ()):
            peer.let_other_go(number, seen)
        containers = said.get("d", ())
        peer.is_applying += 1
        try:
            for number, tag, content, cls in containers:
                if peer.twins.get(number) is None:
                    self._make_container(number, tag, content, cls)
                self._spoken_of[number] = peer.twins.known(number)
            for number, tag, content, _ in containers:
                self._fill(number, tag, content)
        finally:
            peer.is_applying -= 1
        for number in said.get("x", ()):
            peer.twins.forget(number)

    def _make_container(self, number: Any, tag: Any, content: Any, cls: Any) -> None:
        kind = plain.KIND_OF_TAG[tag]
        if type(number) is not int:
            raise ValueError(number)
        if cls is None:
            box = kind.empty(kind.type, content)
        else:
            handle, of = cls
            box = kind.empty(self._mirrored(of, kind.type), content)
            self._peer.adopt(box, handle)
        self._peer.twins.add(box, kind, number)

    def _mirrored(self, of: Any, core: type | None) -> type:
        found = self.decode(of)
        if core is None or not isinstance(found, MirrorType) or describing.core_of(found) is not core:
            raise ValueError(f"{of!r} for the class of a container of type {core}")
        return found

    def _fill(self, number: int, tag: Any, content: Any) -> None:
        twin = self._spoken_of[number]
        if twin.kind.tag != tag:
            raise ValueError(f"a container changed its kind to {tag!r}")
        twin.kind.fill(twin.box, content, self.decode_all)
        twin.agree()

    def decode_all(self, values: Iterable[Any]) -> list[Any]:
        """Each of them."""
        if type(values) is not list:
            raise ValueError("not a list")
        if list not in set(map(type, values)) and dict not in set(map(type, values)):
            return values
        return [self.decode(value) for value in values]

    def decode(self, value: Any) -> Any:
        """One value."""
        if type(value) is not list:
            if type(value) is dict:
                raise ValueError("an object where a value should be")
            return value
        tag, *parts = value
        return DECODERS[tag](self, *parts) if tag in DECODERS else plain.FROM_TAG[tag](*parts)

    def _tuple(self, *items: Any) -> Any:
        return tuple(self.decode_all(list(items)))

    def _frozenset(self, *items: Any) -> Any:
        return frozenset(self.decode_all(list(items)))

    def _integer(self, text: str) -> int:
        return int(text, 16)

    def _twin(self, number: int) -> Any:
        return (self._spoken_of.get(number) or self._peer.twins.known(number)).box

    def _single(self, name: str) -> Any:
        return {"ellipsis": Ellipsis, "not implemented": NotImplemented}[name]

    def _range(self, *parts: Any) -> range:
        return range(*self.decode_all(list(parts)))

    def _slice(self, *parts: Any) -> slice:
        return slice(*self.decode_all(list(parts)))

    def _view(self, which: str, keys: Any, values: Any) -> Any:
        pairs = zip(self.decode_all(keys), self.decode_all(values), strict=True)
        if which == "values":
            return dict(enumerate(value for _, value in pairs)).values()
        return {"keys": dict.keys, "items": dict.items}[which](dict(pairs))

    def _live_view(self, which: str, number: int) -> Any:
        return {"keys": dict.keys, "values": dict.values, "items": dict.items}[which](self._twin(number))

    def _traceback(self) -> types.TracebackType | None:
        """One of this side's own: what is below the frames of the other is not for this one to see."""
        try:
            raise LookupError
        except LookupError as error:
            return error.__traceback__

    def _alias(self, how: str, *parts: Any) -> Any:
        return aliases.build(how, *self.decode_all(list(parts)))

    def _name(self, module: str, name: str) -> Any:
        try:
            return named.find(module, name, trusted_only=self._peer.is_guarded)
        except named.Refused as error:
            raise ValueError(str(error)) from error

    def _module(self, name: str) -> Any:
        try:
            return named.find_module(name)
        except named.Refused as error:
            raise ValueError(str(error)) from error

    def _home(self, number: int) -> Any:
        return self._peer.own(number)

    def _function(self, number: int) -> Any:
        return self._peer.mirror(number, lambda: object.__new__(Function))

    def _method(self, function: Any, instance: Any) -> Any:
        return types.MethodType(self.decode(function), self.decode(instance))

    def _object(self, number: int, cls: Any) -> Any:
        def make() -> Any:
            kind = self.decode(cls)
            if (
                not isinstance(kind, MirrorType)
                or issubclass(kind, BaseException)
                or describing.core_of(kind) is not None
            ):
                raise ValueError(f"{cls!r} for the class of an object")
            return object.__new__(kind)

        return self._peer.awaiting.as_awaitable(self._peer.mirror(number, make))

    def _core(self, number: int, cls: Any, data: Any) -> Any:
        def make() -> Any:
            kind, plain_data = self.decode(cls), self.decode(data)
            core = describing.core_of(kind)
            if not isinstance(kind, MirrorType) or core is None or type(plain_data) is not core:
                raise ValueError(f"{data!r} for what a {cls!r} holds")
            return core.__new__(kind, plain_data)  # type: ignore[call-overload]  # any of several types

        return self._peer.mirror(number, make)

    def _exception(self, number: int, cls: Any, args: Any, linked: Any, notes: Any, words: Any, state: Any = ()) -> Any:
        kind = self.decode(cls)
        if not (operators.is_class(kind) and issubclass(kind, BaseException)):
            raise ValueError(f"{cls!r} for the class of an exception")

        def make() -> BaseException:
            arguments = self.decode(args)
            error: BaseException = kind.__new__(kind, *arguments)
            error.args = arguments
            return error

        if isinstance(kind, MirrorType):
            error = self._peer.mirror(number, make)
        else:
            error = _standard_exception(kind, self.decode(args))
            for name, value in state:
                if name != "args" and name[:1] not in ("_", " ") and not callable(getattr(kind, name, None)):
                    setattr(error, name, self.decode(value))
            error.__dict__[operators.REMOTE] = Handle(self._peer, number)
        error.__cause__, error.__context__ = (None if each is None else self.decode(each) for each in linked)
        error.__suppress_context__ = bool(notes[0])
        for note in self.decode_all(notes[1]):
            error.add_note(note)
        raw = raw_dict(error) if operators.is_mirror(error) else error.__dict__
        raw[solution.WORDS] = words if type(words) is str else None
        return error

    def _class(self, number: int) -> Any:
        known = self._peer.classes.get(number)
        if known is None:
            known = making.make_class(self._peer, number, self._classes[number], self.decode)
            self._peer.learn_class(number, known)
            making.annotate(known, self._classes[number], self.decode)
        return known

    def _member(self, number: int, name: Any, value: Any) -> Any:
        cls: Any = self._class(number)
        if not isinstance(cls, enum.EnumMeta):
            raise ValueError(f"class {number} is no enumeration")
        return cls[name] if name in cls.__members__ else cls(self.decode(value))

    def _member_home(self, number: int, name: Any, value: Any) -> Any:
        cls = self._peer.own(number)
        return cls[name] if name in cls.__members__ else cls(self.decode(value))

    def _late(self, *parts: Any) -> Any:
        return plain.build_late_scalar(*parts)

    def _numpy(self, *parts: Any) -> Any:
        return plain.build_numpy_scalar(*parts)


def _standard_exception(kind: type[BaseException], args: tuple[Any, ...]) -> BaseException:
    try:
        error = kind(*args)
    except TypeError:  # it takes more than it keeps in `args`
        error = kind.__new__(kind, *args)
    error.args = args
    return error


DECODERS: dict[str, Any] = {
    "t": Decoder._tuple,
    "f": Decoder._frozenset,
    "i": Decoder._integer,
    "R": Decoder._twin,
    "single": Decoder._single,
    "range": Decoder._range,
    "slice": Decoder._slice,
    "view": Decoder._view,
    "live view": Decoder._live_view,
    "traceback": Decoder._traceback,
    "alias": Decoder._alias,
    "name": Decoder._name,
    "module": Decoder._module,
    "home": Decoder._home,
    "function": Decoder._function,
    "method": Decoder._method,
    "object": Decoder._object,
    "core": Decoder._core,
    "exception": Decoder._exception,
    "class": Decoder._class,
    "member": Decoder._member,
    "member home": Decoder._member_home,
    "late": Decoder._late,
    "numpy": Decoder._numpy,
}

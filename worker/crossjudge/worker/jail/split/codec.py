"""Values to JSON and back. Plain data is written out; an object of this side becomes a number, one of the other side
the number that it came with.

A message is an object of: `k` what it is, `n` its number, `v` its value; `c` the classes that it is the first to name;
`d` the containers that are new or changed (see `twins`); `x` those forgotten; `z` the objects let go of; `o` what the
program printed. A value is a JSON atom, or a list that begins with a tag.
"""

import enum
import gc
import json
import types
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .. import solution
from . import aliases, describing, making, named, operators, plain
from .channel import Gone
from .mirrors import Function, Handle, MirrorType
from .operators import handle_of, raw_dict
from .twins import Twin

if TYPE_CHECKING:
    from .peer import Peer

_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
_FUNCTIONS = (*describing._METHODS, types.WrapperDescriptorType, types.MethodWrapperType)
_SINGLE = {Ellipsis: "ellipsis", NotImplemented: "not implemented"}
_DEEPEST_CAUSE = 3
_HELD = ("filename", "filename2", "name", "path")
_REMOTE = " remote"  # in the dict of an exception: it came from the other side, with this handle


class Encoder:
    """One message being written."""

    def __init__(self, peer: "Peer") -> None:
        self._peer = peer
        self._new: list[int] = []
        self.classes: list[Any] = []

    def message(self, kind: str, number: int, value: Any) -> bytes:
        """The whole of it, with what has changed since the last one. Where it cannot be written, nothing is noted."""
        try:
            return self._write(kind, number, value)
        except BaseException:
            for each in self._new:
                if (twin := self._peer.twins.get(each)) is not None and twin.before is None:
                    self._peer.twins.forget(each)
            self._peer.described -= {each[0] for each in self.classes if each is not None}
            raise

    def _write(self, kind: str, number: int, value: Any) -> bytes:
        twins, peer = self._peer.twins, self._peer
        said: dict[str, Any] = {"k": kind, "n": number, "v": self.encode(value)}
        if not peer.is_applying:
            known = set(self._new)
            self._new += [each for each in twins.changed() if each not in known]
        containers = []
        for each in self._new:  # grows while it is gone through
            twin = twins.get(each)
            assert twin is not None
            box, kind_of_box = twin.box, twin.kind
            of = None if kind_of_box.tag == "N" or type(box) is kind_of_box.type else self._class_of(box)
            containers.append([each, kind_of_box.tag, kind_of_box.content(box, self.encode_all), of])
        for each in self._new:
            if (twin := twins.get(each)) is not None:
                twin.agree()
        dropped = twins.drop_unused()  # last: an argument that was changed and let go of has changes to tell
        parts = {"c": self.classes, "d": containers, "x": dropped, "z": peer.take_let_go(), "o": peer.take_output()}
        return _dump(said | {key: part for key, part in parts.items() if part})

    def _class_of(self, box: Any) -> Any:
        """Handle and class of a container of a program's own class; None for an exact one, or one come from there."""
        if operators.is_mirror(box) or plain.kind_of(box) is not None:
            return None
        return [self._peer.export(box), self.encode_class(type(box))]

    def encode_all(self, values: Iterable[Any]) -> list[Any]:
        """Each of them; at the speed of C where all are atoms."""
        values = list(values)
        kinds = set(map(type, values))
        if kinds <= plain.ATOMS and not (int in kinds and any(map(_is_long, values))):
            return values
        return [self.encode(value) for value in values]

    def encode(self, value: Any) -> Any:
        """One value."""
        kind = type(value)
        if kind in plain.ATOMS:
            return ["i", hex(value)] if kind is int and _is_long(value) else value
        if kind is tuple:
            return ["t", *self.encode_all(value)]
        if kind is frozenset:
            return ["f", *self.encode_all(value)]
        if (container := plain.kind_of(value)) is not None:
            return ["R", self._twin(value, container)]
        if kind in plain.SCALARS:
            tag, write, _ = plain.SCALARS[kind]
            try:
                return [tag, *write(value)]
            except TypeError:
                return self._object(value)
        return self._not_plain(value, kind)

    def _twin(self, box: Any, kind: Any) -> int:
        number = self._peer.twins.number_of(box)
        if number is None:
            number = self._peer.twins.add(box, kind)
            self._new.append(number)
        return number

    def _not_plain(self, value: Any, kind: type) -> Any:
        if operators.is_mirror(value):
            return self._mirror(value)
        if isinstance(value, describing.AsObject):
            return self._class(value.cls)
        if kind in (type(Ellipsis), type(NotImplemented)):
            return ["single", _SINGLE[value]]
        if kind is range or kind is slice:
            return [kind.__name__, *map(self.encode, (value.start, value.stop, value.step))]
        if kind is types.TracebackType:
            return ["traceback"]
        if kind in _VIEWS:
            if (of := self._viewed(value)) is not None:
                return ["live view", _VIEWS[kind], self._twin(of, plain.kind_of(of))]
            pairs = value if _VIEWS[kind] == "items" else [(each, each) for each in value]
            return ["view", _VIEWS[kind], self.encode_all(k for k, _ in pairs), self.encode_all(v for _, v in pairs)]
        if isinstance(value, enum.Enum) and (member := self._member(value)) is not None:
            return member
        if (place := named.name_of(value, trusted_only=not self._peer.is_guarded)) is not None:
            return ["name", *place]
        if operators.is_class(value):
            written = self.encode_class(value)
            if written[0] == "class":
                self._peer.lend(value)
            return written
        if (alias := aliases.parts_of(value)) is not None:
            return ["alias", alias[0], *map(self.encode, alias[1:])]
        for tag, late in (("late", plain.late_scalar), ("numpy", plain.numpy_scalar)):
            if (written := late(value)) is not None:
                return [tag, *written]
        return self._object(value)

    def _viewed(self, view: Any) -> Any:
        """The dict that a view of the solution's is of; a test hands out no more than the view shows."""
        (of,) = gc.get_referents(view)
        return of if not self._peer.is_guarded and plain.kind_of(of) is not None and "__builtins__" not in of else None

    def _mirror(self, value: Any) -> Any:
        """An object of the other side goes home."""
        if operators.is_class(value):
            return ["home", handle_of(value).number]
        core = plain.KINDS.get(describing.core_of(type(value)) or object)
        if core is not None and (number := self._peer.twins.number_of(value)) is not None:
            return ["R", number]
        return ["home", handle_of(value).number]

    def _member(self, value: Any) -> Any:
        cls = type(value)
        if cls in self._peer.enums:
            return ["member home", self._peer.enums[cls], value._name_, self.encode(value._value_)]
        if named.name_of(cls, trusted_only=False) is not None:
            return None
        return ["member", self.encode_class(cls)[1], value._name_, self.encode(value._value_)]

    def _object(self, value: Any) -> Any:
        if isinstance(value, BaseException):
            return self._exception(value)
        if isinstance(value, types.MethodType) and not self._peer.is_guarded:
            return ["method", self.encode(value.__func__), self.encode(value.__self__)]
        if isinstance(value, types.ModuleType) and (name := named.module_name(value)) is not None:
            return ["module", name]
        if (home := self._peer.home_of(value)) is not None:
            return ["home", home]
        number = self._peer.export(value)
        self._peer.lend(value)
        if isinstance(value, (*_FUNCTIONS, types.MethodType)):
            return ["function", number]
        core = describing.core_of(type(value))
        if core in plain.KINDS:
            return ["R", self._twin(value, plain.KINDS[core])]
        if core is not None:
            return ["core", number, self.encode_class(type(value)), self.encode(_core(core, value))]
        return ["object", number, self.encode_class(type(value))]

    def _exception(self, error: BaseException, depth: int = 0) -> Any:
        """Class, arguments and words; the object itself stays here, and comes back as itself."""
        remote = error.__dict__.get(_REMOTE)
        if remote is not None:
            return ["home", remote.number]
        cls = type(error)
        place = named.name_of(cls, trusted_only=not self._peer.is_guarded)
        kind = ["name", *place] if place is not None else self.encode_class(cls)
        cause, context = error.__cause__, error.__context__
        if depth >= _DEEPEST_CAUSE:
            cause = context = None
        file, line = solution.innermost(error)
        return [
            "exception",
            self._peer.export(error),
            kind,
            self.encode(tuple(error.args)),
            [self._exception(each, depth + 1) if each is not None else None for each in (cause, context)],
            [error.__suppress_context__, self.encode_all(getattr(error, "__notes__", []))],
            None if self._peer.is_guarded else solution.describe(error, file, line),
            self._state(error) if place is not None else [],
        ]

    def _state(self, error: BaseException) -> list[list[Any]]:
        """What a standard exception holds beside its arguments; a test's tells no more than it has by its class."""
        held = {name: getattr(error, name, None) for name in _HELD}
        if not self._peer.is_guarded:
            held |= {name: value for name, value in vars(error).items() if name[:1] not in ("_", " ")}
        return [[name, self.encode(value)] for name, value in held.items() if value is not None]

    def encode_class(self, cls: type) -> Any:
        """A class of this side, described to the other when it is first met."""
        if operators.is_mirror(cls):
            return ["home", handle_of(cls).number]
        if cls in self._peer.enums:
            return ["home", self._peer.enums[cls]]
        return self._class(cls)

    def _class(self, cls: type) -> Any:
        if operators.is_mirror(cls):
            return self.encode_class(cls)
        number = self._peer.export(cls)
        if number not in self._peer.described:
            self._peer.described.add(number)
            place = len(self.classes)
            said = describing.describe_class(cls, self.encode, is_guarded=self._peer.is_guarded)
            self.classes.insert(max(place, 0), None)
            self.classes[place] = [number, said]
        return ["class", number]


def _is_long(value: Any) -> bool:
    return type(value) is int and value.bit_length() > plain.LONG_INT_BITS


def _core(core: Any, value: Any) -> Any:
    """The plain data in an instance of a subclass."""
    if core is bool:
        return value
    if core is str:
        return str.__str__(value)
    if core in (tuple, frozenset):
        return core(core.__iter__(value))
    if core is bytes:
        return bytes.__getitem__(value, slice(None))
    if core is complex:
        return complex.__pos__(value)
    return core.__pos__(value)


def _dump(said: dict[str, Any]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode("ascii")


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
            box = kind.empty(kind.type if tag != "N" else None, content)
        else:
            handle, of = cls
            box = kind.empty(self._mirrored(of, kind.type), content)
            self._peer.adopt(box, handle)
        self._peer.twins.add(box, kind, number)

    def _mirrored(self, of: Any, core: type) -> type:
        found = self.decode(of)
        if not isinstance(found, MirrorType) or describing.core_of(found) is not core:
            raise ValueError(f"{of!r} for the class of a {core.__name__}")
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
        return _DECODERS[tag](self, *parts) if tag in _DECODERS else plain.FROM_TAG[tag](*parts)

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
            return core.__new__(kind, plain_data)  # type: ignore[call-overload]

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
            error.__dict__[_REMOTE] = Handle(self._peer, number)
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


_DECODERS: dict[str, Any] = {
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

"""Values to JSON: plain data is written out; an object of this side becomes a number, one of the other side the number
that it came with. The reverse is `decoding`.

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
from . import aliases, describing, named, operators, plain
from .operators import handle_of

if TYPE_CHECKING:
    from .peer import Peer

_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}
_FUNCTIONS = (*describing._METHODS, types.WrapperDescriptorType, types.MethodWrapperType)
_SINGLE = {Ellipsis: "ellipsis", NotImplemented: "not implemented"}
_DEEPEST_CAUSE = 3
_HELD = ("filename", "filename2", "name", "path")


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
            of = None if kind_of_box.is_exact(box) else self._class_of(box)
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
        if isinstance(value, describing.Unseen):
            return ["function", self._peer.export(value.value)]
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
        remote = error.__dict__.get(operators.REMOTE)
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

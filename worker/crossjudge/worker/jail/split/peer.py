"""One side of a cell: asks the other, and answers what it is asked meanwhile. Knows nothing of solutions or tests."""

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, NoReturn

from .. import solution
from . import aliases, describing, making, named, operators, policy
from .awaiting import Awaiting
from .channel import Channel, Gone
from .conversations import Conversations
from .decoding import Decoder
from .encoding import Encoder
from .mirrors import Function, Handle
from .serving import Serving
from .surroundings import Surroundings
from .twins import Twins

_FRAMES_OF_ONE_CALL = 12
"""How much deeper a call to the other side and back is than one within one interpreter."""


class Peer:
    """What this side knows of what has crossed, and the conversation itself.

    `is_guarded` is the test's side: it takes nothing on trust and lets nobody look into it (see `policy`).
    """

    def __init__(
        self, channel: Channel, *, is_guarded: bool, when_over: Callable[[str], NoReturn] | None = None
    ) -> None:
        self.is_guarded = is_guarded
        self.when_over = when_over or (lambda message: os._exit(0))
        """Ends this process once the other is gone, or has sent what it must not: no program is left to catch it."""
        self.foreseen: frozenset[str] = frozenset()
        """The names in the test's code."""
        self.is_applying = 0
        self.around: Surroundings | None = None
        """What the program of this side changes around that of the other."""
        self.uses = 0
        """Requests that this side has made so far."""
        self.twins = Twins(first=2 if is_guarded else 1)
        self.classes: dict[int, Any] = {}
        """The mirrors of the other side's classes."""
        self.enums: dict[Any, int] = {}
        self.described: set[int] = set()
        self.awaiting = Awaiting(self)
        self.serving = Serving(self)
        self._named: set[type] = set()
        self._conversations = Conversations(channel, self.ask_over, self.serve)
        if not is_guarded:
            self.serving.add("door", self._conversations.expect_door)
        self._lock = threading.RLock()
        self._exports: dict[int, Any] = {}
        self._sent: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._mirrors: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._kept: dict[int, Any] = {}
        self._derived = 0
        self._owner = os.getpid()
        self._handles = 0
        self._lent: set[int] = set()
        self._next = 1
        self._let_go: list[list[int]] = []
        self._output: list[tuple[str, list[str]]] = []

    # What crosses

    def export(self, value: Any) -> int:
        """The number under which the other side knows an object of this side."""
        number = self._numbers.get(id(value))
        if number is None:
            number, self._next = self._next, self._next + 1
            self._exports[number], self._numbers[id(value)], self._sent[number] = value, number, 0
        self._sent[number] += 1
        return number

    def lend(self, value: Any) -> None:
        """The program of this side hands out this very object."""
        self._lent.add(self._numbers[id(value)])

    def has_lent(self, value: Any) -> bool:
        """Whether the program of this side has handed out this very object."""
        return self._numbers.get(id(value)) in self._lent

    def export_as(self, number: int, value: Any) -> None:
        """Note an object under a number that the other side has chosen."""
        self._exports[number], self._numbers[id(value)], self._sent[number] = value, number, 1 << 40
        self.described.add(number)

    def own(self, number: Any) -> Any:
        """The object of this side that the other means. Raises KeyError where it cannot have it."""
        return self._exports[number]

    def home_of(self, value: Any) -> int | None:
        """The number of the object of the other side that a value of this side's own making stands for."""
        return self.awaiting.home_of(value)

    def mirror(self, number: Any, make: Callable[[], Any]) -> Any:
        """The mirror with that number, made where there is none."""
        if type(number) is not int:
            raise ValueError(f"{number!r} for an object")
        found = self._mirrors.get(number)
        if found is None:
            found = self._kept.get(number)
        if found is None:
            found = make()
            self.adopt(found, number)
        handle = operators.handle_of(found)
        handle.seen += 1
        handle.is_made = False
        return found

    def count_handles(self) -> int:
        """How many there have been, this one included."""
        self._handles += 1
        return self._handles

    def adopt(self, mirror: Any, number: int) -> None:
        """Let a new mirror stand for that object."""
        operators.raw_dict(mirror)[operators.HANDLE] = Handle(self, number)
        try:
            self._mirrors[number] = mirror
        except TypeError:  # no weak reference to such an object (a tuple's or an int's kind): it is kept
            self._kept[number] = mirror

    def learn_class(self, number: int, cls: Any) -> None:
        """Note the mirror of a class."""
        self.classes[number] = cls
        if not operators.is_mirror(cls):
            self.enums[cls] = number

    def let_go(self, handle: Handle) -> None:
        """A mirror is gone; the other side hears of it with the next message."""
        self._let_go.append([handle.number, handle.seen])

    def take_let_go(self) -> list[list[int]]:
        """What is to be said of mirrors that are gone."""
        taken, self._let_go = self._let_go, []
        return taken

    def let_other_go(self, number: Any, seen: Any) -> None:
        """The other side's mirror is gone: unless the object has been sent anew since, it need not be kept."""
        if number in self._sent:
            self._sent[number] -= int(seen)
            if self._sent[number] <= 0 and number not in self.described:
                del self._numbers[id(self._exports[number])], self._sent[number], self._exports[number]
                self._lent.discard(number)

    def name_class(self, value: Any) -> None:
        """The test has named this; where it is a class, more is believed of its objects (see `operators`)."""
        if operators.is_mirror(value) and operators.is_class(value):
            self._named.add(value)

    def is_named(self, cls: type) -> bool:
        """Whether the test has named the class, or one that it inherits from."""
        return not self._named.isdisjoint(cls.__mro__) or any(
            isinstance(base, operators.Mirrored) and operators.handle_of(base).number < 0
            for base in cls.__mro__
            if operators.HANDLE in base.__dict__
        )

    def find_standard(self, place: Any) -> Any:
        """This side's own class of that name, for a mirror to be taken for one of its instances."""
        module, name = place
        try:
            return named.find(module, name, trusted_only=self.is_guarded)
        except named.Refused:
            return None

    def put_output(self, printed: Any) -> None:
        """What the other side's program printed since its last message; only the test's side shows it."""
        for stream, text in printed:
            if self.is_guarded and type(text) is str:
                self.serving.show(stream, text)

    def print(self, stream: str, text: str) -> None:
        """Have it shown on the other side, with the next message."""
        if self._output and self._output[-1][0] == stream:
            self._output[-1][1].append(text)
        else:
            self._output.append((stream, [text]))

    def take_output(self) -> list[list[str]]:
        """What is to be shown, in order."""
        taken = [[stream, "".join(pieces)] for stream, pieces in self._output]
        self._output.clear()
        return taken

    # The conversation

    def ask(self, what: str, *parts: Any) -> Any:
        """Have the other side do something; its result, or what it raised."""
        self.uses += 1
        channel = self._conversations.mine(is_guarded=self.is_guarded)
        if self.around is not None:
            for change in self.around.changes():
                self.ask_over(channel, *change)
        result = self.ask_over(channel, what, *parts)
        if self.is_guarded and what in ("get", "get of") and parts[-1] == "__annotations__":
            return aliases.all_harmless(result)
        return result

    def ask_over(self, channel: Channel, what: str, *parts: Any) -> Any:
        """Ask over this channel."""
        with channel.lock, operators.Room(_FRAMES_OF_ONE_CALL):
            channel.asked += 1
            number = channel.asked
            self._send(channel, "q", number, (what, *parts))
            while True:
                heard = self._hear(channel)
                if heard.kind == "q":
                    self._answer(channel, heard)
                elif heard.number == number:
                    break
                # else a late answer to something that was given up: nobody waits for it any more
            value = self._value(heard)
        if heard.kind == "e":
            self._note_place(value)
            raise value if not self.is_guarded or _may_end(what, parts) else policy.as_raised(value, self.foreseen)
        return value

    def _note_place(self, error: Any) -> None:
        """An exception that was made here and raised there, as `raise error` of an argument does, came about there."""
        if self.is_guarded and isinstance(error, BaseException) and error.__traceback__ is None:
            space = operators.raw_dict(error) if operators.is_mirror(error) else error.__dict__
            space.setdefault(solution.WORDS, None)

    def serve(self, channel: Channel | None = None) -> NoReturn:
        """Answer until the other side is gone."""
        channel = channel or self._conversations.main
        while True:
            heard = self._hear(channel)
            if heard.kind == "q":
                self._answer(channel, heard)

    def _send(self, channel: Channel, kind: str, number: int, value: Any) -> None:
        if os.getpid() != self._owner:  # a fork of the program's that came back here has nothing to say
            os._exit(0)
        with self._lock:
            body = Encoder(self).message(kind, number, value)
        try:
            channel.send(body)
        except Gone as error:
            self._lose(channel, error)

    def _lose(self, channel: Channel, error: Gone) -> NoReturn:
        if channel.is_further and not self.is_guarded:
            raise error
        self.when_over(str(error))

    def _hear(self, channel: Channel) -> Decoder:
        try:
            body = channel.receive()
            with self._lock:
                return Decoder(self, body)
        except Gone as error:
            self._lose(channel, error)

    def _value(self, heard: Decoder) -> Any:
        try:
            return heard.value()
        except Gone as error:
            self.when_over(str(error))

    def _answer(self, channel: Channel, heard: Decoder) -> None:
        kind, result = "r", None
        self._conversations.begin(channel)
        with operators.Room(_FRAMES_OF_ONE_CALL):
            try:
                result = self.serving.do(*self._value(heard))
            except BaseException as error:
                kind, result = "e", error
            with channel.lock:  # a thread that asks over this channel gets its answer first
                self._conversations.end(channel)
            try:
                self._send(channel, kind, heard.number, result)
            except Exception as error:  # too deep or too large to be written
                self._send(channel, "e", heard.number, _plainly(error))
            finally:
                result = None

    def derive(self, made: Any, name: str, bases: list[type], space: dict[str, Any], options: dict[str, Any]) -> None:
        """A class of this side inherits from one of the other: have a class made there that calls back."""
        self._derived -= 1
        number = self._derived
        operators.handle_of(made).number = number
        self.learn_class(number, made)
        methods = {key: _parts(value) for key, value in space.items()}
        self.ask("derive", number, name, tuple(bases), methods, options)

    def describe_function(self, function: Function | type) -> making.Described:
        """What is known of a function of the other side."""
        said = self.ask("describe", function)
        try:
            return making.Described(said, lambda value: value)
        except (making.Malformed, ValueError, TypeError, KeyError, SyntaxError) as error:
            self.when_over(f"the solution's process described a function that cannot be: {error}")

    def description_of(self, function: Any) -> dict[str, Any]:
        """What the other side is told of a function of this side."""
        return describing.describe_function(function, lambda value: value, is_guarded=self.is_guarded)


def _parts(value: Any) -> tuple[str, Any]:
    """An attribute of a class so that it can be put together again on the other side."""
    if isinstance(value, (staticmethod, classmethod)):
        return type(value).__name__, value.__func__
    if isinstance(value, property):
        return "property", (value.fget, value.fset, value.fdel)
    return "plain", value


def _may_end(what: str, parts: tuple[Any, ...]) -> bool:
    """Whether an iteration of the solution's may end at this: its next step, or a value sent to its generator."""
    if what == "call":
        own = parts[1][:1]
        return any(
            "__next__" in base.__dict__ for each in own if operators.is_mirror(each) for base in type(each).__mro__
        )
    return what == "op" and parts[1] == "__next__"


def _plainly(error: BaseException) -> BaseException:
    return RuntimeError(f"cannot be handed over: {type(error).__name__}: {str(error)[:200]}")

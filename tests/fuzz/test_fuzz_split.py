"""The two sides of a split cell, each with an enemy at the other end: no pass, no secret told, no crash."""

import contextlib
import dataclasses
import socket
import warnings
from typing import Any, NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossjudge.worker.jail.split import describing, operators
from crossjudge.worker.jail.split.channel import Channel, Gone
from crossjudge.worker.jail.split.decoding import Decoder
from crossjudge.worker.jail.split.peer import Peer
from fuzz.hostile_input import dumped, fuzzed, mutated, nested
from fuzz.split_members import as_json, hold_session, unchanged
from fuzz.split_messages import SECRET_NUMBER, SECRET_TEXT, bodies, changed, changes

pytestmark = pytest.mark.alone

SOLUTION = """
import enum

class Thing:
    def __init__(self, n): self.n = n
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __hash__(self): return 1
    def __len__(self): return 3
    def __iter__(self): return iter([1, 2])
    def __contains__(self, item): return True
    def __getitem__(self, i): return [1, 2][i]
    def __sub__(self, other): return Thing(0)
    __rsub__ = __sub__
    def __abs__(self): return 0
    def __float__(self): return 1.0
    def __repr__(self): return "thing"
    def startswith(self, text): return True

class Number(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__

class Text(str):
    pass

class Colour(enum.Enum):
    RED = 1

class Wrong(ValueError):
    pass

def numbers():
    yield 1
    yield 2

def fails():
    raise Wrong("no", 1)

WAYS = [lambda: 1, lambda: [1, 2], lambda: {"a": 1}, lambda: Thing(1), lambda: Number(2), lambda: Text("t"), numbers,
        lambda: Colour.RED, lambda: (1, Thing(2)), lambda: {1, 2}, lambda: None, lambda: Thing, fails, lambda: 0.5]

def f(way): return WAYS[way]()
"""
WAYS = 14
NEVER = [
    "got = f({way})\nassert got == {number}",
    "assert {number} == f({way})",
    "assert not f({way}) != {number}",
    "assert f({way}) in ({number}, '{text}')",
    "assert f({way}) == '{text}'",
    "assert f({way}) == ['{text}', {number}]",
    "assert f({way}) == {{'{text}': {number}}}",
    "assert sorted(f({way})) == [{number}]",
    "assert list(f({way})) == [{number}, 7]",
    "assert {number} in f({way})",
    "assert str(f({way})) == '{text}'",
    "assert repr(f({way})) == '{text}'",
    "assert f({way}).startswith('{text}')",
    "assert len(f({way})) == {number}",
    "assert sum(f({way})) == {number}",
    "assert max(f({way})) == {number}",
    "assert {{{number}: 1}}[f({way})] == 1",
    "assert {{f({way}): 1}}[{number}] == 1",
    "assert f({way})['{text}'] == {number}",
    "assert f({way})[0] == {number}",
    "a, b = f({way})\nassert (a, b) == ({number}, '{text}')",
    "assert [f({way})] == [{number}] and (f({way}),) == ({number},)",
    "match f({way}):\n    case {number}:\n        pass\n    case _:\n        assert False",
    "import unittest\nunittest.TestCase().assertEqual(f({way}), {number})",
    "try:\n    f({way})\nexcept ValueError as error:\n    assert str(error) == '{text}'\nelse:\n    assert False",
    "got = f({way})\nassert type(got) is int and got == {number}",
    "assert isinstance(f({way}), (int, list)) and f({way}) == {number}",
    "assert not f({way}) < {number} and not f({way}) > {number}\nassert f({way}) == {number}",
    "assert set(f({way})) == {{{number}}}",
    "assert f({way}).value == {number}",
]
MEASURED = [
    "assert abs(f({way}) - {number}) < 1e-6",
    "assert f({way}) - {number} == 0",
    "assert {number} - f({way}) == 0",
    "import math\nassert math.isclose(f({way}), {number})",
    "assert round(float(f({way})) - {number}, 3) == 0",
]
SECRETS = (str(SECRET_NUMBER).encode(), SECRET_TEXT.encode())


def text_of(form: str, way: int) -> str:
    return form.format(way=way, number=SECRET_NUMBER, text=SECRET_TEXT)


def between(planned: list[Any]) -> Any:
    """Somebody who changes the frames as planned."""

    def change(number: int, body: bytes) -> bytes:
        message = as_json(body)
        for frame, place, how in planned:
            if frame == number:
                message = changed(message, place, how)
        return dumped(message)

    return change


@fuzzed(40)
@given(st.sampled_from(NEVER + MEASURED), st.integers(0, WAYS - 1), changes)
def test_no_hostile_solution_passes_a_test_or_is_told_what_it_expects(form: str, way: int, planned: list[Any]) -> None:
    session = hold_session(SOLUTION, text_of(form, way), between(planned), unchanged)
    assert session.test.report.get("said") in ("failed", "error", "gone", "memory", None), session.test
    assert session.test.signal in (None, 24), session.test
    if form in NEVER:
        told = [body for body in session.from_test if any(secret in body for secret in SECRETS)]
        assert not told, f"the solution was told {told}"


HONEST = [
    "assert f(0) == 1",
    "assert sorted(f(1)) == [1, 2]",
    "assert f(2) == {'a': 1}",
    "thing = f(3)\nthing.n = 5\nassert thing.n == 5 and thing == f(3)",
    "assert f(4) + 1 == 3",
    "assert list(f(6)) == [1, 2]",
    "assert f(7) is Colour.RED",
    "class Mine(Thing):\n    def __len__(self): return 9\nassert len(Mine(1)) == 9",
    "try:\n    f(12)\nexcept Wrong as error:\n    assert error.args == ('no', 1)",
]


@pytest.mark.parametrize("test", HONEST)
def test_with_nobody_in_between_an_honest_test_passes(test: str) -> None:
    assert hold_session(SOLUTION, test, unchanged, unchanged).test.report.get("said") == "passed"


@fuzzed(12)
@given(st.sampled_from(HONEST), changes)
def test_no_hostile_test_breaks_the_process_of_the_solution(test: str, planned: list[Any]) -> None:
    session = hold_session(SOLUTION, test, unchanged, between(planned))
    assert session.solution.signal in (None, 24), session.solution
    assert session.solution.report.get("said") is None, session.solution


class Over(BaseException):
    """What stands here for the end of the process."""


def over(message: str) -> NoReturn:
    raise Over(message)


# What would run code, or be believed, were it taken from the other side.
_NEVER_TAKEN = [eval, exec, compile, open, __import__, getattr, setattr, delattr, globals, vars, input, breakpoint]


def check_sound(value: Any, depth: int = 0) -> None:
    """Plain data, a mirror, or something of the standard library that is on the list."""
    if operators.is_mirror(value) or depth > 20:
        return
    assert not any(value is each for each in _NEVER_TAKEN), value
    kind = type(value)
    assert kind.__module__ not in ("unittest.mock", "os", "subprocess", "ctypes"), kind
    if kind in (list, tuple, set, frozenset):
        for item in value:
            check_sound(item, depth + 1)
    if kind is dict:
        for key, item in value.items():
            check_sound(key, depth + 1)
            check_sound(item, depth + 1)


def read_by(body: bytes, *, is_guarded: bool) -> None:
    """Have one side read the message; the other is gone, should it be asked."""
    ours, theirs = socket.socketpair()
    theirs.close()
    peer = Peer(Channel(ours.fileno()), is_guarded=is_guarded, when_over=over)
    try:
        with warnings.catch_warnings(), contextlib.suppress(Gone, Over):
            warnings.simplefilter("ignore")
            value = Decoder(peer, body).value()
            if is_guarded:
                check_sound(value)
    finally:
        ours.close()


@fuzzed(250)
@given(st.one_of(bodies, bodies, mutated(bodies), st.binary(max_size=60)))
@example(b'{"k": "r", "n": 1, "v": ' + nested(100_000) + b"}")
@example(b'{"k": "r", "n": 1, "v": ["i", "' + b"f" * 1_000_000 + b'"]}')
@example(b'{"k": "r", "n": 1, "v": ["range", 0, 1, 0]}')
def test_the_tests_side_takes_plain_data_and_mirrors_from_any_bytes_and_nothing_else(body: bytes) -> None:
    read_by(body, is_guarded=True)


@fuzzed(100)
@given(st.one_of(bodies, mutated(bodies), st.binary(max_size=60)))
def test_the_solutions_side_reads_any_bytes_or_ends(body: bytes) -> None:
    read_by(body, is_guarded=False)


def test_the_name_of_a_field_is_a_name_and_no_code() -> None:
    @dataclasses.dataclass
    class Item:
        x: int = 1

    described = describing.describe_class(Item, lambda value: None, is_guarded=False)
    described["fields"][0][0] = "x=print()"
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as nobody, pytest.raises(Gone, match="for a field"):
        peer = Peer(Channel(nobody.fileno()), is_guarded=True, when_over=over)
        Decoder(peer, dumped({"k": "r", "n": 1, "v": ["class", 2], "c": [[2, described]]})).value()


@pytest.mark.parametrize(
    "place",
    [
        ["functools", "__dict__"],
        ["abc", "__builtins__"],
        ["collections", "_sys.modules"],
        ["enum", "bltns.eval"],
        ["typing", "get_type_hints.__globals__"],
        ["unittest.mock", "ANY"],
    ],
)
def test_what_a_trusted_name_leads_to_is_not_trusted(place: list[str]) -> None:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as nobody, pytest.raises(Gone):
        peer = Peer(Channel(nobody.fileno()), is_guarded=True, when_over=over)
        Decoder(peer, dumped({"k": "r", "n": 1, "v": ["name", *place]})).value()

"""The form in which values of a literal test come out of the process that has them: plain data, or refused."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.worker.jail.literal import plain
from literals import JSON

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**300), 2**300),
    st.floats(),
    st.complex_numbers(allow_nan=False),
    st.text(st.characters(exclude_categories=())),
    st.binary(),
    st.builds(range, st.integers(-5, 5), st.integers(-5, 5), st.integers(1, 3)),
)
HASHABLE = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3), max_leaves=6
)
VALUES = st.recursive(
    HASHABLE | st.binary().map(bytearray),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=3),
        st.sets(HASHABLE, max_size=3),
    ),
    max_leaves=12,
)


def shape(value: Any) -> Any:
    """A value with the types of everything in it; NaNs by their type alone."""
    if isinstance(value, dict):
        return dict, [(shape(key), shape(each)) for key, each in value.items()]
    if isinstance(value, (set, frozenset)):
        return type(value), sorted(repr(shape(each)) for each in value)
    if isinstance(value, (list, tuple)):
        return type(value), [shape(each) for each in value]
    return type(value), repr(value)


@given(VALUES)
def test_values_come_out_as_what_they_were(value: Any) -> None:
    text = json.dumps(plain.Encoder().encode(value))
    assert shape(plain.Decoder().decode(json.loads(text))) == shape(value)


def test_a_nan_stays_the_same_object_and_math_nan_is_the_one_of_the_library() -> None:
    nan = float("nan")
    encoder, decoder = plain.Encoder(), plain.Decoder()
    one, other = (decoder.decode(encoder.encode(each)) for each in ([nan, math.nan], [nan, float("nan")]))
    assert one[0] is other[0] and one[1] is math.nan and other[0] is not other[1]


class Sub(int):
    pass


NOT_PLAIN = {
    "a subclass": Sub(1),
    "an object": object(),
    "a function": len,
    "an iterator": iter([]),
    "a subclass in a list": [Sub(1)],
    "a subclass in a set in a dict": {1: {Sub(1)}},
    "an integer of 30,000 digits": 10**30_000,
    "a long list": [0] * 100_001,
    "a long text": "x" * (1 << 21),
    "a large set": set(range(2001)),
    "a large dict": dict.fromkeys(range(2001)),
    "a large element of a set": {(-1,) * 2001},
    "a large range": range(10**9),
}


@pytest.mark.parametrize("what", NOT_PLAIN)
def test_what_is_no_plain_data_or_too_much_has_no_form(what: str) -> None:
    with pytest.raises(plain.NotPlain):
        plain.Decoder().decode(plain.Encoder().encode(NOT_PLAIN[what]))


def test_what_holds_itself_has_no_form() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(plain.NotPlain):
        plain.Encoder().encode(loop)


@given(JSON)
def test_no_json_is_decoded_to_anything_but_plain_data(tagged: Any) -> None:
    try:
        value = plain.Decoder().decode(tagged)
    except (plain.Malformed, plain.NotPlain):
        return
    assert shape(plain.Decoder().decode(plain.Encoder().encode(value))) == shape(value)


@pytest.mark.parametrize(
    "tagged",
    [
        ["s", [["l", []]]],
        ["s", [1, True]],
        ["d", [1]],
        ["d", [["l", []], 1]],
        ["d", [1, 2, 1.0, 3]],
        ["r", [0, 1, 0]],
        ["i", "ten"],
        ["u", "ff"],
        ["n", -1],
        ["x", []],
        {"l": []},
        math.nan,
    ],
)
def test_a_malformed_answer_is_refused(tagged: Any) -> None:
    with pytest.raises(plain.Malformed):
        plain.Decoder().decode(tagged)


def test_sets_that_would_take_long_to_build_are_refused_over_a_whole_cell() -> None:
    decoder = plain.Decoder()
    colliding = ["s", [["i", hex(number * (2**61 - 1))] for number in range(600)]]
    with pytest.raises(plain.NotPlain):
        for _ in range(50):
            decoder.decode(colliding)

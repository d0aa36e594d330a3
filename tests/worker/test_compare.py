"""Equality of what came back with what was expected."""

from collections import Counter, OrderedDict, namedtuple
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.worker.jail.compare import output_equal, values_equal
from crossjudge.worker.jail.values import decode, digest, encode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
Point = namedtuple("Point", "x y")


class Colour(IntEnum):
    RED = 1


class Liar:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # a liar need not be hashable


class LyingInt(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def equal(expected: Any, value: Any, tolerance: float | None = None) -> bool:
    return values_equal(expected, encode(value), tolerance)


@given(JSON)
def test_every_json_value_equals_itself(value: Any) -> None:
    assert equal(value, value)


@given(JSON, JSON)
def test_equality_is_that_of_python_over_json_values(one: Any, other: Any) -> None:
    assert equal(one, other) == (one == other)


@given(JSON)
def test_a_digest_is_16_hexadecimal_digits_and_depends_on_the_value_alone(value: Any) -> None:
    assert digest([encode(value)]) == digest([encode(value)])
    assert len(bytes.fromhex(digest([encode(value)]))) == 8


@pytest.mark.parametrize(
    ("expected", "value", "tolerance", "holds"),
    [
        ([1, 2], (1, 2), None, True),
        ({"1": "a", "null": 3}, {1: "a", None: 3}, None, True),
        ({"1.5": 0}, {1.5: 0}, None, True),
        (2, 2.0, None, True),
        (0.3, 0.1 + 0.2, None, False),
        (0.3, 0.1 + 0.2, 1e-9, True),
        ([0.3], [0.1 + 0.2], 1e-9, True),
        (1, 1.5, 0.5, True),
        (float("nan"), float("nan"), None, True),
        (float("inf"), float("inf"), None, True),
        (10**400, 10**400, None, True),
        (10**4000, 10**4000, None, True),
        (10**400, 1.5, 1.0, False),
        (1, "1", None, False),
        ([1], {1}, None, False),
        (None, 0, None, False),
        ({"a": 1}, OrderedDict(a=1), None, True),
        ({"a": 2}, Counter("aa"), None, True),
        ([1, 2], Point(1, 2), None, True),
        (1, Colour.RED, None, True),
        (1, Liar(), None, False),
        (1, LyingInt(2), None, False),
        ([1], [Liar()], None, False),
    ],
)
def test_values_compare_as_the_contract_says(expected: Any, value: Any, tolerance: float | None, holds: bool) -> None:
    assert equal(expected, value, tolerance) is holds


def test_equal_dicts_and_sets_share_a_digest_and_others_do_not() -> None:
    def of(value: Any) -> str:
        return digest([encode(value)])

    assert of({1: 2, 3: 4}) == of({3: 4, 1: 2})
    assert of({1, 2}) == of({2, 1}) != of({1, 3})
    assert of(b"a") != of(b"b")
    assert of([1, 2]) != of([2, 1])


def test_a_value_that_contains_itself_equals_nothing_and_ends() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert not equal([[[]]], loop)


@given(JSON)
def test_messages_show_values_as_they_were(value: Any) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("how", "expected", "given", "holds"),
    [
        ("lines", "1\n2\n", "1 \n2", True),
        ("lines", "1\n2", "1\r\n2\r\n\n\n", True),
        ("lines", "1\n2", "1 2", False),
        ("lines", "1\n2", "1\n\n2", False),
        ("lines", "", "\n", True),
        ("tokens", "1 2\n3", "1\n2   3\n", True),
        ("tokens", "1 2", "12", False),
        ("exact", "1\n", "1\n", True),
        ("exact", "1\n", "1", False),
        ("float", "0.3 1", "0.30000000001 1.0", True),
        ("float", "0.3", "0.31", False),
        ("float", "yes 1", "yes 1.0", True),
        ("float", "yes", "no", False),
        ("float", "nan inf", "NaN INF", True),
        ("float", "1 2", "1", False),
    ],
)
def test_output_compares_as_asked(how: str, expected: str, given: str, holds: bool) -> None:
    assert output_equal(expected, given, how) is holds


@given(st.text(), st.sampled_from(["lines", "tokens", "exact", "float"]))
def test_every_output_equals_itself(text: str, how: str) -> None:
    assert output_equal(text, text, how)

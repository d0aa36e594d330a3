"""The fast JSON library and the standard one are one to whoever reads or writes."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossjudge.contracts import AssertTest, CallTest, LongInteger, dump_json, encode_json, load_json
from strategies import any_character, json_values

TOKENS = (
    *("{", "}", "[", "]", ",", ":", '"a"', '"é"', '"\\u00e9"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\x"', '"\x01"'),
    *("0", "-0", "00", "1.5", "-1.", ".5", "1e5", "1E+5", "1e400", "1e-400", "9" * 30, "-" + "9" * 19, "+1", "0x1"),
    *("NaN", "Infinity", "-Infinity", "-NaN", "true", "tru", "null", " ", "\n", "\x0b", "\xa0", "\ufeff", "//"),
)
tokens = st.sampled_from(TOKENS)


def outcome(read: Any, text: str) -> str:
    try:
        return repr(read(text))
    except ValueError:
        return "refused"


@given(st.lists(tokens, max_size=9).map("".join) | json_values.map(json.dumps))
@example("[" * 300 + "]" * 300)
def test_text_is_read_as_the_standard_library_reads_it(text: str) -> None:
    assert outcome(load_json, text) == outcome(json.loads, text)
    assert outcome(lambda each: load_json(each.encode()), text) == outcome(json.loads, text)


@given(json_values | st.floats())
@example(10**30)
@example("\ud800")
@example({"a": ["\udfff", float("nan"), -0.0]})
def test_what_is_encoded_is_read_back(value: Any) -> None:
    assert repr(load_json(encode_json(value))) == repr(value)


@given(st.text(any_character))
def test_a_model_is_encoded_whatever_its_text(code: str) -> None:
    test = AssertTest(code=code)
    assert AssertTest.model_validate(load_json(encode_json({"tests": [test]}))["tests"][0]) == test


@pytest.mark.parametrize("ugly", ["", "\ud800"])
def test_a_model_with_odd_numbers_is_encoded_as_it_is(ugly: str) -> None:
    test = CallTest(kind="call", args=[ugly], expected=[float("nan"), 10**30], tolerance=float("inf"))
    for encoded in (encode_json(test), dump_json(test)):
        assert repr(CallTest.model_validate(load_json(encoded))) == repr(test)


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    for data in (b'"\xff"', b'"\xed\xa0\x80"', '"a"'.encode("utf-16")):
        with pytest.raises(ValueError):
            load_json(data)


def test_integers_that_are_too_long_are_kept_beside_lone_surrogates() -> None:
    found = load_json(f'["\\ud800", {"9" * 4300}, -{"9" * 4301}]', keep_long=True)

    assert found[:2] == ["\ud800", int("9" * 4300)]
    assert isinstance(found[2], LongInteger) and repr(found[2]) == "an integer of 4,301 digits"

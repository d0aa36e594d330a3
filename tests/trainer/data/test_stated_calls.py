"""Tests whose results a reference may correct: what is read of a reply, what is counted against it."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.data import StatedCall, StatedCalls, stated_calls


def read(reply: str, limit: int = 8) -> StatedCalls:
    return stated_calls(reply, "f", limit=limit)


def fenced(*lines: str) -> str:
    return "\n".join(["Here they are:", "```python", *lines, "```", "Done."])


@pytest.mark.parametrize(
    ("line", "call", "stated"),
    [
        ("assert f([1, 2]) == 3", "f([1, 2])", "3"),
        ("assert f( x = 1 ) is None, 'why'", "f(x=1)", "None"),
        ("assert [1] == f(1)", "f(1)", "[1]"),
        ("assert f(\n    (1,\n     2)\n) == '''a\nb'''", "f((1, 2))", "'a\\nb'"),
        (">>> f(2)\n4", "f(2)", "4"),
    ],
)
def test_an_assert_is_a_call_and_what_it_is_said_to_give(line: str, call: str, stated: str) -> None:
    assert read(fenced(line)) == StatedCalls((StatedCall(call, stated),))
    assert read(line) == StatedCalls((StatedCall(call, stated),))


def test_a_call_can_be_filled_with_another_value() -> None:
    (call,) = read("assert f(1) == 2").calls
    assert call.test.code == "assert f(1) == 2"
    assert call.filled("[3]").code == "assert f(1) == [3]"


def test_variables_are_written_out() -> None:
    reply = fenced(
        "xs = [1, 2]", "ys = xs + [3]", "f = print", "assert f(ys, [xs for xs in ys]) == xs",
        "ys += [4]", "assert f(ys) == 1",
    )  # fmt: skip
    assert read(reply).calls == (
        StatedCall("f([1, 2] + [3], [xs for xs in [1, 2] + [3]])", "[1, 2]"),
        StatedCall("f(ys)", "1"),
    )


def test_what_is_no_such_test_is_counted() -> None:
    reply = fenced("assert f(1) == 2", "assert f(1) == 3", "assert f(1)", "assert g(1) == 2", "assert f(2) == (")
    assert read(reply) == StatedCalls((StatedCall("f(1)", "2"),), repeated=1, unreadable=3)
    nested = fenced("def test():", "    assert f(1) == 2")
    assert read(nested) == StatedCalls(unreadable=1)
    assert read("I cannot.") == StatedCalls()


def test_only_the_first_ones_are_read() -> None:
    reply = fenced(*(f"assert f({n}) == 1" for n in range(10)))
    assert read(reply, 3) == StatedCalls(tuple(StatedCall(f"f({n})", "1") for n in range(3)))


def test_what_grows_without_end_is_not_read() -> None:
    doubling = [f"x{n + 1} = x{n} + x{n}" for n in range(60)]
    assert len(read(fenced("x0 = [1]", *doubling, "assert f(x60) == 1")).calls[0].call) < 1000
    assert read(fenced(f"assert f({'1' * 3000}) == 1")) == StatedCalls(unreadable=1)
    assert read(fenced(f"assert f({'-' * 900}1) == 1")).unreadable <= 1


@given(st.lists(st.sampled_from([
    "```", "python", "\n", "assert ", "f(", ")", " == ", "[1", "]", "x", " = ", "1", "'", "lambda x: ", ">>> ", "    ",
]), max_size=40))  # fmt: skip
def test_whatever_the_reply_is_what_is_read_is_python(pieces: list[str]) -> None:
    found = read("".join(pieces))
    for each in found.calls:
        assert len(ast.parse(each.test.code).body) == 1
    assert len({each.call for each in found.calls}) == len(found.calls)

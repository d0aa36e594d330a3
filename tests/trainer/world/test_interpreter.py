"""What a model may write instead of a solution or a test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.world.interpreter import CannotRun, Solution, read_assertion
from crossjudge.trainer.world.tokenizer import SPECIAL, VOCABULARY
from strategies import source_texts

ramblings = st.lists(st.sampled_from([each for each in VOCABULARY if each not in SPECIAL]), max_size=20).map("".join)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "x = 1",
        "def g(xs): return 1",
        "def f(xs, ys): return 1",
        "def f(*xs): return 1",
        "def f(xs=[]): return 1",
        "def f(xs): pass",
        "async def f(xs): return 1",
        "@print\ndef f(xs): return 1",
        "def f(xs): return 1\nprint(2)",
        "def f(xs): return [x for",
    ],
)
def test_what_is_no_solution_cannot_run(source: str) -> None:
    with pytest.raises(CannotRun):
        Solution(source)


@pytest.mark.parametrize(
    "result",
    [
        "__import__('os')",
        "xs.append(1)",
        "open",
        "'text'",
        "1.5",
        "2 ** 99",
        "[0] * 9",
        "xs[9]",
        "max([])",
        "max(xs, key=abs)",
        "1 % 0",
        "y",
        "sum(1)",
        "[y for x in xs if y]",
        "[x for x, y in xs]",
        "[x for x in xs for y in xs]",
        "xs + 1",
        "len(xs)()",
    ],
)
def test_what_is_no_part_of_the_world_has_no_value(result: str) -> None:
    with pytest.raises(CannotRun):
        Solution(f"def f(xs): return {result}")([1, 2])


def test_loops_in_loops_end() -> None:
    inner = "xs"
    for _ in range(8):
        inner = f"[sum({inner}) for x in xs]"
    with pytest.raises(CannotRun, match="more than"):
        Solution(f"def f(xs): return {inner}")([1, 2, 3, 4, 5, 6])


@given(source_texts | ramblings | ramblings.map("def f(xs): return {}".format))
def test_any_text_is_a_solution_or_cannot_run(source: str) -> None:
    try:
        Solution(source)([3, -2])
    except CannotRun as error:
        assert str(error)


@given(source_texts | ramblings | ramblings.map("assert f([{}".format))
def test_any_text_is_a_test_or_cannot_run(source: str) -> None:
    try:
        xs, _ = read_assertion(source)
    except CannotRun as error:
        assert str(error)
    else:
        assert isinstance(xs, list)


@pytest.mark.parametrize(
    "source", ["assert f([1]) > 1", "assert f([x]) == 1", "assert g([1]) == 1", "f([1]) == 1", "assert f([1]) == 1, 2"]
)
def test_what_is_no_test_of_this_world_is_not_read(source: str) -> None:
    with pytest.raises(CannotRun):
        read_assertion(source)

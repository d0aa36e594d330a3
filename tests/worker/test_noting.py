"""What a message says of a failed comparison, and that keeping it changes nothing else."""

import ast
import sys
from types import CodeType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.worker.jail import noting


def compiled(text: str) -> CodeType:
    tree: ast.Module = noting.Noting().visit(ast.parse(text))
    return compile(tree, "test.py", "exec")


def words_of(text: str) -> str | None:
    """Run it; what is said of the assert that fails."""
    try:
        exec(compiled(text), {})
    except AssertionError:
        trace = sys.exc_info()[2]
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        assert trace is not None
        return noting.words(trace.tb_frame, trace.tb_lineno)
    raise AssertionError("nothing failed")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("assert 1 + 1 == 3", "expected 3, got 2"),
        ("x = [1, (2,)]\nassert x == {'a': {1}}", "expected {'a': {1}}, got [1, (2,)]"),
        ("assert 5 < 4", "5 < 4 does not hold"),
        ("assert 5 not in [5]", "5 not in [5] does not hold"),
        ("assert None is not None", "None is not None does not hold"),
        (
            "def check(f):\n    for i in range(3):\n        assert f(i) == i\ncheck(lambda i: min(i, 1))",
            "expected 2, got 1",
        ),
        ("assert (\n    1\n    ==\n    2\n)", "expected 2, got 1"),
        ("assert object() == 1", "expected 1, got <object>"),
        ("assert 10**5000 == 1", "expected 1, got a very large integer"),
        ("assert [] == 1\n", "expected 1, got []"),
        ("assert 1 == 1\nassert 0", None),
        ("class A:\n    assert 1 == 2", None),
    ],
)
def test_the_sides_of_a_failed_comparison_are_told(text: str, words: str | None) -> None:
    assert words_of(text) == words


def test_what_is_long_is_cut() -> None:
    assert len(words_of(f"assert {'x' * 1000!r} == 1") or "") < 500
    assert len(words_of("assert list(range(10**6)) == 1") or "") < 500


def test_a_class_is_left_with_its_own_attributes() -> None:
    space: dict[str, object] = {}
    exec(compiled("class A:\n    assert 1 == 1\n    def f(self):\n        assert 1 == 1"), space)
    assert [name for name in vars(space["A"]) if name.startswith("@")] == []


class Lying:
    def __repr__(self) -> str:
        raise RuntimeError("asked")


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text() | st.builds(Lying), st.lists, max_leaves=20))
def test_no_object_of_a_program_is_asked_for_its_words(value: object) -> None:
    assert len(noting.shown(value)) <= 200

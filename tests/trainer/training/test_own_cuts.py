"""A user's own extractors: what they cut is used, and what they do wrong is told with the problem."""

from collections.abc import Callable
from typing import Any

import pytest

from crossjudge.contracts import AssertTest
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.generation import Completion
from crossjudge.trainer.training.errors import BadPart
from crossjudge.trainer.training.rollout import Replies, Rollout, rollout_of

PROBLEM = TrainingProblem(id="twice", prompt="return twice x", entry_point="f")


def rollout(of_coder: Callable[..., Any] | None = None, of_tester: Callable[..., Any] | None = None) -> Rollout:
    """Of a reply of each role that our own extractors find nothing in."""
    reply = (Completion((1,), None, "BEGIN x + x END", False),)
    return rollout_of(PROBLEM, Replies((), reply, of_coder), Replies((), reply, of_tester), 2)


def between(reply: str, entry_point: str | None, prompt: str) -> str | None:
    assert (entry_point, prompt) == ("f", "return twice x")
    return f"def f(x): return {reply.removeprefix('BEGIN ').removesuffix(' END')}"


def test_a_solution_is_what_the_function_cuts_out() -> None:
    assert rollout(between).solutions == ("def f(x): return x + x",)
    assert rollout(lambda *_: None).solutions == ("",)


def test_tests_are_tests_or_sources_of_asserts_and_no_more_than_wanted() -> None:
    own = AssertTest(code="assert f(2) == 4")
    found = rollout(of_tester=lambda reply, entry_point, limit: ["assert f(1) == 2", own, "assert f(3) == 6"])
    assert found.tests == (AssertTest(code="assert f(1) == 2"), own)
    assert found.owners == (0, 0)
    assert rollout(of_tester=lambda *_: None).tests == ()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda reply: reply, "raised TypeError"),
        (lambda *_: 1 // 0, "raised ZeroDivisionError"),
        (lambda *_: 7, "no source and not None"),
    ],
)
def test_what_a_function_does_wrong_with_a_solution_is_told(function: Callable[..., Any], says: str) -> None:
    with pytest.raises(BadPart, match=f"{says}.*'twice'"):
        rollout(function)


@pytest.mark.parametrize("answer", [7, [7], [None], [{"kind": "assert"}]])
def test_what_a_function_does_wrong_with_tests_is_told(answer: Any) -> None:
    with pytest.raises(BadPart, match=r"no list of tests .*'twice'"):
        rollout(of_tester=lambda *_: answer)

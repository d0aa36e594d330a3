"""Replies that a function of the user's own cuts (`coder.extract`, `tester.extract`): what it gives back is checked."""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from crossjudge.contracts import AssertTest, Test
from crossjudge.trainer.data import TrainingProblem

from .errors import BadPart

_TESTS: TypeAdapter[list[Test]] = TypeAdapter(list[Test])


def own_solution(function: Callable[..., Any], reply: str, problem: TrainingProblem) -> str:
    """What `function(reply, entry_point, prompt)` cuts out, empty for None. Raises `BadPart`."""
    found = _called(function, problem, reply, problem.entry_point, problem.prompt)
    if not (found is None or isinstance(found, str)):
        raise _bad(function, problem, f"gave back {type(found).__name__}, which is no source and not None")
    return found or ""


def own_tests(function: Callable[..., Any], reply: str, problem: TrainingProblem, limit: int) -> list[Test]:
    """What `function(reply, entry_point, limit)` cuts out: tests, or the sources of asserts. Raises `BadPart`."""
    found = _called(function, problem, reply, problem.entry_point, limit)
    try:
        tests = [AssertTest(code=each) if isinstance(each, str) else each for each in found or []]
        return _TESTS.validate_python(tests)[:limit]
    except (TypeError, ValidationError) as error:
        raise _bad(function, problem, "gave back no list of tests or of the sources of asserts") from error


def _called(function: Callable[..., Any], problem: TrainingProblem, *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as error:  # it is not ours
        raise _bad(function, problem, f"raised {type(error).__name__}: {error}") from error


def _bad(function: Callable[..., Any], problem: TrainingProblem, what: str) -> BadPart:
    name = getattr(function, "__qualname__", repr(function))
    return BadPart(f"{name}, which cuts replies, {what}, for a reply to {problem.id!r}: mend it, or leave it out")

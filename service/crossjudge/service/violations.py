"""What is wrong with a body, said in the caller's terms: a JSON path, and what to change there.

Knows pydantic's errors and the contract's models, nothing of HTTP.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from crossjudge.contracts import AssertTest, CallTest, GroupProblem, Limits, Problem, PytestTest, StdioTest, Violation

from .errors import shown

MOST_LISTED = 20

_TESTS: dict[str, type[BaseModel]] = {"assert": AssertTest, "call": CallTest, "stdio": StdioTest, "pytest": PytestTest}

_IN_JSON = {
    "model_type": "should be an object",
    "model_attributes_type": "should be an object",
    "dict_type": "should be an object",
    "list_type": "should be a list",
    "tuple_type": "should be [solution index, test index]",
    "too_long": "should be [solution index, test index]",  # only the tuples of `pairs` have a largest length
    "string_pattern_mismatch": "should hold no control character",  # only `run` has a pattern
}


def violations(error: ValidationError, body: type[BaseModel]) -> list[Violation]:
    """Each thing that pydantic found wrong with a body of that model, as far as it is listed."""
    found = error.errors(include_url=False)
    return listed((_violation(detail, body) for detail in found[:MOST_LISTED]), len(found))


def listed(found: Iterator[Violation], total: int) -> list[Violation]:
    """The first few violations, and a line that says how many more there are."""
    first = [violation for violation, _ in zip(found, range(MOST_LISTED), strict=False)]
    if total > len(first):
        first.append(Violation(path="$", detail=f"and {total - len(first):,} more"))
    return first


def json_path(location: Sequence[str | int]) -> str:
    """`$.problems[0].tests[2].kind` for `("problems", 0, "tests", 2, "kind")`."""
    return "$" + "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" if part.isidentifier() else f"[{shown(part)}]"
        for part in location
    )


def _place(location: Sequence[str | int]) -> list[str | int]:
    """Pydantic's location without the tag that it puts in behind a test: `("problems", 0, "tests", 2, "call", ...)`."""
    for steps in (4, 3, 1):
        if _is_test(location[:steps]) and len(location) > steps:
            return [*location[:steps], *location[steps + 1 :]]
    return list(location)


def _is_test(place: Sequence[str | int]) -> bool:
    """Whether a test stands at that place: of a batch, of a group's problem, or as a sample."""
    match place:
        case ["problems", int(), "tests", int()] | ["problem", "tests", int()] | ["test"]:
            return True
    return False


def _owner(location: Sequence[str | int], body: type[BaseModel]) -> type[BaseModel] | None:
    """The model that holds the field at this (pydantic) location."""
    match list(location[:-1]):
        case []:
            return body
        case ["limits"]:
            return Limits
        case ["problems", int()]:
            return Problem
        case ["problem"]:
            return GroupProblem
        case [*test, str(kind)] if _is_test(test):
            return _TESTS.get(kind)
    return None


def _violation(error: ErrorDetails, body: type[BaseModel]) -> Violation:
    location, kind = error["loc"], error["type"]
    place = _place(location)
    if kind in ("union_tag_invalid", "union_tag_not_found") or (_is_test(place) and kind == "model_attributes_type"):
        return _wrong_kind(place, error["input"])
    if kind == "extra_forbidden":
        return Violation(path=json_path(place), detail=_unknown_field(location, body))
    if kind == "missing":
        return Violation(path=json_path(place), detail="this field is required")
    return Violation(path=json_path(place), detail=f"{_expected(error)}, not {_what(error['input'])}")


def _expected(error: ErrorDetails) -> str:
    """What should stand there. Pydantic speaks of Python's types; a caller thinks of JSON."""
    if (said := _IN_JSON.get(error["type"])) is not None:
        return said
    if error["type"] == "too_short":
        return f"should have at least {error['ctx']['min_length']} item"
    message = error["msg"].removeprefix("Input ")
    return f"{message[:1].lower()}{message[1:]}"


def _wrong_kind(place: list[str | int], test: Any) -> Violation:
    kinds = ", ".join(_TESTS)
    if not isinstance(test, dict):
        return Violation(path=json_path(place), detail=f"a test is a string or an object, not {_what(test)}")
    if "kind" not in test:
        return Violation(path=json_path([*place, "kind"]), detail=f"this field is required: one of {kinds}")
    detail = f"unknown kind {_what(test['kind'])}: use one of {kinds}{_nearest(test['kind'], list(_TESTS))}"
    return Violation(path=json_path([*place, "kind"]), detail=detail)


def _unknown_field(location: Sequence[str | int], body: type[BaseModel]) -> str:
    owner = _owner(location, body)
    names = list(owner.model_fields) if owner else []
    known = f"; there are {', '.join(names)}" if names else ""
    return f"unknown field {shown(location[-1])}{_nearest(location[-1], names) or known}"


def _nearest(name: object, names: list[str]) -> str:
    near = get_close_matches(name[:100], names, n=1) if isinstance(name, str) else []
    return f" (did you mean {near[0]!r}?)" if near else ""


def _what(value: Any) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value):,}" if value else "an empty list"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else shown(value)

"""What a caller gave, made into the contract's models, or an error that names the place. Knows nothing of HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from pydantic import ValidationError

from crossjudge.contracts import Batch, CallTest, GroupProblem, GroupSample, Problem, Violation, dump_json

from ._settings import Order, RewardLike
from .errors import InvalidRequest

ProblemLike = Problem | Mapping[str, Any]

_KINDS = frozenset({"assert", "call", "stdio", "pytest"})


def problem_of(value: ProblemLike, where: str = "$") -> Problem:
    """The problem that a caller gave as a model or as a dict. `where` is its JSON path, for the error's sake.

    Raises `InvalidRequest`.
    """
    if isinstance(value, Problem):
        return _sendable(value, where)
    if not isinstance(value, Mapping):
        raise InvalidRequest.at(where, f"a problem is an object with solutions and tests, not {_shown(value)}")
    try:
        problem = Problem.model_validate(dict(value))
    except ValidationError as exc:
        raise invalid(exc, where) from exc
    return _sendable(problem, where)


def _sendable(problem: Problem, where: str) -> Problem:
    """The problem, once it is known that what its calls are given and what they return can be written as JSON."""
    for index, test in enumerate(problem.tests):
        if isinstance(test, CallTest):
            try:
                dump_json(test)
            except (TypeError, ValueError, RecursionError) as exc:
                raise InvalidRequest.at(f"{where}.tests[{index}]", f"cannot be written as JSON: {exc}") from exc
    return problem


def batch_of(order: Order, problems: Sequence[Problem]) -> Batch:
    """The body of one POST. Raises `InvalidRequest`, which names what the order says wrongly."""
    document = {**_ordered(order), "problems": list(problems)}
    try:
        return Batch.model_validate(document)
    except ValidationError as exc:
        raise invalid(exc, "$") from exc


def sample_of(
    order: Order,
    *,
    size: int,
    solution: str | None,
    test: Any,
    problem: GroupProblem | Mapping[str, Any] | None,
    name: str | None,
    reward: RewardLike | None,
    deadline_seconds: float | None,
) -> GroupSample:
    """The body of one sample's POST. Raises `InvalidRequest`, which names what is wrong."""
    given = {
        "solution": solution, "test": test, "reward": reward, "deadline_seconds": deadline_seconds,
        "problem": dict(problem) if isinstance(problem, Mapping) else problem,
    }  # fmt: skip
    document = {"size": size, "sample": name or uuid4().hex, **_ordered(order)}
    document |= {field: value for field, value in given.items() if value is not None}
    if (solution is None) == (test is None):
        raise InvalidRequest.at("$", "a sample is either a `solution` or a `test`: give one of them")
    try:
        return GroupSample.model_validate(document)
    except ValidationError as exc:
        raise invalid(exc, "$") from exc


def _ordered(order: Order) -> dict[str, Any]:
    """What the order says, as fields of a batch."""
    document: dict[str, Any] = {"run": order.run}
    if order.limits is not None:
        document["limits"] = dict(order.limits) if isinstance(order.limits, Mapping) else order.limits
    if order.isolation is not None:
        document["isolation"] = order.isolation
    if order.detail is not None:
        document["detail"] = _details(order.detail)
    if order.cache is not None:
        document["cache"] = order.cache
    if order.fork_per_cell is not None:
        document["fork_per_cell"] = order.fork_per_cell
    if order.priority is not None:
        document["priority"] = order.priority
    if order.weight is not None:
        document["weight"] = order.weight
    return document


def _details(detail: Any) -> Any:
    if detail == "full":
        return detail
    return [detail] if isinstance(detail, str) else list(detail)


def invalid(error: ValidationError, where: str) -> InvalidRequest:
    """The error that lists each thing that pydantic found wrong, by its JSON path below `where`."""
    violations = [
        Violation(path=where + json_path(found["loc"]), detail=_sentence(found["msg"], found["type"], found["input"]))
        for found in error.errors(include_url=False, include_context=False)
    ]
    first = violations[0]
    return InvalidRequest(f"{first.path}: {first.detail}", violations=violations)


def json_path(location: Sequence[str | int]) -> str:
    """`.tests[2].args` for pydantic's ("tests", 2, "call", "args"), which names the kind of a test as a step."""
    steps = []
    for at, step in enumerate(location):
        if isinstance(step, int):
            steps.append(f"[{step}]")
        elif not (step in _KINDS and _is_test(location[:at])):
            steps.append(f".{step}")
    return "".join(steps)


def _is_test(location: Sequence[str | int]) -> bool:
    match location:
        case [*_, "tests", int()] | ["test"]:
            return True
    return False


def _sentence(message: str, kind: str, value: Any) -> str:
    if kind == "missing":
        return "this field is required"
    if kind == "extra_forbidden":
        return "there is no such field"
    return f"{message[:1].lower()}{message[1:]}, got {_shown(value)}"


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}... ({type(value).__name__})"

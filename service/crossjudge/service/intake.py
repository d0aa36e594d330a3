"""From the JSON of a body to a batch that this server takes, or to a list of what is wrong with it. Pure."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from crossjudge.contracts import Batch, CallTest, Limits, Problem, Violation

from .body import parse
from .errors import Invalid, TooLarge
from .settings import ServiceSettings
from .split import text_bytes
from .violations import MOST_LISTED, listed, violations

Model = TypeVar("Model", bound=BaseModel)


def read_batch(data: bytes, settings: ServiceSettings) -> Batch:
    """The batch that a body states.

    Raises `BadRequest` where it is no JSON, `Invalid` with the place of each thing that is wrong, `TooLarge` for too
    many problems or cells.
    """
    batch = read_model(Batch, data)
    _check_size(batch, settings)
    broken = chain(limits_above(batch.limits, settings), _problems_wrong(batch, settings))
    first = list(islice(broken, MOST_LISTED))
    if first:
        total = len(first) + sum(1 for _ in broken)
        raise Invalid(summary(first, total), errors=listed(iter(first), total))
    return batch


def read_model(model: type[Model], data: bytes) -> Model:
    """What a body states. Raises `BadRequest` where it is no JSON, `Invalid` with the place of each wrong thing."""
    try:
        return model.model_validate_json(data)
    except ValidationError:  # something is wrong, or is only too ugly for the fast way
        document = parse(data)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = violations(error, model)
        raise Invalid(summary(found, error.error_count()), errors=found) from None
    except RecursionError:
        raise Invalid("the body is nested too deeply") from None


def summary(found: list[Violation], total: int) -> str:
    """The first thing that is wrong, and how many more there are."""
    more = f" (and {total - 1:,} more: see `errors`)" if total > 1 else ""
    return f"{found[0].path}: {found[0].detail}{more}"


def _check_size(batch: Batch, settings: ServiceSettings) -> None:
    problems = len(batch.problems)
    if problems > settings.max_problems:
        _refuse("$.problems", f"{problems:,} problems are over this server's limit of {settings.max_problems:,}")
    cells = sum(len(problem.solutions) * len(problem.tests) for problem in batch.problems)
    if cells > settings.max_cells:
        _refuse(
            "$.problems", f"{cells:,} cells (solutions × tests) are over this server's limit of {settings.max_cells:,}"
        )


def _refuse(path: str, detail: str) -> None:
    violation = Violation(path=path, detail=f"{detail}: send several batches")
    raise TooLarge(f"{violation.path}: {violation.detail}", errors=[violation])


def limits_above(limits: Limits, settings: ServiceSettings) -> Iterator[Violation]:
    """Each limit that is above the server's own."""
    for name, most in settings.largest_limits().items():
        asked = getattr(limits, name)
        if asked > most:
            yield Violation(path=f"$.limits.{name}", detail=f"{asked:g} is above this server's maximum of {most:g}")


def _problems_wrong(batch: Batch, settings: ServiceSettings) -> Iterator[Violation]:
    for index, problem in enumerate(batch.problems):
        yield from prelude_too_large(f"$.problems[{index}].prelude", problem.prelude, settings)
        if problem.entry_point is None and any(isinstance(test, CallTest) for test in problem.tests):
            yield Violation(
                path=f"$.problems[{index}].entry_point", detail="name the function that tests of kind `call` call"
            )
        yield from _pairs_outside(index, problem)


def prelude_too_large(path: str, prelude: str, settings: ServiceSettings) -> Iterator[Violation]:
    """That a prelude is over the source limit, where it is: the caller wrote it, and no model."""
    size = text_bytes(prelude, settings.source_limit_bytes)
    if size > settings.source_limit_bytes:
        limit = f"{size:,} bytes is over the source limit of {settings.source_limit_bytes:,}"
        yield Violation(path=path, detail=limit)


def _pairs_outside(index: int, problem: Problem) -> Iterator[Violation]:
    solutions, tests = len(problem.solutions), len(problem.tests)
    for position, (solution, test) in enumerate(problem.pairs or ()):
        path = f"$.problems[{index}].pairs[{position}]"
        if solution >= solutions:
            yield Violation(path=f"{path}[0]", detail=f"there is no solution {solution}: the problem has {solutions}")
        if test >= tests:
            yield Violation(path=f"{path}[1]", detail=f"there is no test {test}: the problem has {tests}")

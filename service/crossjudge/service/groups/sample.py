"""From the body of one sample to what is kept of it, and from what is kept to the batch that a group becomes. Pure.

What the samples of a group must agree about are its *terms*: all fields but the sample itself, its reward and its
deadline, which each caller chooses alone. Terms and sources are kept as JSON in one fixed spelling, so that equal ones
are equal bytes, and so that the batch of a group is the same whoever posts it.
"""

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import BaseModel

from crossjudge.contracts import Batch, CallTest, GroupSample, LongInteger, Reward, Test, Violation, load_json
from crossjudge.service.errors import Conflict, Invalid, TooLarge, shown
from crossjudge.service.intake import limits_above, prelude_too_large, read_model, summary
from crossjudge.service.settings import ServiceSettings
from crossjudge.service.split import MOST_LEVELS
from crossjudge.service.violations import MOST_LISTED

_EACH_CALLERS_OWN = {"sample", "solution", "test", "reward", "deadline_seconds"}
_LIKE_A_BATCH = Batch.model_fields.keys() - {"problems"}


@dataclass(frozen=True)
class Member:
    """What must be known of a sample while it waits; little, since many wait for long."""

    name: str
    run: str
    size: int
    is_solution: bool
    reward: Reward
    own_solutions: int
    """How many the problem has itself: they stand before those that come as samples."""
    own_tests: int


@dataclass(frozen=True)
class Sample:
    """One sample as it goes into the barrier."""

    member: Member
    deadline_seconds: float
    terms: bytes
    source: bytes
    """`{"solution": ...}` or `{"test": ...}`."""


def read_sample(data: bytes, name: str | None, settings: ServiceSettings) -> Sample:
    """The sample that a body states. `name` is its Idempotency-Key; one that has no name at all is given one.

    Raises `BadRequest`, `Invalid` with the place of each thing that is wrong, and `TooLarge`.
    """
    stated = read_model(GroupSample, data)
    first = list(islice(_wrong(stated, settings), MOST_LISTED))
    if first:
        raise Invalid(summary(first, len(first)), errors=first)
    _check_size(stated, settings)
    terms = stated.model_dump(mode="python", exclude={*_EACH_CALLERS_OWN, "problem"})
    terms["problem"] = _fields(stated.problem) | {"tests": [_plain(test) for test in stated.problem.tests]}
    source = {"solution": stated.solution} if stated.test is None else {"test": _plain(stated.test)}
    return Sample(_member(stated, name), stated.deadline_seconds, _spelled(terms), _spelled(source))


def _member(stated: GroupSample, name: str | None) -> Member:
    return Member(
        name=stated.sample or name or secrets.token_hex(16),
        run=stated.run,
        size=stated.size,
        is_solution=stated.test is None,
        reward=stated.reward,
        own_solutions=len(stated.problem.solutions),
        own_tests=len(stated.problem.tests),
    )


def _plain(test: Test) -> dict[str, Any]:
    fields = _fields(test)
    if isinstance(test, CallTest):
        fields |= {name: _clipped(fields[name]) for name in ("args", "kwargs", "expected")}
    return fields


def _fields(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _clipped(value: Any, levels: int = MOST_LEVELS + 2) -> Any:
    """The value without what is nested deeper than anyone reads: it is judged alike, and can be written as JSON."""
    if not isinstance(value, list | dict):
        return value
    if levels == 0:
        return []
    if isinstance(value, list):
        return [_clipped(each, levels - 1) for each in value]
    return {name: _clipped(each, levels - 1) for name, each in value.items()}


def digest(data: bytes) -> str:
    """Equal for equal bytes, and short."""
    return hashlib.sha256(data).hexdigest()


def group_id(tenant: str, run: str, key: str) -> str:
    """The name that a group has in Redis. A key names one group of one run of one tenant."""
    return "g_" + digest("\0".join((tenant, run, key)).encode("utf-8", "surrogatepass"))


def batch_of(terms: bytes, sources: Sequence[bytes]) -> bytes:
    """The body of the batch that a complete group is."""
    document = load_json(terms, keep_long=True)
    problem = document["problem"]
    for source in sources:
        [(kind, value)] = load_json(source, keep_long=True).items()
        problem[f"{kind}s"].append(value)
    stated = {name: value for name, value in document.items() if name in _LIKE_A_BATCH}
    return _spelled({**stated, "problems": [problem]})


def check_sides(member: Member, solutions: int, tests: int) -> None:
    """That a complete group has something on either side. Raises `Invalid`."""
    if member.own_solutions + solutions == 0:
        raise _one_sided("solution", "test")
    if member.own_tests + tests == 0:
        raise _one_sided("test", "solution")


def _one_sided(missing: str, came: str) -> Invalid:
    detail = (
        f"all samples of the group are {came}s and the problem has no {missing}, so that there is nothing to judge "
        f"them against: give the problem's {missing}s, or samples of both kinds, under a new key"
    )
    path = f"$.problem.{missing}s"
    return Invalid(f"{path}: {detail}", errors=[Violation(path=path, detail=detail)])


def differing(before: bytes | None, now: bytes) -> Conflict:
    """The answer to a sample whose terms are not those of its group; says which fields differ."""
    if before is None:
        return Conflict("this sample was sent with other terms before: size, problem and limits must stay the same")
    kept, sent = load_json(before, keep_long=True), load_json(now, keep_long=True)
    places = list(islice(_differences("$", kept, sent), MOST_LISTED))
    said = "; ".join(f"{place.path}: {place.detail}" for place in places[:3])
    return Conflict(
        f"this sample does not agree with those of its group that came before ({said}): all samples of a key are "
        f"judged together, so send the same, or use another key",
        errors=places,
    )


def _wrong(stated: GroupSample, settings: ServiceSettings) -> Iterator[Violation]:
    if (stated.solution is None) == (stated.test is None):
        said = "a sample is either a `solution` or a `test`: give one of them"
        yield Violation(path="$", detail=f"{said}, not {'neither' if stated.test is None else 'both'}")
    yield from limits_above(stated.limits, settings)
    yield from prelude_too_large("$.problem.prelude", stated.problem.prelude, settings)
    if stated.problem.entry_point is None and any(
        isinstance(test, CallTest) for test in (*stated.problem.tests, stated.test)
    ):
        yield Violation(path="$.problem.entry_point", detail="name the function that tests of kind `call` call")


def _check_size(stated: GroupSample, settings: ServiceSettings) -> None:
    size, most = stated.size, settings.max_group_samples
    if size > most:
        _refuse("$.size", f"{size:,} samples are over this server's limit of {most:,}: make several groups")
    cells = _most_cells(len(stated.problem.solutions), len(stated.problem.tests), size)
    if cells > (most := settings.max_group_cells):
        _refuse("$.size", f"up to {cells:,} cells (solutions × tests) are over this server's limit of {most:,}")


def _most_cells(solutions: int, tests: int, size: int) -> int:
    """Cells of the group at the most, whatever share of its samples are solutions."""
    even = min(max((tests + size - solutions) // 2, 0), size)
    return max((solutions + share) * (tests + size - share) for share in (0, even, min(even + 1, size), size))


def _refuse(path: str, detail: str) -> None:
    raise TooLarge(f"{path}: {detail}", errors=[Violation(path=path, detail=detail)])


def _differences(path: str, before: Any, now: Any) -> Iterator[Violation]:
    if isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        for name in before:
            yield from _differences(f"{path}.{name}", before[name], now[name])
    elif _spelled(before) != _spelled(now):
        yield Violation(path=path, detail=f"{_brief(before)} before, {_brief(now)} now")


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value):,} ({digest(_spelled(value))[:8]})"
    return "an object" if isinstance(value, dict) else shown(value)


def _spelled(value: Any) -> bytes:
    """Plain data as ASCII JSON in one fixed spelling. Long integers keep their number of digits, all that counts."""
    marker, lengths = secrets.token_hex(16), list[int]()

    def default(value: Any) -> Any:
        if isinstance(value, LongInteger):
            lengths.append(value.digits)
            return marker
        raise TypeError(f"{type(value).__name__} is not JSON")

    text = json.dumps(value, default=default, separators=(",", ":"))
    head, *rest = text.split(f'"{marker}"')
    longs = ("9" * length for length in lengths)
    return "".join([head, *(piece for pair in zip(longs, rest, strict=True) for piece in pair)]).encode("ascii")

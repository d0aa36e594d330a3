"""The rewards by their names."""

import difflib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from crossjudge.trainer.plugins import is_dotted, part_at

from .coder import CoderReward, Membership, PassRate, Soft
from .errors import BadOption, UnknownReward
from .tester import Additive, Cure, Product, TesterReward

CODER_REWARDS: dict[str, type[CoderReward]] = {each.name: each for each in (Membership, PassRate, Soft)}
TESTER_REWARDS: dict[str, type[TesterReward]] = {each.name: each for each in (Product, Additive, Cure)}

R = TypeVar("R")


def make_coder_reward(name: str, **options: Any) -> CoderReward:
    """The reward of that name, or one's own by its dotted path. Raises `UnknownReward` and `BadOption`."""
    return _made(CODER_REWARDS, "coder", name, options)


def make_tester_reward(name: str, **options: Any) -> TesterReward:
    """The reward of that name, or one's own by its dotted path. Raises `UnknownReward` and `BadOption`."""
    return _made(TESTER_REWARDS, "tester", name, options)


def _made(known: Mapping[str, type[R]], role: str, name: str, options: Mapping[str, Any]) -> R:
    if is_dotted(name):
        own: R = _own(role, name, options)
        return own
    if name not in known:
        raise UnknownReward(f"no {role} reward {name!r}{_nearest(name, known)}; there are {', '.join(known)}")
    kind = known[name]
    allowed = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # each is a dataclass
    for option in options:
        if option not in allowed:
            there = f"it has {', '.join(allowed)}" if allowed else "it has none"
            raise BadOption(f"the {role} reward {name!r} has no option {option!r}{_nearest(option, allowed)}; {there}")
    try:
        return TypeAdapter(kind).validate_python(options)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        if found["type"] == "value_error":  # the reward's own words
            raise BadOption(f"the {role} reward {name!r}: {found['ctx']['error']}") from error
        option = ".".join(map(str, found["loc"]))
        raise BadOption(f"{option} of the {role} reward {name!r}: {found['msg']}, not {found['input']!r}") from error


def _own(role: str, name: str, options: Mapping[str, Any]) -> Any:
    """A reward of the user's own, by its dotted path."""
    kind = part_at(name)
    if not hasattr(kind, "of"):
        raise UnknownReward(f"{name} has no method of(group), so it is no reward of a {role}")
    try:
        return kind(**options)
    except TypeError as error:
        raise BadOption(f"the {role} reward {name}: {error}") from error


def _nearest(name: str, known: Mapping[str, Any] | list[str]) -> str:
    near = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean {near[0]!r}?)" if near else ""

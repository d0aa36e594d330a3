"""A selector's options as text, as a command line has them: what there is, and `key=value` read as what is due."""

import inspect
import math
from collections.abc import Iterable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from .base import Selector
from .errors import BadOption
from .registry import kind_of

_TEXT = (bool, int, float, str)
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", NoneType: "none"}
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class Option:
    """One option of a selector."""

    name: str
    default: Any
    """`inspect.Parameter.empty` where it must be given."""
    accepts: tuple[Any, ...]
    """The types, or the words, that its text may be; empty where only Python can give it."""

    @property
    def is_due(self) -> bool:
        return self.default is inspect.Parameter.empty

    def read(self, text: str) -> Any:
        """The value that a text stands for. Raises `BadOption`."""
        if not self.accepts:
            raise BadOption(f"{self.name} can be given from Python alone")
        for kind in self.accepts:
            if (value := _read(text, kind)) is not _NOTHING:
                return value
        kinds = [_KINDS.get(kind, kind) for kind in self.accepts]
        raise BadOption(f"{self.name} takes {' or '.join(kinds)}, not {text!r}")


_NOTHING = object()


def options_of_class(kind: type[Selector]) -> list[Option]:
    """What the constructor of a selector takes."""
    parameters = inspect.signature(kind).parameters.values()
    hints = get_type_hints(kind.__init__) if parameters else {}
    return [Option(each.name, each.default, _accepted(hints.get(each.name))) for each in parameters]


def options_from(name: str, given: Iterable[str]) -> dict[str, Any]:
    """Options for `make_selector(name)` from texts such as `copies=true`. Raises `UnknownSelector` and `BadOption`."""
    known = {option.name: option for option in options_of_class(kind_of(name))}
    found: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise BadOption(f"an option is written key=value, not {text!r}")
        if key not in known:
            raise BadOption(f"{name} has no option {key!r}; it has {', '.join(known) or 'none'}")
        found[key] = known[key].read(value)
    for option in known.values():
        if option.is_due and option.name not in found:
            raise BadOption(f"{name} needs {option.name}, which can be given from Python alone")
    return found


def _accepted(hint: Any) -> tuple[Any, ...]:
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType, Literal) else (hint,)
    return (
        tuple(kind for kind in kinds if kind in (*_TEXT, NoneType) or isinstance(kind, str))
        if any(kind in _TEXT or isinstance(kind, str) for kind in kinds)
        else ()
    )


def _read(text: str, kind: Any) -> Any:
    if isinstance(kind, str):
        return kind if text == kind else _NOTHING
    if kind is NoneType:
        return None if text.lower() == "none" else _NOTHING
    if kind is bool:
        return _WORDS.get(text.lower(), _NOTHING)
    try:
        value = kind(text)
    except ValueError:
        return _NOTHING
    return _NOTHING if kind is float and not math.isfinite(value) else value

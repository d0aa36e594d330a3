"""Types with parameters, such as `list[int]`, `Optional[str]` and `int | None`, taken apart and put together again.

Only those of the standard library: a class of a program's own with parameters is an object like any other. Annotations
that are texts are evaluated by who asks for type hints: those of the other side may name types, and call nothing.
"""

import functools
import operator
import types
import typing
from typing import Any

_HOMES = ("builtins", "collections", "collections.abc", "contextlib")


def parts_of(value: Any) -> list[Any] | None:
    """How it is made, then what it is made of; None for anything else."""
    if type(value) is types.GenericAlias:
        return ["alias", value.__origin__, *value.__args__]
    if type(value) is types.UnionType:
        return ["or", *value.__args__]
    if type(value).__module__ != "typing" or (origin := typing.get_origin(value)) is None:
        return None
    if isinstance(origin, type) and origin.__module__ not in _HOMES:
        return None
    name = getattr(value, "_name", None) or getattr(origin, "_name", None)
    if type(name) is not str:
        return None
    return [f"typing.{name}", *(tuple(part) if type(part) is list else part for part in typing.get_args(value))]


def build(how: Any, *parts: Any) -> Any:
    """What `parts_of` took apart. Raises ValueError where the other side says what is no such thing."""
    if how not in ("typing.Literal", "typing.Annotated"):  # there texts are no types
        parts = tuple(map(harmless, parts))
    if how == "alias" and isinstance(parts[0], type):
        return types.GenericAlias(parts[0], parts[1:])
    if how == "or" and all(isinstance(part, (type, types.GenericAlias)) for part in parts):
        return functools.reduce(operator.or_, parts)
    module, _, name = str(how).partition(".")
    found: Any = vars(typing).get("Union" if name == "Optional" else name)
    if module != "typing" or type(found).__module__ != "typing":
        raise ValueError(how)
    if name == "Callable" and type(parts[0]) is tuple:
        parts = (list(parts[0]), *parts[1:])
    return found[parts if len(parts) != 1 else parts[0]]


def harmless(annotation: Any) -> Any:
    """An annotation that is a text only where evaluating it runs nothing; any other so that it cannot be evaluated."""
    if type(annotation) is str and ("(" in annotation or "__" in annotation):
        return f"<{annotation}>"
    return annotation


def all_harmless(annotations: Any) -> Any:
    """The same for a dict of annotations, and None for what is no such dict."""
    return {key: harmless(each) for key, each in annotations.items()} if type(annotations) is dict else None

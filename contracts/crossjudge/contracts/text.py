"""Text that a model wrote, and JSON that can carry it.

A model may write NUL bytes and lone surrogates. Neither makes a request invalid, so such text is carried as it is:
pydantic's own `str` refuses lone surrogates, and so do the fast JSON libraries. Escaped (`\\ud800`) they are plain
ASCII.

The fast library here is the one inside pydantic: unlike others it keeps integers of any length and NaN as they are.
What it refuses, the standard library has the last word on.
"""

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError, from_json, to_json


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    return value


# `Any` underneath: pydantic then hands the Python string through untouched, in and out.
SourceText = Annotated[Any, PlainValidator(_text), WithJsonSchema({"type": "string"})]
"""Source text of a solution or a test: any Python string at all, lone surrogates included."""


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="python")
    raise TypeError(f"{type(value).__name__} is not JSON")


def dump_json(model: BaseModel, *, exclude_unset: bool = False) -> bytes:
    """The model as ASCII JSON, lone surrogates escaped; `load_json` reads it back."""
    document = model.model_dump(mode="python", exclude_unset=exclude_unset)
    return json.dumps(document, default=_default, separators=(",", ":")).encode("ascii")


def encode_json(value: Any) -> bytes:
    """Plain data or a model as UTF-8 JSON, fast; as ASCII where there are lone surrogates. `load_json` reads both.

    For what we made ourselves or have read from JSON: what JSON has no word for is not refused here, times look unlike
    those of `dump_json`, and fields that are not set are there.
    """
    try:
        return to_json(value, inf_nan_mode="constants")
    except ValueError:  # lone surrogates, or nested deeper than it goes
        return json.dumps(value, default=_default, separators=(",", ":")).encode("ascii")


class LongInteger:
    """Stands for an integer of more digits than Python reads, which is no reason to refuse all that is around it."""

    def __init__(self, digits: int) -> None:
        self.digits = digits

    def __repr__(self) -> str:
        return f"an integer of {self.digits:,} digits"


def _integer(text: str) -> int | LongInteger:
    try:
        return int(text)
    except ValueError:
        return LongInteger(len(text.lstrip("-")))


def load_json(data: bytes | str, *, keep_long: bool = False) -> Any:
    """Parse JSON, lone surrogates allowed. With `keep_long`, integers that are too long become a `LongInteger`.

    Raises `ValueError` (also for text that is not UTF-8) and `RecursionError` for nesting past the interpreter's limit.
    """
    try:
        return from_json(data)
    except ValueError:
        text = data if isinstance(data, str) else str(data, "utf-8")
        return json.loads(text, parse_int=_integer if keep_long else None)

"""What selectors that learn save and load: plain JSON values with a name on them, checked when they come back."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossjudge.contracts import encode_json

from .errors import BadState

Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A number of things seen, which forgetting makes a fraction."""


class State(BaseModel):
    """Base of what is saved: frozen, nothing unknown in it, nothing that one should have meant is guessed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


S = TypeVar("S", bound=State)


def read_state(model: type[S], state: Mapping[str, Any], what: str) -> S:
    """The saved state of `what`. Raises `BadState`, which names the first thing that is wrong with it."""
    if not isinstance(state, Mapping):
        raise BadState(f"the state of {what} is an object, not {type(state).__name__}")
    try:
        return model.model_validate_json(encode_json(dict(state)))
    except TypeError as error:
        raise BadState(f"this is not a state of {what}: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise BadState(f"this is not a state of {what}: {place}: {first['msg']}") from error

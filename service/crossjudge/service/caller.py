"""Who asks, as far as the endpoints need to know. The guard finds it out; they take it as `CallerHere`."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from crossjudge.contracts import Quotas


@dataclass(frozen=True)
class Caller:
    """A tenant, by one of its keys. Without keys there is one tenant, with no name."""

    tenant: str = ""
    key_id: str | None = None
    weight: float = 1.0
    quotas: Quotas = field(default_factory=Quotas)


def caller(request: Request) -> Caller:
    """Who has sent this request."""
    found: Caller = request.state.caller
    return found


CallerHere = Annotated[Caller, Depends(caller)]

"""What `crossjudge doctor` says of one thing on this machine. Each package brings checks of its own parts.

The command line finds them through the entry points of the group `crossjudge.doctor`, each a function
`checks() -> Iterable[Check]`, so that the client never imports the service or the worker.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Check(BaseModel):
    """One thing that was looked at, in plain words. `fail` is for what the project cannot work without."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """What was looked at, such as `user namespaces`."""
    status: Literal["ok", "warn", "fail"]
    found: str
    """What is the case here, as a person would say it."""
    mend: str | None = None
    """What to do about it: a command to type or a setting to change. None where nothing needs mending."""

"""The body of every error answer: `application/problem+json` (RFC 9457)."""

from pydantic import Field

from .batch import Answer

MEDIA_TYPE = "application/problem+json"


class Violation(Answer):
    """One thing that is wrong with a request. `path` is a JSON path such as `$.problems[0].tests[2].kind`."""

    path: str
    detail: str


class ProblemDetails(Answer):
    """What was wrong, where, and what to change."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Violation] = Field([], description="each thing that is wrong, with its place in the request's body")

"""What the service answers when it does not answer what was asked for.

ServiceError                 has a status, a detail that says what to change, and headers
├── BadRequest          400  the body cannot be read
├── Unauthorized        401  the caller has no key, or not one of ours
├── Forbidden           403  the caller may not
├── UnknownBatch        404
├── UnknownPlace        404  the batch has no such problem, solution or test
├── KeyReused           409  an Idempotency-Key stands for another body
├── NotFinal            409  there is no result yet
├── Conflict            409  a sample does not fit its group, or its group is over
├── BatchGone           410  it was there; its results have expired
├── SourcesGone         410  what was posted is no longer kept
├── TooLarge            413
├── UnsupportedMedia    415
├── Invalid             422  the body can be read and is not a batch; `errors` says where
├── QueueFull           429
├── QuotaExceeded       429  the caller has as much as its key allows
├── QueueUnreachable    503
└── ResultsLost         500  the batch is final and a result of it is no longer there
AnswerBroken                 an answer that has begun cannot be finished: its connection is cut
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar

from crossjudge.contracts import ProblemDetails, Violation


class ServiceError(Exception):
    """Root of this package's errors: an answer that the caller can act on."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, detail: str, *, errors: Sequence[Violation] = (), headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.headers = headers or {}

    def details(self) -> ProblemDetails:
        return problem_details(self.status, self.detail, self.errors)


class BadRequest(ServiceError):
    """The body cannot be read: broken encoding, not UTF-8, not JSON."""

    status = HTTPStatus.BAD_REQUEST


class Unauthorized(ServiceError):
    """Whoever asks has to say who it is, and has not, or not truthfully. `error` is RFC 6750's word for the latter."""

    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, detail: str, *, error: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": f'Bearer error="{error}"' if error else "Bearer"})


class Forbidden(ServiceError):
    """This caller may not ask this service."""

    status = HTTPStatus.FORBIDDEN


class UnknownBatch(ServiceError):
    """There is no such batch, or no longer."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, batch: str) -> None:
        super().__init__(f"there is no batch {shown(batch)}; batches are kept for a limited time once they are done")


class UnknownPlace(ServiceError):
    """There is such a batch, and it has not that many problems, solutions or tests."""

    status = HTTPStatus.NOT_FOUND

    def __init__(self, batch: str, what: str, index: int, count: int) -> None:
        super().__init__(f"there are {count:,} {what} there in batch {shown(batch)}: 0 to {count - 1:,}, not {index:,}")


class NotFinal(ServiceError):
    """The batch is still at work."""

    status = HTTPStatus.CONFLICT

    def __init__(self, batch: str, state: str) -> None:
        super().__init__(f"batch {shown(batch)} is {state}: its matrices are there once it is final; ask again then")


class BatchGone(ServiceError):
    """There was such a batch, and its results are kept no longer."""

    status = HTTPStatus.GONE

    def __init__(self, batch: str) -> None:
        super().__init__(
            f"the results of batch {shown(batch)} have expired: they are kept for a limited time "
            "(CROSSJUDGE_RETENTION_SECONDS) and as long as there is room; post its problems again"
        )


class SourcesGone(ServiceError):
    """The batch is there, and Redis has lost what was posted."""

    status = HTTPStatus.GONE

    def __init__(self, batch: str) -> None:
        super().__init__(f"the programs of batch {shown(batch)} are no longer kept: post its problems again")


class KeyReused(ServiceError):
    """The same Idempotency-Key came with two different bodies."""

    status = HTTPStatus.CONFLICT


class Conflict(ServiceError):
    """A sample does not fit the others of its group, or comes when the group is complete or over."""

    status = HTTPStatus.CONFLICT


class TooLarge(ServiceError):
    """The body is over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMedia(ServiceError):
    """The body is of a type or an encoding that we do not read."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class Invalid(ServiceError):
    """The body is JSON and not a batch that we take."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class QueueFull(ServiceError):
    """There is more waiting than we promise to hold."""

    status = HTTPStatus.TOO_MANY_REQUESTS


class QuotaExceeded(ServiceError):
    """The caller's tenant has as much as the caller's key allows; `wait_s` is for how long about."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str, wait_s: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(wait_s)})


class QueueUnreachable(ServiceError):
    """Redis does not answer, or nobody works on the queue."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


def queue_away() -> QueueUnreachable:
    """Redis does not answer."""
    return QueueUnreachable("the queue (Redis) does not answer: try again in a moment", headers={"Retry-After": "2"})


class ResultsLost(ServiceError):
    """The batch is final, and Redis has lost the result of one of its chunks."""

    def __init__(self, batch: str) -> None:
        super().__init__(f"results of batch {shown(batch)} are no longer in Redis: post its problems again")


class AnswerBroken(Exception):
    """An answer that has begun cannot be finished. Nothing can be said any more but by breaking the connection."""


def problem_details(status: int, detail: str, errors: Sequence[Violation] = ()) -> ProblemDetails:
    """The problem+json body of an answer with that status."""
    try:
        title = HTTPStatus(status).phrase
    except ValueError:
        title = "Error"
    return ProblemDetails(title=title, status=int(status), detail=detail, errors=list(errors))


def shown(value: object, limit: int = 80) -> str:
    """A value from a request as it may stand in a message: printable ASCII or harmless letters, cut short."""
    text = repr(value[: limit + 1] if isinstance(value, str) else value)
    printable = "".join(letter if letter.isprintable() else "?" for letter in text[: limit + 2])
    return printable if len(text) <= limit + 2 else printable[:limit] + "…"

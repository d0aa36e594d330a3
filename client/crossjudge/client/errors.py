"""Everything that the client raises. What a solution or a test did wrong is a verdict in a grid, never one of these.

CrossjudgeError
├── InvalidSettings        the client itself was set up wrongly: its URL or its key
├── InvalidRequest         400, 422, or found wrong before it was sent
├── AuthError              401, 403
├── NotFound               404, 410
├── Conflict               409
├── TooLarge               413
├── QuotaExceeded          429, for longer than the client's patience
├── ServiceUnavailable     503 (502 and 504 of a proxy too), for longer than the client's patience
├── ServiceError           any other 5xx: the service broke on this request
├── ConnectionFailed       no answer at all, for longer than the client's patience
├── ProtocolError          an answer that is not the service's: a proxy's page, another program on that port
├── WaitTimeout            the batch was not finished in the time that the caller gave (a TimeoutError too)
├── BatchError
│   ├── BatchFailed        the service gave the batch up
│   └── BatchCancelled     somebody cancelled the batch
└── CommandError           a command of the command line cannot do what was asked of it
"""

from collections.abc import Sequence

from crossjudge.contracts import Violation


class CrossjudgeError(Exception):
    """Root of all errors of the client. Says what was wrong, where, and what to change.

    `detail` is the service's own sentence. `status` is the HTTP status, where there was an answer. `violations` name
    each thing that is wrong in the request by its JSON path. `batch` is the id of the batch, where there was one.
    `attempts` tells how often the request was sent, and `retry_after` how many seconds the service asked to wait.
    """

    def __init__(
        self,
        detail: str,
        *,
        status: int | None = None,
        violations: Sequence[Violation] = (),
        batch: str | None = None,
        attempts: int = 1,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.violations = tuple(violations)
        self.batch = batch
        self.attempts = attempts
        self.retry_after = retry_after

    def __str__(self) -> str:
        where = [f"{v.path}: {v.detail}" for v in self.violations if v.detail not in self.detail]
        more = [f"and {len(where) - 5} more"] if len(where) > 5 else []
        return "; ".join([self.detail, *where[:5], *more])


class InvalidSettings(CrossjudgeError):
    """The client itself was set up wrongly: its URL or its key."""


class InvalidRequest(CrossjudgeError):
    """The request was wrong (400, 422), or was found wrong before it was sent (`status` is None then)."""

    @classmethod
    def at(cls, path: str, detail: str) -> "InvalidRequest":
        """One thing that is wrong, and its place."""
        return cls(f"{path}: {detail}", violations=[Violation(path=path, detail=detail)])


class AuthError(CrossjudgeError):
    """No key, a wrong key, or one that may not do this (401, 403)."""


class NotFound(CrossjudgeError):
    """No such batch, or not any more (404, 410)."""


class Conflict(CrossjudgeError):
    """The request contradicts an earlier one (409)."""


class TooLarge(CrossjudgeError):
    """The request is over one of the service's limits, which `detail` names (413)."""


class QuotaExceeded(CrossjudgeError):
    """Over quota, or the queue is full, for longer than the client's patience (429)."""


class ServiceUnavailable(CrossjudgeError):
    """The service, or its queue, was not there for longer than the client's patience (502, 503, 504)."""


class ServiceError(CrossjudgeError):
    """The service broke on this request (any other 5xx). A defect: please report it."""


class ConnectionFailed(CrossjudgeError):
    """No answer came at all, for longer than the client's patience."""


class ProtocolError(CrossjudgeError):
    """What answered does not speak as the service does: a proxy, or another program on that port."""


class WaitTimeout(CrossjudgeError, TimeoutError):
    """The batch was not finished in the time that the caller gave; it goes on, and `batch` can be waited for again."""


class BatchError(CrossjudgeError):
    """A batch reached its end without results."""


class BatchFailed(BatchError):
    """The service gave the batch up; `detail` says why."""


class BatchCancelled(BatchError):
    """Somebody cancelled the batch."""


class CommandError(CrossjudgeError):
    """A command of the command line cannot do what was asked of it; the SDK itself never raises this."""

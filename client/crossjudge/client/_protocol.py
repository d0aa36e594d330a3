"""The service's protocol without any input or output: requests are built and answers are read. Nothing is sent here."""

import gzip
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import quote
from uuid import uuid4

from pydantic import BaseModel, ValidationError

from crossjudge.contracts import Batch, BatchState, GroupSample, ProblemDetails, dump_json, load_json

from ._retry import retry_after_seconds
from .errors import (
    AuthError,
    Conflict,
    CrossjudgeError,
    InvalidRequest,
    NotFound,
    ProtocolError,
    QuotaExceeded,
    ServiceError,
    ServiceUnavailable,
    TooLarge,
)

Model = TypeVar("Model", bound=BaseModel)

GZIP_FROM_BYTES = 16_384
"""A smaller body is sent as it is: it fits a few packets, and compressing it would only cost time."""

LONGEST_WAIT = 60.0
"""The service answers a long poll after that many seconds at the latest."""


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    `wait` is how long the service may take on purpose before it answers; `answer_within` bounds the rest, where the
    client's own `timeout` is too long.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    wait: float = 0.0
    answer_within: float = math.inf

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Response:
    """One HTTP answer, read to its end and decoded. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Failure:
    """No answer came. `reason` is what the HTTP library says of it."""

    reason: str


def post_batch(batch: Batch, wait: float = 0.0) -> Request:
    """The POST of a batch, with a key of its own, so that sending it twice makes one batch."""
    body, headers = _packed(dump_json(batch))
    headers["Idempotency-Key"] = uuid4().hex
    return Request("POST", "/v1/batches", _waiting(wait), headers, body, wait)


def _packed(body: bytes) -> tuple[bytes, dict[str, str]]:
    headers = {"Content-Type": "application/json"}
    if len(body) >= GZIP_FROM_BYTES:
        body = gzip.compress(body, compresslevel=1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return body, headers


def post_sample(key: str, sample: GroupSample) -> Request:
    """The POST of one sample of a group. It has a name, so that sending it twice makes one sample.

    Raises `InvalidRequest` where it cannot be written as JSON.
    """
    try:
        body = dump_json(sample)
    except (TypeError, ValueError, RecursionError) as exc:
        raise InvalidRequest.at("$", f"cannot be written as JSON: {exc}") from exc
    body, headers = _packed(body)
    return Request("POST", f"/v1/groups/{quote(key, safe='')}/samples", {}, headers, body)


def waiting_for(request: Request, wait: float) -> Request:
    """The same request, with which the service waits that long; without `wait` it would not stop waiting."""
    return replace(request, params={"wait": f"{wait:g}"}, wait=wait)


def get_batch(batch: str, wait: float = 0.0) -> Request:
    return Request("GET", _batch_path(batch), _waiting(wait), wait=wait)


def delete_batch(batch: str, answer_within: float = math.inf) -> Request:
    return Request("DELETE", _batch_path(batch), answer_within=answer_within)


def list_batches(run: str | None, status: BatchState | str | None, limit: int | None, cursor: str | None) -> Request:
    given = {"run": run, "status": status, "limit": limit, "cursor": cursor}
    return Request("GET", "/v1/batches", {name: str(value) for name, value in given.items() if value is not None})


def list_runs() -> Request:
    return Request("GET", "/v1/runs")


def _batch_path(batch: str) -> str:
    return f"/v1/batches/{quote(batch, safe='')}"


def _waiting(wait: float) -> dict[str, str]:
    return {"wait": f"{wait:g}"} if wait > 0 else {}


def read(response: Response, request: Request, model: type[Model]) -> Model:
    """The answer as a model; fields that a newer service added are left aside.

    Raises `ProtocolError` for an answer that is not the service's, and else what `error_of` makes of its status.
    """
    if not 200 <= response.status < 300:
        raise error_of(response, request)
    try:
        return model.model_validate(load_json(response.body))
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise _stranger(response, request, f"{place}: {first['msg']}") from exc
    except (ValueError, RecursionError) as exc:
        raise _stranger(response, request, "its body is not JSON") from exc


_BY_STATUS: dict[int, type[CrossjudgeError]] = {
    400: InvalidRequest,
    401: AuthError,
    403: AuthError,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    413: TooLarge,
    422: InvalidRequest,
    429: QuotaExceeded,
    502: ServiceUnavailable,
    503: ServiceUnavailable,
    504: ServiceUnavailable,
}
_ALSO_OF_PROXIES = frozenset({401, 403, 413, 429, 502, 503, 504})
"""Statuses that mean the same to a caller when something in front of the service answers with its own page."""


def error_of(response: Response, request: Request) -> CrossjudgeError:
    """The error for an answer whose status is no success."""
    status, details = response.status, _problem_details(response)
    if details is None and status not in _ALSO_OF_PROXIES and status < 500:
        return _stranger(response, request, _redirect(response) or "that is no answer of crossjudge")
    kind = _BY_STATUS.get(status, ServiceError if status >= 500 else InvalidRequest)
    return kind(
        details.detail if details else f"{request} was answered {status}: {_excerpt(response.body)}",
        status=status,
        violations=details.errors if details else (),
        retry_after=retry_after_of(response),
    )


def retry_after_of(response: Response) -> float | None:
    return retry_after_seconds(response.headers.get("retry-after"), datetime.now(UTC))


def _problem_details(response: Response) -> ProblemDetails | None:
    try:
        return ProblemDetails.model_validate(load_json(response.body))
    except (ValueError, RecursionError):  # pydantic's ValidationError is a ValueError
        return None


def _redirect(response: Response) -> str | None:
    place = response.headers.get("location")
    return f"it sends us to {place}; use that as the URL" if place and 300 <= response.status < 400 else None


def _stranger(response: Response, request: Request, why: str) -> ProtocolError:
    kind = response.headers.get("content-type", "no content type").split(";")[0]
    detail = f"{request} was answered {response.status} ({kind}), but {why}: {_excerpt(response.body)}"
    return ProtocolError(detail, status=response.status)


def _excerpt(body: bytes) -> str:
    text = " ".join(body[:2000].decode("utf-8", "replace").split())
    return f"{text[:200]!r}{' ...' if len(text) > 200 else ''}" if text else "(empty)"

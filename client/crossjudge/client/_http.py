"""What both clients tell httpx2, and how they read its failures."""

from typing import TypedDict

import httpx2

from ._protocol import Failure, Request
from ._settings import Address
from .errors import InvalidSettings

CONNECT_SECONDS = 10.0


class HttpOptions(TypedDict):
    headers: dict[str, str]
    limits: httpx2.Limits
    trust_env: bool


def http_options(address: Address) -> HttpOptions:
    """Arguments of `httpx2.Client` and `httpx2.AsyncClient`."""
    return {
        "headers": address.headers,
        # Long polls hold a connection each; the caller's `in_flight` bounds them, not the pool.
        "limits": httpx2.Limits(max_connections=None, max_keepalive_connections=64),
        "trust_env": not address.direct,
    }


def timeouts(answer: float, request: Request) -> httpx2.Timeout:
    """`answer` seconds for each step, on top of what the service may take on purpose."""
    answer = min(answer, request.answer_within)
    return httpx2.Timeout(answer, connect=min(CONNECT_SECONDS, answer), read=answer + request.wait, pool=None)


def read_headers(answer: httpx2.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def failure_of(error: httpx2.RequestError) -> Failure:
    """No answer, in words. Raises `InvalidSettings` for what no second attempt would mend."""
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        raise InvalidSettings(f"the request cannot be sent: {error}") from error
    words = str(error) or "the connection broke"
    if isinstance(error, httpx2.TimeoutException):
        words = f"timed out ({type(error).__name__})"
    return Failure(words)

"""Calls to a model's server over HTTP: bounded waits, another try for what usually passes, errors that say what to do.

Every wait has an end: an answer has `answer_seconds`, and what usually passes (no connection, 429, 5xx) is tried again
for as long as `patience`. Whoever is to know that a server is being waited for gives `tell`. No torch.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2

from crossjudge.client import Patience
from crossjudge.client._retry import BUSY, Streak, retry_after_seconds

from .errors import GenerationRefused, ServerBroke, ServerUnreachable

CONNECT_SECONDS = 10.0
TOLD_EVERY_SECONDS = 30.0
QUOTED = 300
"""Characters of a server's own words in an error."""

Hint = Callable[[int], str]
"""What to do about a refusal with this status: the end of a sentence, or nothing."""


class Server:
    """A model's server. `url` is its root or its `/v1`; `in_flight` is how many requests it is sent at a time."""

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        in_flight: int = 64,
        answer_seconds: float = 600.0,
        patience: Patience | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.root = url.rstrip("/").removesuffix("/v1")
        self.in_flight = in_flight
        self._answer_seconds = answer_seconds
        self._patience = patience or Patience()
        self._tell = tell
        self._told_at: float | None = None
        self._options: dict[str, Any] = {
            "headers": {"Authorization": f"Bearer {api_key}"} if api_key else {},
            "limits": httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight),
            "timeout": httpx2.Timeout(None, connect=CONNECT_SECONDS),  # `answer_seconds` bounds the whole
            "trust_env": urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"),  # no proxy to this machine
        }

    def connections(self) -> httpx2.AsyncClient:
        """A pool of connections for `ask`, to be closed by the caller."""
        return httpx2.AsyncClient(**self._options)

    def post(self, path: str, document: Any, hint: Hint) -> httpx2.Response:
        """One request and its answer. Raises as `ask` does. Runs an event loop of its own."""

        async def asked() -> httpx2.Response:
            async with self.connections() as client:
                return await self.ask(client, path, document, hint)

        return asyncio.run(asked())

    async def ask(self, client: httpx2.AsyncClient, path: str, document: Any, hint: Hint) -> httpx2.Response:
        """The answer, with status 200.

        Raises `GenerationRefused` for a request that is wrong, `ServerUnreachable` and `ServerBroke` when patience is
        over.
        """
        url, streak = f"{self.root}{path}", Streak(self._patience)
        while True:
            status, retry_after, detail = None, None, ""
            try:
                async with asyncio.timeout(self._answer_seconds):
                    response = await client.post(url, json=document)
            except TimeoutError:
                detail = f"none within {self._answer_seconds:g} s"
            except httpx2.RequestError as error:
                detail = str(error) or type(error).__name__
            else:
                if response.status_code == 200:
                    return response
                status, detail = response.status_code, _words(response)
                retry_after = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
                if status < 500 and status not in BUSY:
                    words = f"{url} refuses the request ({status}: {detail}){hint(status)}"
                    raise GenerationRefused(words, status=status)
            pause = streak.pause_after(status, retry_after, time.monotonic())
            if pause is None:
                raise _given_up(url, status, detail, streak.failures)
            self._say(detail)
            await asyncio.sleep(pause)

    def _say(self, detail: str) -> None:
        """That the server is away; once for the many requests that meet the same."""
        now = time.monotonic()
        if self._tell is not None and (self._told_at is None or now - self._told_at >= TOLD_EVERY_SECONDS):
            self._told_at = now
            longest = max(self._patience.busy, self._patience.unreachable)
            self._tell(f"the model's server {self.root} is away ({detail}); waiting for it, {longest:.0f} s at most")


def _given_up(url: str, status: int | None, detail: str, attempts: int) -> ServerUnreachable | ServerBroke:
    if status is None:
        words = f"no answer from {url} ({detail}) in {attempts} attempts; is the model's server running?"
        return ServerUnreachable(words, attempts=attempts)
    kind = ServerUnreachable if status in BUSY else ServerBroke
    words = f"{url} answered {status} ({detail}) to the last of {attempts} attempts; its log may tell why"
    return kind(words, status=status, attempts=attempts)


def _words(response: httpx2.Response) -> str:
    """What the server says is wrong: the message of its JSON, in any of the usual shapes, or the body's beginning."""
    try:
        document = response.json()
    except ValueError:
        document = None
    if isinstance(document, dict):
        error = document.get("error")
        found = (error if isinstance(error, dict) else document).get("message") or document.get("detail") or error
        if found:
            return str(found)[:QUOTED]
    return response.text[:QUOTED].strip() or "no words"

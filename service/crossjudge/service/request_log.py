"""Each request is counted, and has a line in the log: what was asked, what was answered, and how long that took.

Nothing of a header or a body stands in it: keys and programs are in those.
"""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .ids import is_batch_id
from .metrics import Metrics

_METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"})
_QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/v1/stats", "/"})
"""What is asked every few seconds by whoever looks on; logged at level debug."""

log = structlog.get_logger(__name__)


class SeenRequests:
    """Middleware around all others: it hears of what they refuse, too."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path", None) or "other"
            seconds = time.perf_counter() - started
            self.metrics.note_request(method, route, status, seconds)
            _say(scope, method, route, status, seconds)


def _say(scope: Scope, method: str, route: str, status: int, seconds: float) -> None:
    said = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
    batch = scope.get("state", {}).get("batch") or scope.get("path_params", {}).get("batch")
    if batch is not None and is_batch_id(str(batch)):  # else it is whatever somebody wrote there, a key even
        said["batch"] = str(batch)
    is_quiet = route in _QUIET or scope["path"].startswith("/static/")
    (log.debug if is_quiet and status < 500 else log.info)("request", **said)

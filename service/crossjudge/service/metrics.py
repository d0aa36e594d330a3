"""The service's figures for Prometheus, in a registry of its own. Every label has a small closed set of values."""

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crossjudge.contracts import Verdict

_METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"})
_SECONDS = (0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """What one service process counts, and what it reads from Redis when it is asked."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.batches = Counter("crossjudge_batches_accepted", "Batches taken in", registry=self.registry)
        self.asked = Counter("crossjudge_cells_accepted", "Cells of the batches taken in", registry=self.registry)
        self.cells = Counter(
            "crossjudge_cells", "Cells of answered batches, by verdict", ["verdict"], registry=self.registry
        )
        self.requests = Counter(
            "crossjudge_http_requests", "HTTP requests", ["method", "route", "status"], registry=self.registry
        )
        self.latency = Histogram(
            "crossjudge_http_request_seconds", "Time to answer, `wait` included", ["method", "route"],
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.waiting = Gauge("crossjudge_waiters", "Requests that wait for a batch", registry=self.registry)
        self.queued = Gauge("crossjudge_queued_chunks", "Chunks that wait for a worker", registry=self.registry)
        self.held = Gauge("crossjudge_leased_chunks", "Chunks that a worker holds", registry=self.registry)
        self.workers = Gauge("crossjudge_workers_alive", "Workers that were there a moment ago", registry=self.registry)
        self.redis_up = Gauge("crossjudge_redis_up", "1 where Redis answers", registry=self.registry)
        for verdict in Verdict:
            self.cells.labels(verdict.value)

    def count_cells(self, tally: Mapping[str, int]) -> None:
        """Count the verdicts of an answer."""
        for verdict, cells in tally.items():
            self.cells.labels(verdict).inc(cells)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


class MeasuredRequests:
    """Middleware that counts and times every request under its route's template, never under its path."""

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
            self.metrics.requests.labels(method, route, str(status)).inc()
            self.metrics.latency.labels(method, route).observe(time.perf_counter() - started)

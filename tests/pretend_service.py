"""A service for tests of the client: real HTTP on loopback, the endpoints of the contract, and no judging.

A solution's source is its row: "PFE" passes the first test, fails the second and errs in the third; the letters repeat.
`script` holds answers that are given before any honest one, a connection that breaks among them.
"""

import gzip
import json
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import ValidationError

from crossjudge.contracts import (
    Batch,
    BatchPage,
    BatchState,
    BatchStatus,
    CellCounts,
    Health,
    Problem,
    ProblemDetails,
    ProblemResult,
    RunList,
    RunUsage,
    SolutionReport,
    SourceStatus,
    TestReport,
    Violation,
    dump_json,
    load_json,
)

PROBLEM_JSON = "application/problem+json"


@dataclass
class Canned:
    """An answer given whatever is asked. `drop` breaks the connection; `act_first` takes the request in first."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop: bool = False
    act_first: bool = False


@dataclass
class Seen:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None


def refusal(status: int, detail: str, path: str | None = None, **headers: str) -> Canned:
    """An error as the service words it."""
    errors = [Violation(path=path, detail=detail)] if path else []
    body = dump_json(ProblemDetails(title="no", status=status, detail=detail, errors=errors))
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Canned(status, {"Content-Type": PROBLEM_JSON, **named}, body)


class PretendService:
    """Serves until the block ends. `hold()` keeps batches running until `release()`."""

    def __init__(self) -> None:
        self.script: deque[Canned] = deque()
        self.seen: list[Seen] = []
        self.batches: dict[str, tuple[Batch, BatchState]] = {}
        self.by_key: dict[str, tuple[bytes, str]] = {}
        self.refused_ids: set[str] = set()
        self.failing_ids: set[str] = set()
        self.extra: dict[str, Any] = {}
        self.most_running = 0
        self.changed = threading.Condition()
        self._free = True
        service = self

        class Handler(_Handler):
            pretend = service

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def hold(self) -> None:
        self._free = False

    def release(self) -> None:
        with self.changed:
            self._free = True
            for name, (batch, state) in self.batches.items():
                if state is BatchState.RUNNING:
                    self.batches[name] = (batch, BatchState.DONE)
            self.changed.notify_all()

    def finish(self, name: str, running: int = 0) -> None:
        """End a batch, once as many are running."""
        with self.changed:
            self.changed.wait_for(lambda: self.count_running() >= running, 30)
            self.batches[name] = (self.batches[name][0], BatchState.DONE)
            self.changed.notify_all()

    def running(self) -> int:
        with self.changed:
            return self.count_running()

    def count_running(self) -> int:
        return sum(state is BatchState.RUNNING for _, state in self.batches.values())

    def sent(self, method: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method]

    def states(self) -> list[BatchState]:
        with self.changed:
            return [state for _, state in self.batches.values()]

    def accept(self, batch: Batch, key: str | None, body: bytes) -> str:
        with self.changed:
            if key and key in self.by_key:
                earlier, name = self.by_key[key]
                if earlier != body:
                    raise Refused(refusal(409, "this Idempotency-Key came with another body"))
                return name
            name = f"b_{len(self.batches)}"
            state = BatchState.DONE if self._free else BatchState.RUNNING
            if self.failing_ids & {problem.id for problem in batch.problems}:
                state = BatchState.FAILED
            self.batches[name] = (batch, state)
            self.by_key[key or name] = (body, name)
            self.most_running = max(self.most_running, self.count_running())
            self.changed.notify_all()
            return name

    def check(self, batch: Batch) -> None:
        for at, problem in enumerate(batch.problems):
            if problem.id in self.refused_ids:
                raise Refused(refusal(422, f"$.problems[{at}].pairs[0]: out of range", f"$.problems[{at}].pairs[0]"))
        if batch.limits.cpu_seconds > 60:
            raise Refused(refusal(422, "$.limits.cpu_seconds: at most 60", "$.limits.cpu_seconds"))

    def wait(self, name: str, seconds: float) -> BatchStatus:
        with self.changed:
            self.changed.wait_for(lambda: self.batches[name][1].is_final, seconds)
            batch, state = self.batches[name]
        total = sum(len(p.solutions) * len(p.tests) for p in batch.problems)
        results = [result_of(p, at, state) for at, p in enumerate(batch.problems)] if state.is_final else None
        done = total if state.is_final else 0
        return BatchStatus(
            id=name, run=batch.run, status=state, created_at=datetime.now(UTC),
            cells=CellCounts(total=total, done=done, executed=done), error="it broke" if state == "failed" else None,
            problems=None if state is BatchState.FAILED else results,
        )  # fmt: skip

    def cancel(self, name: str, running: int = 0) -> None:
        """Cancel a batch, once as many are running."""
        with self.changed:
            self.changed.wait_for(lambda: self.count_running() >= running, 30)
            batch, state = self.batches[name]
            if not state.is_final:
                self.batches[name] = (batch, BatchState.CANCELLED)
            self.changed.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class Refused(Exception):
    def __init__(self, answer: Canned) -> None:
        super().__init__(answer.status)
        self.answer = answer


def result_of(problem: Problem, index: int, state: BatchState) -> ProblemResult:
    width = len(problem.tests)
    rows = [(s * width)[:width] if set(s) <= set("PFETMCSX") and s else "P" * width for s in problem.solutions]
    if state is BatchState.CANCELLED:
        rows = ["S" * width for _ in rows]
    return ProblemResult(
        id=problem.id if problem.id is not None else str(index),
        matrix=rows,
        solutions=[SolutionReport(status=SourceStatus.OK) for _ in rows],
        tests=[TestReport(status=SourceStatus.OK) for _ in problem.tests],
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    pretend: PretendService

    def log_message(self, format: str, *args: Any) -> None: ...

    def _body(self) -> bytes:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def _answer(self) -> None:
        url, service, body = urlsplit(self.path), self.pretend, self._body()
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        service.seen.append(Seen(self.command, url.path, query, headers, load_json(body) if body else None))
        canned = service.script.popleft() if service.script else None
        if canned is not None and not canned.act_first:
            return self._send(canned)
        try:
            status, document = self._honest(url.path, query, body)
        except Refused as refused:
            return self._send(refused.answer)
        if canned is not None:
            return self._send(canned)
        text = json.dumps({**load_json(document), **service.extra}).encode()
        if "gzip" in headers.get("accept-encoding", ""):
            packed = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
            return self._send(Canned(status, packed, gzip.compress(text)))
        return self._send(Canned(status, {"Content-Type": "application/json"}, text))

    def _honest(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        service, wait = self.pretend, float(query.get("wait", 0))
        if path in ("/healthz", "/readyz"):
            return 200, dump_json(Health(version="0", workers=1))
        if path == "/v1/runs":
            return 200, dump_json(RunList(runs=[RunUsage(run="a", batches=2)]))
        if path == "/v1/batches" and self.command == "POST":
            try:
                batch = Batch.model_validate(load_json(body))
            except ValidationError as error:
                raise Refused(refusal(422, str(error))) from error
            service.check(batch)
            status = service.wait(service.accept(batch, self.headers.get("Idempotency-Key"), body), wait)
            return (200 if status.status.is_final else 202), dump_json(status)
        if path == "/v1/batches":
            return 200, dump_json(self._page(query))
        name = unquote(path.rpartition("/")[2])
        if name not in service.batches:
            raise Refused(refusal(404, f"there is no batch {name!r}"))
        if self.command == "DELETE":
            service.cancel(name)
        return 200, dump_json(service.wait(name, wait))

    def _page(self, query: dict[str, str]) -> BatchPage:
        names = sorted(self.pretend.batches)
        start, size = int(query.get("cursor", 0)), int(query.get("limit", 2))
        following = str(start + size) if start + size < len(names) else None
        return BatchPage(batches=[self.pretend.wait(n, 0) for n in names[start : start + size]], next=following)

    def _send(self, answer: Canned) -> None:
        if answer.drop:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        with suppress(BrokenPipeError, ConnectionResetError):  # a client that was stopped while it waited
            self.end_headers()
            self.wfile.write(answer.body)

    do_GET = do_POST = do_DELETE = _answer


def eventually(condition: Any, seconds: float = 20.0) -> bool:
    """True as soon as `condition()` is; False when it is not within that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True

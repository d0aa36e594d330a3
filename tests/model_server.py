"""A model's server for tests: real HTTP on loopback, OpenAI's completions API as vLLM speaks it, and a real model.

The replies are those of the in-process generator. `script` holds answers that are given before any honest one.
"""

import json
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from crossjudge.trainer.generation import Completion, Generator, Sampling


@dataclass
class Scripted:
    """An answer given whatever is asked; `drop` breaks the connection, `hang` leaves it open and never answers."""

    status: int = 200
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that calls its requests off closes their connections: nothing to print.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class ModelServer:
    """`most`: no more replies to one request than that, whatever `n` says. `without`: what its choices leave out."""

    def __init__(self, generator: Generator, most: int = 1_000, without: tuple[str, ...] = ()) -> None:
        self.generator, self.most, self.without = generator, most, without
        self.script: deque[Scripted] = deque()
        self.seen: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._http = _Http(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def answer(self, path: str, request: dict[str, Any]) -> Scripted:
        """To a request that nothing is scripted for."""
        if path != "/v1/completions":
            return Scripted(404)
        return self.completions(self.generator, request)

    def _answer(self, path: str, request: dict[str, Any]) -> Scripted:
        with self._lock:  # one at a time, as the model is one
            self.seen.append(request)
            return self.script.popleft() if self.script else self.answer(path, request)

    def completions(self, generator: Generator, request: dict[str, Any]) -> Scripted:
        if not isinstance(request["prompt"], list):
            return Scripted(400, json.dumps({"error": {"message": "this server wants tokens"}}))
        sampling = Sampling(
            temperature=request["temperature"],
            top_p=request["top_p"],
            top_k=request.get("top_k", 0),
            max_completion_length=request["max_tokens"],
            stop=tuple(request.get("stop", ())),
        )
        n = min(request["n"], self.most)
        [replies] = generator.generate([request["prompt"]], n, sampling, request["seed"])
        return Scripted(body=json.dumps({"choices": [self._choice(at, each) for at, each in enumerate(replies)]}))

    def _choice(self, index: int, reply: Completion) -> dict[str, Any]:
        choice = {
            "index": index,
            "text": reply.text,
            "finish_reason": "length" if reply.is_truncated else "stop",
            "token_ids": reply.token_ids,
            "logprobs": {"token_logprobs": reply.logprobs},
        }
        return {name: value for name, value in choice.items() if name not in self.without}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                server.keys.add(self.headers["Authorization"])
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = server._answer(self.path, request)
                if answer.hang:
                    server.closing.wait()
                if answer.drop or answer.hang:
                    self.close_connection = True
                    return
                body = answer.body.encode()
                self.send_response(answer.status)
                for name, value in {**answer.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler

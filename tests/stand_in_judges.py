"""Stand-ins for other people's services: they speak what those document, and run each program by `python -c`."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def run(program: str, given: str | None) -> tuple[bool, str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode == 0, done.stdout


class CodeJudge(BaseHTTPRequestHandler):
    """`POST /run/long-batch`, `GET /status`."""

    def do_GET(self) -> None:
        answer(self, {"queue": 0, "num_workers": 1})

    def do_POST(self) -> None:
        asked = body(self)
        assert self.path == "/run/long-batch" and asked["type"] == "batch"
        answer(self, {"sub_id": "b", "results": [self._judge(each) for each in asked["submissions"]]})

    def _judge(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert asked["type"] == "python"
        ended_well, printed = run(asked["solution"], asked["input"])
        wanted = asked["expected_output"]
        success = ended_well and (wanted is None or printed.strip() == wanted.strip())
        return {
            "sub_id": "s",
            "success": success,
            "run_success": ended_well,
            "cost": 0.1,
            "stdout": printed,
            "reason": "",
        }

    def log_message(self, *_: Any) -> None: ...


class SandboxFusion(BaseHTTPRequestHandler):
    """`POST /run_code`, `GET /v1/ping`."""

    def do_GET(self) -> None:
        answer(self, "pong")

    def do_POST(self) -> None:
        asked = body(self)
        assert self.path == "/run_code" and asked["language"] == "python"
        ended_well, printed = run(asked["code"], asked["stdin"])
        result = {"status": "Finished", "return_code": int(not ended_well), "stdout": printed, "stderr": ""}
        answer(self, {"status": "Success" if ended_well else "Failed", "message": "", "run_result": result})

    def log_message(self, *_: Any) -> None: ...


def body(request: BaseHTTPRequestHandler) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
    return document


def answer(request: BaseHTTPRequestHandler, document: Any) -> None:
    data = json.dumps(document).encode()
    request.send_response(200)
    request.send_header("Content-Length", str(len(data)))
    request.end_headers()
    request.wfile.write(data)


@contextmanager
def listening(kind: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The URL of a stand-in, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

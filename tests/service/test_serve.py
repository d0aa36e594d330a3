"""`crossjudge serve` from the outside, and what doctor says of the queue."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx2
import pytest

from crossjudge.contracts import Check
from crossjudge.service.checks import checks
from crossjudge.service.embedded import EmbeddedRedis, free_port
from crossjudge.service.settings import ServiceSettings

SERVE = [sys.executable, "-m", "crossjudge.service"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.endswith("REDIS_URL")}


def refused(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [*SERVE, *arguments], capture_output=True, text=True, timeout=60, env={**ENVIRONMENT, **environment}
    )
    assert done.returncode != 0 and "Traceback" not in done.stderr
    return done.stderr


def test_serve_answers_and_ends_in_order(redis_url: str) -> None:
    port = free_port()
    process = subprocess.Popen(
        [*SERVE, "--port", str(port), "--redis-url", redis_url], stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                assert httpx2.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
                break
            except httpx2.TransportError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()

    assert process.returncode == 0 and '"event": "stopped"' in errors


def test_a_port_in_use_is_said_in_one_line(redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("--port", str(port), "--redis-url", redis_url)

    assert said == f"crossjudge: cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port\n"


@pytest.mark.parametrize(
    ("arguments", "environment", "why"),
    [
        (["--redis-url", "http://x"], {}, "the Redis URL 'http://x'"),
        (["--host", "203.0.113.1", "--port", "0"], {}, "cannot listen on 203.0.113.1:0"),
        (["--log-level", "loud"], {}, "log_level"),
        ([], {"CROSSJUDGE_MAX_CELLS": "many"}, "many"),
    ],
)
def test_wrong_settings_are_named(arguments: list[str], environment: dict[str, str], why: str) -> None:
    assert why in refused(*arguments, **environment)


def test_listening_everywhere_says_who_is_answered() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"

    said = refused("--host", "0.0.0.0", "--port", "0", "--redis-url", url, CROSSJUDGE_REDIS_WAIT_SECONDS="0.2")

    assert "only this machine is answered" in said and "CROSSJUDGE_ALLOW_REMOTE=true" in said
    assert f"no Redis answers at {url}" in said


def test_a_redis_that_refuses_us_is_not_called_away(redis_server: EmbeddedRedis) -> None:
    url = redis_server.url.replace("127.0.0.1", "nobody:wrong@127.0.0.1")

    said = refused("--port", "0", "--redis-url", url)

    assert "refuses us" in said and "password in REDIS_URL" in said
    assert "wrong" not in said.replace("WRONGPASS", "")


def found() -> dict[str, Check]:
    return {check.name: check for check in checks()}


def test_doctor_knows_a_redis_that_keeps_everything(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.delenv("CROSSJUDGE_REDIS_URL", raising=False)

    said = found()

    assert said["redis-server"].status == said["REDIS_URL"].status == said["append-only file"].status == "ok"
    assert "Redis" in said["REDIS_URL"].found and said["port 8000"].status in ("ok", "warn")


def test_doctor_knows_a_redis_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://:secret@127.0.0.1:{free_port()}/0")
    monkeypatch.delenv("CROSSJUDGE_REDIS_URL", raising=False)

    check = found()["REDIS_URL"]

    assert check.status == "fail" and check.mend and "secret" not in check.model_dump_json()


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CROSSJUDGE_REDIS_URL", "")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:6380/0")
    monkeypatch.setenv("CROSSJUDGE_MAX_CELLS", "")
    assert ServiceSettings().redis_url == "redis://127.0.0.1:6380/0"

    monkeypatch.setenv("REDIS_URL", "")
    assert "redis_url" not in ServiceSettings().model_fields_set, "`up` would start no Redis of its own"

"""Who is let in, by real keys over real HTTP, and what becomes of the key: it is nowhere to be found afterwards."""

import asyncio
import os
import pty
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import Request
from redis import Redis
from redis.asyncio import Connection, ConnectionPool
from redis.asyncio import Redis as AsyncRedis

from crossjudge.contracts.queue import KEYS, batch_key
from crossjudge.service.app import create_app
from crossjudge.service.authentication import Authentication, bearer
from crossjudge.service.caller import Caller
from crossjudge.service.embedded import EmbeddedRedis, free_port
from crossjudge.service.errors import Unauthorized
from crossjudge.service.keys import KeyStore, id_of
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker
from queued_batches import wait_for

from . import conftest
from .conftest import MakeKey, live_service

BODY = {"problems": [{"solutions": ["P"], "tests": ["1"]}]}
CLOSED = [
    ("GET", "/v1/batches"), ("POST", "/v1/batches"), ("GET", "/v1/batches/b_1"), ("DELETE", "/v1/batches/b_1"),
    ("GET", "/v1/batches/b_1/events"), ("GET", "/v1/runs"), ("GET", "/v1/workers"), ("GET", "/v1"), ("GET", "/nothing"),
    ("GET", "//v1/runs"), ("PUT", "/v1/runs"), ("HEAD", "/v1/runs"), ("OPTIONS", "/v1/runs"),
]  # fmt: skip
OPEN = ["/", "/healthz", "/docs", "/openapi.json", "/static/app.js", "/static/swagger/swagger-ui.css"]
WRONG = ["cj_", "cj_0123456789_" + "0" * 64, "é", "\ud7ff", "a b c", "x" * 20_000, '"', "Bearer"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def from_elsewhere(settings: ServiceSettings) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of another machine."""
    app = create_app(settings)
    transport = httpx2.ASGITransport(app, client=("203.0.113.9", 1234))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://it") as client,
    ):
        yield client


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_without_its_key_nothing_is_answered(http: httpx2.Client, make_key: MakeKey, method: str, path: str) -> None:
    make_key()

    missing = http.request(method, path)
    wrong = http.request(method, path, headers=conftest.bearer("cj_0123456789_" + "0" * 64))

    assert (missing.status_code, wrong.status_code) == (401, 401)
    assert missing.headers["www-authenticate"] == "Bearer"
    assert wrong.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert missing.headers["content-type"] == wrong.headers["content-type"] == "application/problem+json"
    if method != "HEAD":
        assert "Authorization: Bearer KEY" in missing.json()["detail"] and "not one of" in wrong.json()["detail"]


def test_with_its_key_a_batch_goes_its_way(http: httpx2.Client, make_key: MakeKey, worker: PlayedWorker) -> None:
    http.headers.update(conftest.bearer(make_key()))
    with worker.working():
        answer = http.post("/v1/batches?wait=30", json=BODY)

    assert answer.status_code == 200 and answer.json()["problems"][0]["matrix"] == ["P"]
    assert http.get("/nothing").status_code == 404


@pytest.mark.parametrize("key", WRONG)
def test_what_is_no_key_is_refused_and_not_repeated(http: httpx2.Client, make_key: MakeKey, key: str) -> None:
    make_key()

    answer = http.get("/v1/runs", headers={b"Authorization": b"Bearer " + key.encode("utf-8", "surrogatepass")})

    assert answer.status_code == 401
    assert len(key) < 4 or key in ("Bearer",) or key not in answer.text


def test_a_wrong_key_with_a_large_body_hears_the_answer(service: str, make_key: MakeKey) -> None:
    make_key()

    answer = httpx2.post(f"{service}/v1/batches", content=b"x" * 20_000_000, headers=conftest.bearer("wrong"))

    assert answer.status_code == 401


def test_how_a_header_is_read() -> None:
    assert bearer(["Bearer k"]) == bearer(["bearer  k "]) == bearer([" BEARER k"]) == "k"
    assert [bearer(each) for each in ([], [""], ["k"], ["Basic k"], ["Bearer"], ["Bearer k", "Bearer k"])] == [""] * 6


def test_a_revoked_key_is_refused_from_the_next_request_on(
    http: httpx2.Client, make_key: MakeKey, key_store: KeyStore
) -> None:
    key, other = make_key(), make_key()
    http.headers.update(conftest.bearer(key))
    assert http.get("/v1/runs").status_code == 200

    key_store.revoke(id_of(key) or "")

    answer = http.get("/v1/runs")
    assert answer.status_code == 403 and "was revoked at" in answer.json()["detail"]
    assert http.get("/v1/runs", headers=conftest.bearer(other)).status_code == 200


def test_an_expired_key_is_refused(http: httpx2.Client, make_key: MakeKey) -> None:
    now = datetime.now(UTC)
    over, not_yet = make_key(expires_at=now - timedelta(seconds=1)), make_key(expires_at=now + timedelta(days=1))

    answer = http.get("/v1/runs", headers=conftest.bearer(over))

    assert answer.status_code == 403 and "expired at" in answer.json()["detail"]
    assert http.get("/v1/runs", headers=conftest.bearer(not_yet)).status_code == 200


def test_who_only_knows_the_id_learns_nothing_of_the_key(http: httpx2.Client, make_key: MakeKey) -> None:
    revoked = make_key(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    guess = revoked[:-1] + ("0" if revoked[-1] != "0" else "1")

    unknown, known = (http.get("/v1/runs", headers=conftest.bearer(k)) for k in ("cj_0123456789_" + "0" * 64, guess))

    assert (unknown.status_code, unknown.text) == (known.status_code, known.text) and known.status_code == 401


def test_with_its_last_key_gone_a_service_stays_closed(
    http: httpx2.Client, make_key: MakeKey, key_store: KeyStore
) -> None:
    assert http.get("/v1/runs").status_code == 200
    key_store.revoke(id_of(make_key()) or "")
    assert http.get("/v1/runs").status_code == 401, "it has opened by itself"

    key_store.forget_all()

    assert http.get("/v1/runs").status_code == 200


def test_a_key_that_nobody_needs_does_no_harm(http: httpx2.Client) -> None:
    assert http.get("/v1/runs", headers=conftest.bearer("left over from another service")).status_code == 200


def test_a_service_that_requires_keys_is_closed_before_there_is_one(
    settings: ServiceSettings, make_key: MakeKey
) -> None:
    with live_service(settings.model_copy(update={"require_keys": True})) as url:
        assert httpx2.get(f"{url}/v1/runs").status_code == 401
        assert httpx2.get(f"{url}/v1/runs", headers=conftest.bearer(make_key())).status_code == 200


@pytest.mark.anyio
async def test_with_keys_other_machines_are_answered_and_need_one(redis_url: str, make_key: MakeKey) -> None:
    async with from_elsewhere(ServiceSettings(redis_url=redis_url)) as client:
        assert [(await client.get(path)).status_code for path in ("/healthz", "/v1/runs")] == [403, 403]
        key = make_key()

        assert [(await client.get(path)).status_code for path in OPEN] == [200] * len(OPEN)
        assert (await client.get("/readyz")).status_code == 503, "no worker is there, and that may be said"
        assert [(await client.request(*each)).status_code for each in CLOSED] == [401] * len(CLOSED)
        assert (await client.get("/v1/runs", headers=conftest.bearer(key))).status_code == 200
        page = await client.get("/v1/runs", headers={**conftest.bearer(key), "Origin": "http://it"})
        foreign = await client.get("/v1/runs", headers={**conftest.bearer(key), "Origin": "http://evil"})
        assert (page.status_code, foreign.status_code) == (200, 403)


@pytest.mark.anyio
@pytest.mark.parametrize("open_metrics", [False, True])
async def test_metrics_need_a_key_unless_they_are_opened(redis_url: str, make_key: MakeKey, open_metrics: bool) -> None:
    key = make_key()
    async with from_elsewhere(ServiceSettings(redis_url=redis_url, open_metrics=open_metrics)) as client:
        bare = await client.get("/metrics")
        keyed = await client.get("/metrics", headers=conftest.bearer(key))

    assert (bare.status_code, keyed.status_code) == (200 if open_metrics else 401, 200)


def test_metrics_are_open_to_the_services_own_machine(http: httpx2.Client, make_key: MakeKey) -> None:
    make_key()
    assert http.get("/metrics").status_code == 200


@pytest.mark.anyio
async def test_a_key_does_not_let_other_machines_in_while_a_worker_has_no_sandbox(
    redis_url: str, make_key: MakeKey, worker: PlayedWorker
) -> None:
    worker.show_up(sandbox="none")
    async with from_elsewhere(ServiceSettings(redis_url=redis_url)) as client:
        answer = await client.get("/v1/runs", headers=conftest.bearer(make_key()))

    assert answer.status_code == 403 and "without a sandbox" in answer.json()["detail"]


def test_where_redis_is_away_nobody_is_let_in_and_all_are_told_to_wait(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as redis, live_service(ServiceSettings(redis_url=redis.url)) as url:
        with Redis.from_url(redis.url, decode_responses=True) as connection:
            key = KeyStore(connection).create("acme", note="", weight=1.0, quotas=Caller().quotas, expires_at=None)[1]
        assert httpx2.get(f"{url}/v1/runs", headers=conftest.bearer(key)).status_code == 200
        redis.stop()

        for headers in ({}, conftest.bearer(key), conftest.bearer("wrong")):
            answer = httpx2.get(f"{url}/v1/runs", headers=headers)
            assert answer.status_code == 503 and int(answer.headers["retry-after"]) > 0, answer.text
        assert httpx2.get(f"{url}/healthz").status_code == 200


@pytest.mark.anyio
async def test_where_redis_goes_away_the_open_pages_stay_as_they_were(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as redis:
        async with from_elsewhere(ServiceSettings(redis_url=redis.url)) as client:
            with Redis.from_url(redis.url) as connection:
                connection.hset(KEYS, "0123456789", "a key")
            assert (await client.get("/healthz")).status_code == 200
            redis.stop()
            assert (await client.get("/healthz")).status_code == 200


def test_a_record_that_cannot_be_read_lets_nobody_in(
    http: httpx2.Client, make_key: MakeKey, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key, other = make_key(), make_key("other")
    with Redis.from_url(redis_url) as redis:
        redis.hset(KEYS, id_of(key) or "", "not JSON")

    assert http.get("/v1/runs", headers=conftest.bearer(key)).status_code == 401
    assert http.get("/v1/runs", headers=conftest.bearer(other)).status_code == 200
    assert "cannot be read" in capsys.readouterr().out


class _Counting(Connection):
    """A connection that counts what it sends at once."""

    sent = 0

    async def send_packed_command(self, *args: object, **more: object) -> None:
        type(self).sent += 1
        await super().send_packed_command(*args, **more)  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_a_caller_costs_one_round_trip_and_is_who_the_key_says(
    redis_url: str, make_key: MakeKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key("acme", weight=3.0, batch_cells=7)
    pool = ConnectionPool.from_url(redis_url, connection_class=_Counting, decode_responses=True)
    async with AsyncRedis.from_pool(pool) as connection:
        authentication = Authentication(connection)
        await asyncio.gather(connection.ping(), connection.ping())  # a connection for what goes on beside, too
        monkeypatch.setattr(_Counting, "sent", 0)

        for _ in range(10):
            found = await authentication.caller([f"Bearer {key}"])
            with pytest.raises(Unauthorized):
                await authentication.caller(["Bearer wrong"])

    assert (found.tenant, found.key_id, found.weight, found.quotas.batch_cells) == ("acme", id_of(key), 3.0, 7)
    assert _Counting.sent == 20 + 1, "one for each, and once a minute one that nobody waits for"


def test_when_a_key_was_last_used_is_noted(http: httpx2.Client, make_key: MakeKey, key_store: KeyStore) -> None:
    used, unused = make_key(), make_key()
    http.get("/v1/runs", headers=conftest.bearer(used))
    http.get("/v1/runs", headers=conftest.bearer(unused[:-2]))

    wait_for(key_store.last_used, "a note of the use")

    assert key_store.last_used().keys() == {id_of(used)}
    assert abs(key_store.last_used()[id_of(used) or ""].timestamp() - time.time()) < 60


@pytest.fixture(params=["pipe", "terminal"])
def logged(request: pytest.FixtureRequest, redis_url: str) -> Iterator[tuple[str, list[bytes]]]:
    """A service of its own at its most talkative, and what it writes: to a pipe, or to a terminal."""
    port = free_port()
    read, write = os.pipe() if request.param == "pipe" else pty.openpty()
    command = [sys.executable, "-m", "crossjudge.service", "--port", str(port), "--redis-url", redis_url]
    process = subprocess.Popen([*command, "--log-level", "debug"], stdin=subprocess.DEVNULL, stdout=write, stderr=write)
    os.close(write)
    written: list[bytes] = []

    listener = threading.Thread(target=lambda: written.extend(_pieces(read)))
    listener.start()
    try:
        wait_for(lambda: _answers(port), "an answer of the service")
        yield f"http://127.0.0.1:{port}", written
    finally:
        process.kill()
        process.wait()
        listener.join(10)


@pytest.mark.anyio
async def test_what_comes_after_the_guard_has_no_key_to_let_slip(redis_url: str, make_key: MakeKey) -> None:
    app = create_app(ServiceSettings(redis_url=redis_url))

    @app.get("/v1/echo")
    def echo(request: Request) -> list[str]:
        return [*request.headers.keys(), request.state.caller.tenant]

    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://it") as client,
    ):
        answer = await client.get("/v1/echo", headers={**conftest.bearer(make_key()), "X-Other": "1"})

    assert answer.json()[-1] == "acme" and "x-other" in answer.json() and "authorization" not in answer.json()


_FAILING = """
from crossjudge.service.logs import set_up_logging
import structlog
set_up_logging("info")
def fail(header):
    raise ValueError("broken")
try:
    fail(chr(67) * 40)
except ValueError:
    structlog.get_logger().exception("it failed")
"""


def test_a_traceback_on_a_terminal_shows_no_variables() -> None:
    read, write = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", _FAILING], stdin=subprocess.DEVNULL, stdout=write, stderr=write)
    os.close(write)
    written = b"".join(_pieces(read))
    assert process.wait(30) == 0
    assert b"it failed" in written and b"ValueError" in written and b"C" * 20 not in written


def _pieces(descriptor: int) -> Iterator[bytes]:
    try:
        while piece := os.read(descriptor, 65_536):
            yield piece
    except OSError:  # so a terminal says that nobody writes to it any more
        pass
    finally:
        os.close(descriptor)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_key_is_nowhere_in_logs_answers_or_metrics(
    logged: tuple[str, list[bytes]], make_key: MakeKey, redis_url: str
) -> None:
    url, written = logged
    good, expired = make_key(cells_per_minute=1), make_key(expires_at=datetime.now(UTC) - timedelta(days=1))
    wrong = "cj_0123456789_" + "7f" * 32
    said: list[str] = []

    def ask(method: str, path: str, key: str, **more: object) -> httpx2.Response:
        answer = httpx2.request(method, url + path, headers=conftest.bearer(key), timeout=30, **more)  # type: ignore[arg-type]
        said.append(f"{answer.headers}{answer.text}")
        return answer

    batch = ask("POST", "/v1/batches", good, json=BODY).json()["id"]
    for key in (good, expired, wrong):
        for path in ("/v1/runs", "/v1/batches", f"/v1/batches/{batch}", "/v1/workers", "/metrics", "/nothing", "/"):
            ask("GET", path, key)
        ask("POST", "/v1/batches", key, json=BODY)
        ask("POST", "/v1/batches", key, content=b"{")
        ask("POST", f"/v1/batches?wait={key}", key, json=BODY) if key == wrong else None
    with Redis.from_url(redis_url) as redis:
        redis.hset(batch_key(batch), "status", "broken")
        assert ask("GET", f"/v1/batches/{batch}", good).status_code == 500
        redis.hset(batch_key(good), mapping={"status": "broken", "tenant": "acme", "created_at": 1, "run": "r"})
        assert ask("GET", f"/v1/batches/{good}", good).status_code == 500
        redis.hset(KEYS, id_of(wrong) or "", '{"sha256": "7f7f"}')
        assert ask("GET", "/v1/runs", wrong).status_code == 401
        wait_for(lambda: b"cannot be read" in b"".join(written), "the last line of the log")

    log = b"".join(written).decode()
    assert "a request failed" in log and "Traceback" in log and f"/v1/batches/cj_{id_of(good)}_" in log
    for key in (good, expired, wrong):
        secret = key.rpartition("_")[2]
        assert secret not in log and secret[:16] not in log
        assert not [answer for answer in said if secret in answer]

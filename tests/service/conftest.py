"""A live service on real Redis and real HTTP, and somebody who plays its workers."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import httpx2
import pytest
import uvicorn
from redis import Redis

from crossjudge.contracts import Quotas
from crossjudge.service.app import create_app
from crossjudge.service.embedded import free_port
from crossjudge.service.keys import KeyStore
from crossjudge.service.server import Server
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker

StartService = Callable[..., Any]
MakeKey = Callable[..., str]


@contextmanager
def live_service(settings: ServiceSettings) -> Iterator[str]:
    """The service in a thread, listening on a free port; its base URL."""
    config = uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_config=None, lifespan="on")
    server = Server(config)
    thread = threading.Thread(target=server.run, name="service")
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the service did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the service did not stop"


@contextmanager
def service_process(redis_url: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The service as a process of its own: its base URL, and the process, which the block may kill."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.endswith("REDIS_URL")}
    command = [sys.executable, "-m", "crossjudge.service", "--port", str(port), "--redis-url", redis_url]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while not is_alive(url):
            assert process.poll() is None and time.monotonic() < deadline, "the service did not start"
            time.sleep(0.05)
        yield url, process
    finally:
        process.terminate()
        process.wait(30)


def is_alive(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/healthz").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture
def settings(redis_url: str) -> ServiceSettings:
    return ServiceSettings(redis_url=redis_url, max_body_bytes=2_000_000)


@pytest.fixture
def service(settings: ServiceSettings) -> Iterator[str]:
    with live_service(settings) as url:
        yield url


@pytest.fixture
def http(service: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service, timeout=60) as client:
        yield client


@pytest.fixture
def key_store(redis_url: str) -> Iterator[KeyStore]:
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        yield KeyStore(redis)


@pytest.fixture
def make_key(key_store: KeyStore) -> MakeKey:
    """A new key of a tenant; what else is named are its quotas."""

    def make(tenant: str = "acme", expires_at: datetime | None = None, weight: float = 1.0, **quotas: int) -> str:
        return key_store.create(
            tenant, note="", weight=weight, quotas=Quotas.model_validate(quotas), expires_at=expires_at
        )[1]

    return make


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def worker(redis_url: str) -> Iterator[PlayedWorker]:
    played = PlayedWorker(redis_url)
    yield played
    played.close()

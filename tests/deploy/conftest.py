"""A service that has judged something, for what it then says of itself."""

import threading
import time
from collections.abc import Iterator

import httpx2
import pytest
import uvicorn

from crossjudge.service.app import create_app
from crossjudge.service.server import Server
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker

BODY = {"run": "a-run", "problems": [{"solutions": ["PX", "E"], "tests": ["1", "2"]}]}


@pytest.fixture
def exported_text(redis_url: str) -> Iterator[str]:
    """/metrics after one batch was judged and another waits."""
    config = uvicorn.Config(
        create_app(ServiceSettings(redis_url=redis_url)), host="127.0.0.1", port=0, log_config=None, lifespan="on"
    )
    server, worker = Server(config), PlayedWorker(redis_url)
    thread = threading.Thread(target=server.run, name="service")
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive() and time.monotonic() < deadline, "the service did not start"
            time.sleep(0.01)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with worker.working():
            assert httpx2.post(f"{url}/v1/batches?wait=30", json=BODY, timeout=60).status_code == 200
        assert httpx2.post(f"{url}/v1/batches", json=BODY | {"cache": False}, timeout=60).status_code == 202
        yield httpx2.get(f"{url}/metrics", timeout=60).text
    finally:
        server.should_exit = True
        thread.join(20)
        worker.close()

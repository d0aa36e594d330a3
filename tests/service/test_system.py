"""What is around the batches: health, metrics, the pages, and who may ask."""

import re

import httpx2
import pytest
from redis import Redis

from crossjudge.contracts.queue import PROTOCOL, PROTOCOL_KEY
from crossjudge.service.app import create_app
from crossjudge.service.guard import is_loopback
from crossjudge.service.settings import ServiceSettings
from crossjudge.service.system import web_folder
from played_worker import PlayedWorker
from queued_batches import wait_for

BODY = {"problems": [{"solutions": ["PF", "E"], "tests": ["1", "2"]}]}


def test_ready_is_who_has_a_queue_and_a_worker(http: httpx2.Client, worker: PlayedWorker) -> None:
    none = http.get("/readyz")
    worker.show_up()
    one = http.get("/readyz")
    worker.redis.zadd("crossjudge:workers", {"played": 1.0})
    silent = http.get("/readyz")

    assert (none.status_code, one.status_code, silent.status_code) == (503, 200, 503)
    assert one.json()["workers"] == 1 and "crossjudge worker" in none.json()["detail"]


def test_workers_that_are_all_held_back_make_nobody_ready(http: httpx2.Client, worker: PlayedWorker) -> None:
    worker.show_up(held_back="the service speaks protocol '2'")

    answer = http.get("/readyz")

    assert answer.status_code == 503 and "the service speaks protocol '2'" in answer.json()["detail"]
    assert http.get("/v1/workers").json()["workers"][0]["held_back"] == "the service speaks protocol '2'"


def test_a_service_says_its_protocol_as_it_starts(service: str, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        wait_for(lambda: redis.get(PROTOCOL_KEY) == str(PROTOCOL).encode())


def test_workers_say_who_they_are(http: httpx2.Client, worker: PlayedWorker) -> None:
    worker.show_up()
    http.post("/v1/batches", json=BODY)

    found = http.get("/v1/workers").json()

    assert [info["name"] for info in found["workers"]] == ["played"]
    assert (found["queued_chunks"], found["leased_chunks"]) == (1, 0)


def test_metrics_count_batches_cells_and_requests_once(http: httpx2.Client, worker: PlayedWorker) -> None:
    with worker.working():
        posted = http.post("/v1/batches?wait=30", json=BODY).json()
    for _ in range(3):
        http.get(f"/v1/batches/{posted['id']}")
        http.get(f"/nothing/{posted['id']}")

    text = http.get("/metrics").text

    assert "crossjudge_batches_accepted_total 1.0" in text
    assert 'crossjudge_cells_total{kind="assert",run="default",verdict="P"} 1.0' in text
    assert 'crossjudge_cells_total{kind="assert",run="default",verdict="E"} 2.0' in text
    assert 'crossjudge_cells_executed_total{run="default"} 4.0' in text
    assert 'crossjudge_cells_cpu_seconds_total{run="default"} 0.04' in text
    assert 'crossjudge_http_requests_total{method="GET",route="/v1/batches/{batch}",status="200"} 3.0' in text
    assert 'crossjudge_http_requests_total{method="GET",route="other",status="404"} 3.0' in text
    assert 'crossjudge_workers{sandbox="nsjail",version="0"} 1.0' in text
    assert "crossjudge_redis_up 1.0" in text and "crossjudge_redis_memory_bytes " in text
    assert posted["id"] not in text


def test_two_apps_in_one_process_do_not_share_their_figures() -> None:
    create_app(ServiceSettings())
    create_app(ServiceSettings())


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_load_nothing_from_elsewhere(http: httpx2.Client, path: str) -> None:
    page = http.get(path)

    assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    links = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    assert links
    for link in links:
        assert link.startswith("/"), f"{link} is not ours"
        assert http.get(link).status_code == 200, link


def test_the_dashboard_writes_text_and_never_markup(http: httpx2.Client) -> None:
    scripts = [file.name for file in web_folder().glob("*.js")]
    assert len(scripts) > 5
    for name in scripts:
        script = http.get(f"/static/{name}").text
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script), (
            name
        )


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("::ffff:127.0.0.1", True), ("", True),
        ("10.0.0.1", False), ("::ffff:10.0.0.1", False), ("0.0.0.0", False), ("203.0.113.9", False), ("x", False),
    ],
)  # fmt: skip
def test_loopback_is_this_machine_alone(address: str, is_here: bool) -> None:
    assert is_loopback((address, 1234)) == is_here


@pytest.mark.anyio
@pytest.mark.parametrize(("allow_remote", "status"), [(False, 403), (True, 200)])
async def test_other_machines_are_refused_unless_allowed(allow_remote: bool, status: int) -> None:
    app = create_app(ServiceSettings(allow_remote=allow_remote))
    transport = httpx2.ASGITransport(app, client=("203.0.113.9", 1234))
    async with httpx2.AsyncClient(transport=transport, base_url="http://here") as client:
        answer = await client.get("/healthz")

    assert answer.status_code == status
    if status == 403:
        assert "CROSSJUDGE_ALLOW_REMOTE" in answer.json()["detail"]


@pytest.mark.anyio
@pytest.mark.redis
async def test_other_machines_are_refused_while_a_worker_has_no_sandbox(redis_url: str, worker: PlayedWorker) -> None:
    app = create_app(ServiceSettings(redis_url=redis_url, allow_remote=True))
    async with app.router.lifespan_context(app):
        here, elsewhere = (httpx2.ASGITransport(app, client=(host, 1234)) for host in ("127.0.0.1", "203.0.113.9"))
        worker.show_up(sandbox="none")
        async with httpx2.AsyncClient(transport=elsewhere, base_url="http://there") as client:
            refused = await client.post("/v1/batches", json=BODY)
        async with httpx2.AsyncClient(transport=here, base_url="http://here") as client:
            taken = await client.post("/v1/batches", json=BODY)

    assert (refused.status_code, taken.status_code) == (403, 202)
    assert refused.headers["content-type"] == "application/problem+json"
    assert "played" in refused.json()["detail"] and "--sandbox" in refused.json()["detail"]


@pytest.mark.anyio
async def test_a_failure_of_ours_is_a_500_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app(ServiceSettings())

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("secret")

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://here") as client:
        answer = await client.get("/broken")

    assert answer.status_code == 500 and answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert "ZeroDivisionError" in capsys.readouterr().out


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(("path", "allowed"), [("/v1/batches", "GET, POST"), ("/v1/batches/b_1", "DELETE, GET")])
def test_a_method_that_is_not_possible_is_told_which_are(http: httpx2.Client, path: str, allowed: str) -> None:
    answer = http.put(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)

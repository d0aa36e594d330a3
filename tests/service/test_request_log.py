"""What the log says of a request, and what it never says."""

import httpx2
import pytest
from structlog.testing import capture_logs

from queued_batches import wait_for

pytestmark = pytest.mark.redis


def test_each_request_is_a_line_with_its_batch_and_without_its_headers(http: httpx2.Client) -> None:
    body = {"problems": [{"solutions": ["the solution"], "tests": ["the test"]}]}
    headers = {"Authorization": "Bearer cj_secret", "Idempotency-Key": "also-secret"}
    with capture_logs() as lines:
        batch = http.post("/v1/batches", json=body, headers=headers).json()["id"]
        http.get(f"/v1/batches/{batch}?wait=0")
        http.get("/v1/batches/<nothing>/here?secret=1")
        wait_for(lambda: len(lines) >= 3, "the line of the last request, which comes after its answer")

    posted, read, lost = (line for line in lines if line["event"] == "request")
    assert (posted["method"], posted["route"], posted["status"], posted["batch"]) == ("POST", "/v1/batches", 202, batch)
    assert (read["route"], read["batch"], read["log_level"]) == ("/v1/batches/{batch}", batch, "info")
    assert (lost["route"], lost["status"]) == ("other", 404)
    assert posted["ms"] > 0 and "secret" not in str(lines) and "the solution" not in str(lines)


def test_what_lookers_on_ask_every_few_seconds_is_for_debugging(http: httpx2.Client) -> None:
    with capture_logs() as lines:
        for path in ("/healthz", "/v1/stats", "/static/style.css"):
            http.get(path)
        wait_for(lambda: len(lines) >= 3)
    assert {line["log_level"] for line in lines} == {"debug"}

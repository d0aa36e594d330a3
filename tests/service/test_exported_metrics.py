"""What a running service exports is what `exported_metrics` says, and so what dashboard and alerts may ask for."""

import re

import httpx2

from exported_metrics import METRICS
from played_worker import PlayedWorker

BODY = {"run": "a-run", "problems": [{"solutions": ["PX", "E"], "tests": ["1", "2"]}]}


def test_the_service_exports_what_dashboard_and_alerts_ask_for(http: httpx2.Client, worker: PlayedWorker) -> None:
    with worker.working():
        assert http.post("/v1/batches?wait=30", json=BODY).status_code == 200
    assert http.post("/v1/batches", json=BODY | {"cache": False}).status_code == 202  # and this one waits

    text = http.get("/metrics").text

    exported = {
        name: frozenset(re.findall(r'(\w+)="', labels or ""))
        for name, labels in re.findall(r"^(crossjudge_\w+)(?:\{([^}]*)\})? ", text, re.MULTILINE)
    }
    assert {name: exported.get(name) for name in METRICS} == METRICS

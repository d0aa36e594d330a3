"""Two tenants at one service: neither sees, lists, cancels or repeats what is the other's."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from redis import Redis

from crossjudge.contracts.queue import RUNS, BatchField, batch_key, batches_key
from played_worker import PlayedWorker

from .conftest import MakeKey, bearer

BODY = {"run": "a-run", "problems": [{"solutions": ["P"], "tests": ["1"]}]}


@pytest.fixture
def tenants(service: str, make_key: MakeKey) -> Iterator[tuple[httpx2.Client, httpx2.Client]]:
    one, other = (httpx2.Client(base_url=service, timeout=60, headers=bearer(make_key(t))) for t in ("acme", "acme2"))
    with one, other:
        yield one, other


def posted(client: httpx2.Client, key: str | None = None, **more: Any) -> Any:
    answer = client.post("/v1/batches", json=BODY | more, headers={"Idempotency-Key": key} if key else {})
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


def test_a_batch_of_another_tenant_is_one_that_never_was(tenants: tuple[httpx2.Client, httpx2.Client]) -> None:
    mine, other = tenants
    batch, unknown = posted(mine)["id"], "b_" + "0" * 26

    document = mine.get("/openapi.json").json()["paths"]
    found = [(method, path) for path, methods in document.items() if "{batch}" in path for method in methods]
    assert len(found) >= 3
    for method, path in found:
        place = re.sub(r"\{(?!batch)\w+\}", "0", path)
        hidden, none = (other.request(method, place.replace("{batch}", name)) for name in (batch, unknown))
        assert hidden.status_code == none.status_code == 404, (method, path)
        assert hidden.text.replace(batch, unknown) == none.text
        assert {*hidden.headers} == {*none.headers}
    assert mine.get(f"/v1/batches/{batch}").json()["status"] == "queued", "the other tenant has cancelled it"


def test_a_tenant_reads_follows_and_cancels_its_own(
    tenants: tuple[httpx2.Client, httpx2.Client], worker: PlayedWorker
) -> None:
    mine, _ = tenants
    done = posted(mine)["id"]
    worker.work()
    queued = posted(mine)["id"]

    assert mine.get(f"/v1/batches/{done}").json()["problems"][0]["matrix"] == ["P"]
    assert "event: done" in mine.get(f"/v1/batches/{done}/events").text
    assert mine.delete(f"/v1/batches/{queued}").json()["status"] == "cancelled"


def test_lists_hold_what_is_ones_own(tenants: tuple[httpx2.Client, httpx2.Client], worker: PlayedWorker) -> None:
    mine, other = tenants
    ids = [[posted(client, run=run)["id"] for run in ("a-run", "b:run")] for client in tenants]
    worker.work()

    for client, own in zip((mine, other), ids, strict=True):
        assert [batch["id"] for batch in client.get("/v1/batches").json()["batches"]] == own[::-1]
        listed = client.get("/v1/batches", params={"run": "a-run"}).json()["batches"]
        assert [batch["id"] for batch in listed] == own[:1]
        runs = client.get("/v1/runs").json()["runs"]
        assert [(run["run"], run["batches"], run["executed"]) for run in runs] == [("b:run", 1, 1), ("a-run", 1, 1)]
    assert mine.get("/v1/batches", params={"run": "acme2:a-run"}).json()["batches"] == []


def test_statistics_are_of_ones_own_runs(tenants: tuple[httpx2.Client, httpx2.Client], worker: PlayedWorker) -> None:
    mine, other = tenants
    posted(mine)
    worker.work()
    waiting = posted(mine, run="waits")

    own, others = (client.get("/v1/stats?by_run=true").json() for client in (mine, other))

    assert (own["window"]["cells"], own["queue"]["waiting_chunks"]) == (1, 1)
    assert {run["run"]: run["window"]["cells"] for run in own["runs"]} == {"waits": 0, "a-run": 1}
    assert (others["window"]["cells"], others["queue"]["waiting_chunks"], others["runs"]) == (0, 0, [])
    cell = mine.get(f"/v1/batches/{waiting['id']}/problems/0/cells/0/0").json()
    assert (cell["solution"], cell["verdict"]) == ("P", None)


def test_runs_of_others_do_not_use_up_the_limit(
    tenants: tuple[httpx2.Client, httpx2.Client], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crossjudge.service.store._RUNS_AT_ONCE", 10)
    mine, other = tenants
    names = [f"run-{n}" for n in range(3)]
    for name in names:
        posted(mine, run=name)
    with Redis.from_url(redis_url) as redis:
        redis.zadd(RUNS, {f"acme2:x{n}": 2e9 + n for n in range(35)})

    assert [run["run"] for run in mine.get("/v1/runs").json()["runs"]] == names[::-1]
    assert [run["run"] for run in mine.get("/v1/runs?limit=2").json()["runs"]] == names[:0:-1]
    assert len(other.get("/v1/runs?limit=30").json()["runs"]) == 30


def test_an_idempotency_key_is_each_tenants_own(tenants: tuple[httpx2.Client, httpx2.Client]) -> None:
    mine, other = tenants
    first, again = posted(mine, "k")["id"], posted(mine, "k")["id"]
    others = posted(other, "k", run="with another body")["id"]

    assert first == again != others
    assert posted(other, "k", run="with another body")["id"] == others


def test_what_was_posted_before_there_were_keys_is_nobodys(
    http: httpx2.Client, make_key: MakeKey, redis_url: str
) -> None:
    before = posted(http)["id"]
    old = posted(http)["id"]
    with Redis.from_url(redis_url) as redis:  # as an earlier version wrote it
        redis.hdel(batch_key(old), BatchField.TENANT)
    assert {batch["id"] for batch in http.get("/v1/batches").json()["batches"]} == {before, old}
    assert http.get(f"/v1/batches/{old}").status_code == 200

    http.headers.update(bearer(make_key()))

    assert http.get("/v1/batches").json()["batches"] == [] and http.get("/v1/runs").json()["runs"] == []
    assert [http.get(f"/v1/batches/{batch}").status_code for batch in (before, old)] == [404, 404]


def test_an_expired_batch_leaves_its_tenants_list(tenants: tuple[httpx2.Client, httpx2.Client], redis_url: str) -> None:
    mine, _ = tenants
    gone = posted(mine)["id"]
    with Redis.from_url(redis_url) as redis:
        redis.delete(batch_key(gone))

        assert mine.get("/v1/batches").json()["batches"] == []
        assert redis.zcard(batches_key("acme")) == 0

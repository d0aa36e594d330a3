"""Waiting for a batch and following it: woken by events, not by polling; and what a restart leaves untouched."""

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from crossjudge.service.embedded import EmbeddedRedis
from crossjudge.service.settings import ServiceSettings
from played_worker import PlayedWorker

from .conftest import live_service

BODY = {"problems": [{"solutions": ["PF"], "tests": ["1", "2"]}]}
MANY = {"problems": [{"solutions": [f"P #{n}"], "tests": ["1"]} for n in range(5)]}


@pytest.fixture
def settings(settings: ServiceSettings) -> ServiceSettings:
    return settings.model_copy(update={"chunk_cells": 1})


def calls(redis: Redis) -> dict[str, int]:
    """How often each command was run so far, those of the background tasks and of this question left out."""
    stats = redis.info("commandstats")
    background = ("cmdstat_info", "cmdstat_time", "cmdstat_zrangebyscore", "cmdstat_llen", "cmdstat_ping")
    return {name: int(stat["calls"]) for name, stat in stats.items() if name not in background}


def test_waiting_asks_redis_for_nothing_until_there_is_something(
    redis_url: str, worker: PlayedWorker, settings: ServiceSettings
) -> None:
    quiet = settings.model_copy(update={"sweep_seconds": 1000.0})
    with live_service(quiet) as url, Redis.from_url(redis_url) as redis:
        posted = httpx2.post(f"{url}/v1/batches", json=BODY).json()
        answers: list[httpx2.Response] = []

        def wait() -> None:
            answers.append(httpx2.get(f"{url}/v1/batches/{posted['id']}?wait=30", timeout=60))

        threads = [threading.Thread(target=wait) for _ in range(5)]
        for thread in threads:
            thread.start()
        wait_for_waiters(url, 5)
        before = calls(redis)
        time.sleep(3)
        assert calls(redis) == before
        started = time.monotonic()
        worker.work()
        for thread in threads:
            thread.join(20)

    assert [answer.json()["status"] for answer in answers] == ["done"] * 5
    assert time.monotonic() - started < 15, "nobody was woken"


def wait_for_waiters(url: str, count: int) -> None:
    deadline = time.monotonic() + 20
    while f"crossjudge_waiters {float(count)}" not in httpx2.get(f"{url}/metrics").text:
        assert time.monotonic() < deadline, "they do not wait"
        time.sleep(0.02)


def events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, int]]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_a_stream_tells_progress_and_ends_with_the_batch(http: httpx2.Client, worker: PlayedWorker) -> None:
    posted = http.post("/v1/batches", json=MANY).json()
    seen: list[tuple[str, int]] = []
    with http.stream("GET", f"/v1/batches/{posted['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for name, data in events(stream.iter_lines()):
            seen.append((name, data["done"]))
            if (task := worker.take()) is not None:
                worker.finish(task)

    done = [count for _, count in seen]
    assert seen[0] == ("progress", 0) and seen[-1] == ("done", 5)
    assert done == sorted(done) and len(seen) >= 3


def test_the_stream_of_a_final_batch_says_so_and_ends(http: httpx2.Client) -> None:
    posted = http.post("/v1/batches", json=BODY).json()
    http.delete(f"/v1/batches/{posted['id']}")

    answer = http.get(f"/v1/batches/{posted['id']}/events")

    assert [name for name, _ in events(iter(answer.text.splitlines()))] == ["cancelled"]


def test_a_silent_stream_sends_comments_and_a_caller_who_leaves_is_forgotten(settings: ServiceSettings) -> None:
    with live_service(settings.model_copy(update={"heartbeat_seconds": 0.05})) as url:
        posted = httpx2.post(f"{url}/v1/batches", json=BODY).json()
        with httpx2.stream("GET", f"{url}/v1/batches/{posted['id']}/events") as stream:
            lines = stream.iter_lines()
            assert any(map(re.compile("^:").match, lines))
            wait_for_waiters(url, 1)
        wait_for_waiters(url, 0)


def test_stopping_the_service_answers_those_who_wait(settings: ServiceSettings) -> None:
    answers: list[httpx2.Response] = []
    with live_service(settings) as url:
        thread = threading.Thread(
            target=lambda: answers.append(httpx2.post(f"{url}/v1/batches?wait=60", json=BODY, timeout=60))
        )
        thread.start()
        wait_for_waiters(url, 1)
    thread.join(20)

    assert [answer.status_code for answer in answers] == [202]


def test_a_restart_of_the_service_loses_nothing(settings: ServiceSettings, worker: PlayedWorker) -> None:
    with live_service(settings) as url:
        posted = httpx2.post(f"{url}/v1/batches", json=MANY).json()
        task = worker.take()
        assert task is not None
        worker.finish(task)
        begun = worker.take()
        assert begun is not None
    worker.finish(begun)  # while no service is there

    with live_service(settings) as url:
        worker.work()
        found = httpx2.get(f"{url}/v1/batches/{posted['id']}?wait=10").json()

    assert found["status"] == "done" and all(problem["matrix"] == ["P"] for problem in found["problems"])


def test_redis_may_go_and_come_back_while_somebody_waits(tmp_path: Path, settings: ServiceSettings) -> None:
    server = EmbeddedRedis(tmp_path)
    server.start()
    try:
        with live_service(settings.model_copy(update={"redis_url": server.url})) as url:
            posted = httpx2.post(f"{url}/v1/batches", json=BODY).json()
            answers: list[httpx2.Response] = []
            thread = threading.Thread(
                target=lambda: answers.append(httpx2.get(f"{url}/v1/batches/{posted['id']}?wait=40", timeout=60))
            )
            thread.start()
            wait_for_waiters(url, 1)
            server.stop()
            away = httpx2.post(f"{url}/v1/batches", json=BODY)
            alive = httpx2.get(f"{url}/healthz")
            figures = httpx2.get(f"{url}/metrics")
            server.start()
            played = PlayedWorker(server.url)
            played.work()
            played.close()
            thread.join(30)
    finally:
        server.stop()

    assert away.status_code == 503 and int(away.headers["retry-after"]) > 0
    assert away.headers["content-type"] == "application/problem+json"
    assert alive.status_code == 200 and "crossjudge_redis_up 0.0" in figures.text
    assert [answer.json()["status"] for answer in answers] == ["done"], "what was accepted was lost"

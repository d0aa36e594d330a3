"""Answers that are too large to be sent whole: streamed, compressed, broken off where they cannot be finished."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
import zstandard
from redis import Redis

from crossjudge.client import Client, ConnectionFailed, ServiceError
from crossjudge.client._retry import NO_PATIENCE
from crossjudge.contracts import BatchStatus, ChunkResult, dump_json, load_json
from crossjudge.contracts.queue import results_key
from crossjudge.service.embedded import free_port
from played_worker import PlayedWorker, judged
from queued_batches import wait_for

ROWS, COLUMNS = 40, 50


def post(http: httpx2.Client, problems: int, detail: Any = "full") -> str:
    """A batch whose answer is large; its id."""
    solutions = [f"PFE #{row}" for row in range(ROWS)]
    tests = [f"assert f({column})" for column in range(COLUMNS)]
    body = {"problems": [{"solutions": solutions, "tests": tests}] * problems, "detail": detail}
    answer = http.post("/v1/batches", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def test_a_large_answer_is_streamed_and_the_same_however_it_is_compressed(
    http: httpx2.Client, worker: PlayedWorker
) -> None:
    path = f"/v1/batches/{post(http, 4)}"
    worker.work()

    plain = http.get(path, headers={"Accept-Encoding": "identity"})
    gzipped = http.get(path, headers={"Accept-Encoding": "gzip"})
    with http.stream("GET", path, headers={"Accept-Encoding": "zstd"}) as answer:
        unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(answer.iter_raw()))

    for each, encoding in ((plain, None), (gzipped, "gzip"), (answer, "zstd")):
        assert each.headers.get("content-encoding") == encoding and each.headers["vary"] == "Accept-Encoding"
        assert "content-length" not in each.headers and each.headers["content-type"] == "application/json"
    assert len(plain.content) > 2 * 2**18
    assert plain.content == gzipped.content == unpacked
    found = BatchStatus.model_validate(plain.json()).problems
    assert found is not None and [problem.matrix[0] for problem in found] == ["PFE" + "E" * (COLUMNS - 3)] * 4
    cell = {"message": "message F", "cpu_ms": 1.5, "wall_ms": 2.5, "stdout": "said"}
    assert plain.json()["problems"][3]["cells"][ROWS - 1][1] == cell
    assert plain.json()["problems"][3]["outputs"][ROWS - 1][1] == f"'PFE #{ROWS - 1}':1"


def test_a_small_answer_says_how_long_it_is(http: httpx2.Client, worker: PlayedWorker) -> None:
    path = f"/v1/batches/{post(http, 1, [])}"
    worker.work()

    answer = http.get(path, headers={"Accept-Encoding": "identity"})

    assert int(answer.headers["content-length"]) == len(answer.content)


def test_an_answer_that_cannot_be_finished_is_no_answer(
    http: httpx2.Client, service: str, worker: PlayedWorker, redis_url: str
) -> None:
    batch = post(http, 8)
    worker.work()
    with Redis.from_url(redis_url) as redis:
        last = max(int(chunk) for chunk in redis.hkeys(results_key(batch)))
        redis.hset(results_key(batch), str(last), "broken")

    for encoding in ("identity", "gzip", "zstd"):
        with (
            pytest.raises(httpx2.RemoteProtocolError),
            http.stream("GET", f"/v1/batches/{batch}", headers={"Accept-Encoding": encoding}) as answer,
        ):
            assert answer.status_code == 200
            assert len(b"".join(answer.iter_raw())) > 0
    with Client(service, patience=NO_PATIENCE) as client, pytest.raises(ConnectionFailed):
        client.results(batch)
    assert http.get("/healthz").status_code == 200


def test_an_answer_of_which_something_is_lost_is_refused_before_it_begins(
    http: httpx2.Client, service: str, worker: PlayedWorker, redis_url: str
) -> None:
    batch = post(http, 8)
    worker.work()
    with Redis.from_url(redis_url) as redis:
        redis.hdel(results_key(batch), "0")

    answer = http.get(f"/v1/batches/{batch}")

    assert answer.status_code == 500 and "no longer in Redis" in answer.json()["detail"]
    with Client(service, patience=NO_PATIENCE) as client, pytest.raises(ServiceError, match="post its problems again"):
        client.results(batch)


def test_an_answer_that_is_not_compressed_ends_with_its_last_brace(http: httpx2.Client, worker: PlayedWorker) -> None:
    """So that its beginning is no JSON, for those who would not notice that the connection broke."""
    path = f"/v1/batches/{post(http, 2)}"
    worker.work()

    content = http.get(path, headers={"Accept-Encoding": "identity"}).content

    for cut in (1, 100, len(content) // 2, len(content) - 2**18):
        with pytest.raises(ValueError):
            load_json(content[:-cut])


@pytest.mark.parametrize("problems", [1, 4])
def test_whatever_programs_say_arrives_in_small_and_large_answers(
    http: httpx2.Client, service: str, worker: PlayedWorker, problems: int
) -> None:
    said = "\ud800 \x00 é \U0001f600 \udfff"
    batch = post(http, problems)
    while (task := worker.take()) is not None:
        document = load_json(dump_json(judged(task)))
        document["parts"][0]["rows"][0]["cells"][0] |= {"message": said, "output": said}
        worker.ledger.commit(task, ChunkResult.model_validate(document))

    with Client(service) as client:
        grids = client.results(batch)

    assert len(grids) == problems
    assert grids[-1].outputs is not None and said in [row[0] for row in grids[-1].outputs]
    assert grids[-1].cells is not None and said in [row[0].message for row in grids[-1].cells]


def test_verdicts_are_counted_once_however_often_they_are_read(http: httpx2.Client, worker: PlayedWorker) -> None:
    path = f"/v1/batches/{post(http, 4)}"
    worker.work()
    for _ in range(2):
        http.get(path)

    text = http.get("/metrics").text

    assert f'crossjudge_cells_total{{kind="assert",run="default",verdict="P"}} {4.0 * ROWS}' in text


@contextmanager
def service_process(redis_url: str, folder: Path) -> Iterator[tuple[psutil.Popen, httpx2.Client]]:
    """The service as a process of its own, whose memory is its own."""
    port = free_port()
    command = [sys.executable, "-m", "crossjudge.service", "--port", str(port), "--redis-url", redis_url]
    with (folder / "service.log").open("wb") as log:
        process = psutil.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as http:

        def answers() -> bool:
            assert process.poll() is None, (folder / "service.log").read_text(errors="replace")
            try:
                return http.get("/healthz").status_code == 200
            except httpx2.TransportError:
                return False

        try:
            wait_for(answers, "the service's answer", 60)
            yield process, http
        finally:
            process.terminate()
            process.wait(30)


def peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.slow
def test_a_large_answer_takes_little_memory_and_is_made_no_faster_than_it_is_read(
    redis_url: str, worker: PlayedWorker, tmp_path: Path
) -> None:
    with service_process(redis_url, tmp_path) as (process, http), Redis.from_url(redis_url) as redis:
        batch = post(http, 100)  # 200,000 cells
        worker.work()
        redis.config_resetstat()

        def results_read() -> int:
            return int(redis.info("commandstats").get("cmdstat_hget", {}).get("calls", 0))

        before, size, end = peak_mb(process.pid), 0, b""
        with http.stream("GET", f"/v1/batches/{batch}", headers={"Accept-Encoding": "identity"}) as answer:
            pieces = answer.iter_raw()
            size += len(next(pieces))
            reads = [0, results_read()]
            while reads[-1] != reads[-2]:  # until the sockets between us are full
                time.sleep(1)
                reads.append(results_read())
            assert reads[-1] < redis.hlen(results_key(batch)), "all was read for a caller who has read nothing"
            assert httpx2.get(f"{http.base_url}/healthz", timeout=60).status_code == 200
            for piece in pieces:
                size, end = size + len(piece), (end + piece)[-6:]
        grown = peak_mb(process.pid) - before

    assert end == b":null}" and size > 15e6
    assert grown < 25, f"an answer of {size / 1e6:.0f} MB took {grown:.0f} MB"

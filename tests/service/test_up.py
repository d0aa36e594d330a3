"""`crossjudge up` as a person runs it: real Redis, service and workers, and nothing left of them afterwards."""

import json
import os
import signal
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

from crossjudge.service.children import Child
from crossjudge.service.embedded import free_port
from crossjudge.service.stack_folder import noted_redis

UP = [sys.executable, "-c", "import typer; from crossjudge.service.commands import up; typer.run(up)"]
KEYS = [sys.executable, "-m", "crossjudge.service.key_commands"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.endswith("REDIS_URL")}
BODY = {"problems": [{"solutions": ["x = 1"], "tests": ["assert x == 1", "assert x == 2"]}]}


@contextmanager
def running_up(data: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """An `up` with one worker, once it is ready; ended for certain with the block."""
    command = [*UP, "--json", "--workers", "1", "--port", str(free_port()), "--data", str(data), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert process.stdout is not None and process.stderr is not None
    try:
        line = process.stdout.readline()
        if not line:
            pytest.fail(f"up did not come up: {process.stderr.read()}")
        yield process, json.loads(line)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        process.stdout.close()
        process.stderr.close()


def family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def assert_all_end(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive, f"left behind: {[process.cmdline() for process in alive]}"


def verdicts(url: str) -> Any:
    answer = httpx2.post(f"{url}/v1/batches?wait=30", json=BODY, timeout=60)
    return answer.json()["problems"][0]["matrix"]


@pytest.mark.redis
@pytest.mark.nsjail
def test_up_judges_refuses_a_second_one_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with running_up(tmp_path) as (process, said):
        assert verdicts(said["url"]) == ["PF"]
        assert set(said["pids"]) == {"up", "service", "worker", "redis"} and said["redis_url"].startswith("redis://")
        assert noted_redis(tmp_path) == said["redis_url"]
        port = said["url"].rpartition(":")[2]
        for arguments, why in (
            (["--port", str(free_port()), "--data", str(tmp_path)], "another `crossjudge up`"),
            (["--port", port, "--data", str(tmp_path / "other")], f"cannot listen on 127.0.0.1:{port}"),
        ):
            second = subprocess.run([*UP, *arguments], capture_output=True, text=True, timeout=60, env=ENVIRONMENT)
            assert second.returncode == 1 and why in second.stderr and "Traceback" not in second.stderr
        processes = family(process.pid)
        assert len(processes) > 4
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert_all_end(processes)
        assert noted_redis(tmp_path) is None


@pytest.mark.redis
@pytest.mark.nsjail
def test_an_up_that_is_killed_outright_leaves_no_process_and_loses_no_batch(tmp_path: Path) -> None:
    with running_up(tmp_path) as (process, said):
        batch = httpx2.post(f"{said['url']}/v1/batches?wait=30", json=BODY, timeout=60).json()
        processes = family(process.pid)
        process.kill()
        process.wait(60)
        assert_all_end(processes)

    with running_up(tmp_path) as (_, said):
        assert httpx2.get(f"{said['url']}/v1/batches/{batch['id']}").json() == batch


@pytest.mark.redis
@pytest.mark.nsjail
def test_a_key_made_beside_a_running_up_closes_it_and_opens_it(tmp_path: Path) -> None:
    with running_up(tmp_path) as (_, said):
        made = subprocess.run(
            [*KEYS, "create", "acme", "--data", str(tmp_path)], capture_output=True, text=True, timeout=60,
            env=ENVIRONMENT,
        )  # fmt: skip
        key = {"Authorization": f"Bearer {made.stdout.strip()}"}

        assert httpx2.post(f"{said['url']}/v1/batches", json=BODY).status_code == 401
        answer = httpx2.post(f"{said['url']}/v1/batches?wait=30", json=BODY, headers=key, timeout=60).json()
        assert answer["problems"][0]["matrix"] == ["PF"]
        assert httpx2.get(f"{said['url']}/v1/runs", headers=key).json()["runs"][0]["executed"] == 2


@pytest.mark.redis
@pytest.mark.nsjail
def test_what_dies_is_started_again(tmp_path: Path) -> None:
    with running_up(tmp_path) as (process, said):
        for name in ("redis", "service", "worker"):
            os.kill(said["pids"][name], signal.SIGKILL)
        deadline = time.monotonic() + 60
        while True:
            try:
                assert verdicts(said["url"]) == ["PF"]
                break
            except (httpx2.HTTPError, KeyError, TypeError):
                assert time.monotonic() < deadline, "it did not come back"
                time.sleep(0.1)
        processes = family(process.pid)
        process.terminate()
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0 and "worker died (signal 9)" in errors and "Redis died" in errors
        assert_all_end(processes)


def test_an_up_whose_redis_does_not_answer_says_so(tmp_path: Path) -> None:
    away = {"REDIS_URL": f"redis://:secret@127.0.0.1:{free_port()}/0", "CROSSJUDGE_REDIS_WAIT_SECONDS": "0.2"}
    done = subprocess.run(
        [*UP, "--port", "0", "--data", str(tmp_path)],
        capture_output=True, text=True, timeout=60, env={**ENVIRONMENT, **away},
    )  # fmt: skip

    assert done.returncode == 1 and "no Redis answers at redis://127.0.0.1" in done.stderr
    assert "secret" not in done.stderr and "Traceback" not in done.stderr


def test_a_child_is_started_again_later_and_later(tmp_path: Path) -> None:
    child = Child("sleeper", [sys.executable, "-c", "raise SystemExit(7)"], tmp_path / "log", grace_s=1)
    child.start()
    happened: list[str] = []
    deadline = time.monotonic() + 30
    while len(happened) < 3:
        assert time.monotonic() < deadline
        if text := child.look_after():
            happened.append(text)
        time.sleep(0.01)
    child.stop()

    assert "died (status 7); it starts again in 0.5 s" in happened[0]
    assert "was started again" in happened[1] and "in 1 s" in happened[2]


def test_a_child_that_does_not_listen_is_killed_with_its_children(tmp_path: Path) -> None:
    script = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print('up', flush=True); time.sleep(600)"
    )
    child = Child("deaf", [sys.executable, "-c", script], tmp_path / "log", grace_s=0.2)
    child.start()
    deadline = time.monotonic() + 30
    while "up" not in child.tail():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert child.pid is not None
    processes = family(child.pid)
    assert len(processes) == 2

    child.stop()

    assert_all_end(processes)


def test_without_a_sandbox_nobody_else_is_listened_to(tmp_path: Path) -> None:
    command = [*UP, "--sandbox", "none", "--host", "0.0.0.0", "--data", str(tmp_path)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, env=ENVIRONMENT, check=False)
    named_by_environment = subprocess.run(
        [*UP, "--host", "::", "--data", str(tmp_path)],
        capture_output=True, text=True, timeout=60, env=ENVIRONMENT | {"CROSSJUDGE_SANDBOX": "none"}, check=False,
    )  # fmt: skip
    for each in (refused, named_by_environment):
        assert each.returncode == 1
        assert "--sandbox nsjail" in each.stderr and "127.0.0.1" in each.stderr
    assert not any(tmp_path.iterdir())

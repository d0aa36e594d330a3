"""`crossjudge worker` with real jails."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from redis import Redis

from crossjudge.contracts.queue import WORKERS, BatchField
from queued_batches import field, judge_of, put_batch, result_of, wait_for, wait_until_done

COMMAND = [sys.executable, "-m", "crossjudge.worker"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "200", **environment},
        check=False,
    )


@contextmanager
def worker(redis_url: str, log: Path, *arguments: str) -> Iterator[psutil.Popen]:
    """A worker that is asked to end in the end."""
    with log.open("w") as out:
        process = psutil.Popen([*COMMAND, "--redis-url", redis_url, *arguments], stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.redis
@pytest.mark.nsjail
def test_real_jails_judge_a_batch(redis: Redis, redis_url: str) -> None:
    solutions = ["def f(x): return x + 1", "def f(x): return x", "def f(:", "def f(x): raise KeyError(x)"]
    put_batch(redis, "b", solutions, ["assert f(1) == 2", "assert f(0) == 0"])
    done = run("--burst", "--workers", "2", "--redis-url", redis_url)
    assert done.returncode == 0, done.stderr
    assert field(redis, "b", BatchField.STATUS) == "done"
    results = [result_of(redis, "b", index) for index in range(4)]
    assert [result.rows[0].verdicts for result in results if result] == ["PF", "FP", "EE", "EE"]


@pytest.mark.redis
@pytest.mark.nsjail
def test_the_jails_of_a_worker_process_that_was_killed_end_with_it(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    with worker(redis_url, tmp_path / "log", "--workers", "1", "--jails", "2") as process:
        put_batch(redis, "b", ["import time\ntime.sleep(30)\ndef f(): return 1"], ["assert f() == 1"])
        wait_for(lambda: field(redis, "b", BatchField.STATUS) == "running")
        [child] = process.children()
        jails = child.children(recursive=True)
        assert len(jails) >= 2
        child.kill()
        psutil.wait_procs(jails, timeout=5)  # long before the cell's own limit
        assert [each for each in jails if each.is_running() and each.status() != psutil.STATUS_ZOMBIE] == []
        wait_for(lambda: process.children() not in ([], [child]))  # another worker has taken its place


@pytest.mark.redis
@pytest.mark.nsjail
def test_a_second_worker_started_later_takes_part_at_once(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    with worker(redis_url, tmp_path / "one", "--workers", "1", "--jails", "1", "--name", "one"):
        wait_for(lambda: redis.zcard(WORKERS) == 1)
        slow = [f"import time\ntime.sleep(0.3)\ndef f(): return {n}" for n in range(16)]
        put_batch(redis, "b", slow, ["assert f() >= 0"])
        with worker(redis_url, tmp_path / "two", "--workers", "1", "--jails", "1", "--name", "two"):
            wait_until_done(redis, "b")
    assert len({judge_of(redis, "b", index) for index in range(16)}) == 2


@pytest.mark.redis
def test_a_sandbox_that_cannot_start_ends_the_command_with_what_to_do(redis: Redis, redis_url: str) -> None:
    put_batch(redis, "b", ["pass"], ["pass"])
    ended = run("--redis-url", redis_url, "--workers", "3", CROSSJUDGE_NSJAIL_PATH="/nowhere/nsjail")
    assert ended.returncode == 1
    assert ended.stderr.count("The sandbox does not start: ") == 1
    assert "/nowhere/nsjail" in ended.stderr
    assert "crossjudge doctor" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert field(redis, "b", BatchField.STATUS) == "queued"


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["--redis-url", "localhost:6379"], {}, "localhost:6379"),
        (["--workers", "0"], {}, "--workers"),
        (["--jails", "0"], {}, "--jails"),
        (["--log-level", "loud"], {}, "loud"),
        ([], {"CROSSJUDGE_JAILS": "many"}, "many"),
        ([], {"REDIS_URL": "http://localhost"}, "http://localhost"),
    ],
)
def test_wrong_settings_are_said_in_a_line(arguments: list[str], environment: dict[str, str], said: str) -> None:
    ended = run(*arguments, **environment)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr

"""A bench with stand-in jails in this process, and worker processes that leave nothing behind."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis

from crossjudge.worker.bench import Bench, set_up
from crossjudge.worker.commit import Ledger
from crossjudge.worker.leases import LeaseKeeper
from crossjudge.worker.patience import connect
from crossjudge.worker.registry import describe
from crossjudge.worker.shutdown import Shutdown
from stand_in_worker import StandInPool, StartWorker

SCRIPT = Path(__file__).parent.parent / "stand_in_worker.py"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with connect(redis_url) as connection:
        yield connection


@pytest.fixture
def stand_in() -> StandInPool:
    return StandInPool()


@pytest.fixture
def bench(redis: Redis, redis_url: str, stand_in: StandInPool) -> Iterator[Bench]:
    """This process as a worker whose pulse beats fast."""
    with connect(redis_url) as pulse:
        leases = LeaseKeeper(pulse, describe("here", jails=1), beat_s=0.05)
        tools = Bench("here", stand_in, Ledger(redis), leases, Shutdown())
        set_up(tools)
        leases.start()
        yield tools
        leases.close()
        set_up(None)


@pytest.fixture
def start_worker(redis_url: str, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts a supervisor with stand-in workers. Whatever is left at the end fails the test, and is killed."""
    started: list[subprocess.Popen[str]] = []
    urls = {redis_url}

    def start(*arguments: str, url: str = redis_url) -> subprocess.Popen[str]:
        log = (tmp_path / f"worker-{len(started)}.log").open("w")
        with log:
            command = [sys.executable, str(SCRIPT), "--redis-url", url, *arguments]
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, text=True)
        started.append(process)
        urls.add(url)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(15)
    left = [each for each in psutil.process_iter(["cmdline", "status"]) if _is_ours(each, urls)]
    for each in left:
        each.kill()
    assert not left, f"processes left behind: {left}"


def _is_ours(process: psutil.Process, urls: set[str]) -> bool:
    """Whether it is a stand-in at one of our Redis servers: other tests, with theirs, may run beside this one."""
    words = process.info["cmdline"] or []
    # A zombie is over: it waits for pid 1 to notice, which in some containers takes its time.
    return str(SCRIPT) in words and not urls.isdisjoint(words) and process.info["status"] != psutil.STATUS_ZOMBIE

"""What tests of several packages share: a real Redis, and the data that lies beside some checkouts."""

import os
import signal
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from crossjudge.service.embedded import EmbeddedRedis, EmbeddedRedisError
from crossjudge.worker.pool import JailPool
from judged_cells import jail_pool

REPOSITORY = Path(__file__).parent.parent
# Several tests run at once: threads of torch would wait for one another, and take many times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")
OF_THE_TRAINER = ("datasets", "peft", "torch", "transformers", "trl")  # whose absence its tests are skipped for

# A busy machine is slow, not wrong: no test of ours is timed, those that Hypothesis makes among them.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_configure() -> None:
    """A shell that runs tests in the background has them ignore Ctrl-C, and so would all that they start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.environ.get("CROSSJUDGE_SANDBOX") == "none":
        pytest.exit("CROSSJUDGE_SANDBOX=none: hostile programs would run as you, on this machine", returncode=2)
    absent = [name for name in OF_THE_TRAINER if find_spec(name) is None]
    if "CI" in os.environ and absent:
        pytest.exit(f"in CI the trainer's tests must run, and {', '.join(absent)} cannot be imported", returncode=2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, what stands for the sandbox and the queue must run: a skip there would be green and say nothing."""
    report = yield
    must_run = "CI" in os.environ and any(map(item.get_closest_marker, ("redis", "nsjail")))
    is_excused = "no benchmark data" in str(report.longrepr)  # that is not ours to ship
    if report.skipped and must_run and not is_excused:
        report.outcome = "failed"
        report.longrepr = f"in CI this must not be skipped: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """One real redis-server for the whole test run."""
    server = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
    except EmbeddedRedisError as error:
        pytest.skip(str(error))
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: EmbeddedRedis) -> Iterator[str]:
    """The URL of that server, emptied before and after the test."""
    with Redis.from_url(redis_server.url) as connection:
        connection.flushall()
        yield redis_server.url
        connection.flushall()


@pytest.fixture(scope="module")
def pool() -> Iterator[JailPool]:
    """Two jails; another number for tests that need one is `jail_pool` itself."""
    with jail_pool() as jails:
        yield jails


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of benchmark data that is not part of the project; the test skips where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no benchmark data at {folder}")
    return folder

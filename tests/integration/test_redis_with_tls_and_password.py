"""Service and workers on a Redis that wants TLS and a password; and where that password never is."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest
from redis import Redis

from crossjudge.client import Client, CrossjudgeError
from crossjudge.service.embedded import EmbeddedRedis, EmbeddedRedisError, free_port
from queued_batches import wait_for
from running_stack import COMMAND, end, what_is_broken
from tls import make_certificates, tls_in_front_of

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

PASSWORD = "s3cret-of-redis"
EVERYTHING = "import os\ndef f(): return '\\n'.join([*os.environ.values(), *os.environ])"


@dataclass(frozen=True)
class Guarded:
    """A Redis behind TLS and a password."""

    url: str
    folder: Path
    authority: Path
    address: str


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    certificates = make_certificates(tmp_path / "tls")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(EmbeddedRedis(tmp_path / "redis"))
        except EmbeddedRedisError as error:
            pytest.skip(str(error))
        port = stack.enter_context(tls_in_front_of(server.port, certificates))
        with Redis.from_url(server.url) as redis:
            redis.config_set("requirepass", PASSWORD)
        address = f"127.0.0.1:{port}/0"
        url = f"rediss://:{PASSWORD}@{address}?ssl_ca_certs={certificates.authority}"
        yield Guarded(url, tmp_path, certificates.authority, address)


@contextmanager
def started(guarded: Guarded, *arguments: str) -> Iterator[psutil.Popen]:
    environment = {**os.environ, "REDIS_URL": guarded.url, "CROSSJUDGE_LOG_LEVEL": "debug"}
    environment.pop("CROSSJUDGE_REDIS_URL", None)
    with (guarded.folder / f"{arguments[0]}.log").open("w") as log:
        process = psutil.Popen([*COMMAND, *arguments], stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        end(process)


def said(guarded: Guarded) -> str:
    return "\n".join(file.read_text(errors="replace") for file in guarded.folder.glob("**/*.log"))


def shown_in_process_lists(processes: list[psutil.Process]) -> str:
    return "\n".join(" ".join(each.cmdline()) for root in processes for each in [root, *root.children(recursive=True)])


def jails_environments(worker: psutil.Process) -> str:
    """Of nsjail, and of the supervisor inside; not of the worker's own processes, which have to know."""
    own = [worker, *worker.children()]
    return "\n".join(str(each.environ()) for each in worker.children(recursive=True) if each not in own)


def is_ready(url: str) -> bool:
    with Client(url) as judge:
        try:
            return bool(judge.ready().workers)
        except CrossjudgeError:
            return False


def test_a_batch_is_judged_and_the_password_is_nowhere(guarded: Guarded) -> None:
    if broken := what_is_broken():
        pytest.skip(f"the sandbox does not work here: {broken}")
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with (
        started(guarded, "serve", "--port", port) as service,
        started(guarded, "worker", "--workers", "1", "--jails", "1") as worker,
    ):
        wait_for(lambda: is_ready(url), "readiness")
        answer = httpx2.post(
            f"{url}/v1/batches?wait=60", timeout=90,
            json={"problems": [{"solutions": [EVERYTHING], "tests": [f"assert {PASSWORD!r} not in f()"],
                                "entry_point": "f"}], "detail": "full"},
        )  # fmt: skip
        [problem] = answer.json()["problems"]
        assert problem["matrix"] == ["P"], said(guarded)
        listed = shown_in_process_lists([service, worker])
        inside = jails_environments(worker)
    assert "crossjudge" in listed and "PATH" in inside
    for place in (listed, inside, answer.text, said(guarded)):
        assert PASSWORD not in place


def test_up_hands_the_url_on_where_nobody_can_read_it(guarded: Guarded) -> None:
    if broken := what_is_broken():
        pytest.skip(f"the sandbox does not work here: {broken}")
    command = [*COMMAND, "up", "--json", "--workers", "1", "--port", "0", "--data", str(guarded.folder / "data")]
    environment = {**os.environ, "CROSSJUDGE_REDIS_URL": guarded.url}
    process = psutil.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        assert json.loads(line)["redis_url"] == f"rediss://{guarded.address}"
        listed = shown_in_process_lists([process])
        assert "crossjudge.worker" in listed and "crossjudge.service" in listed
    finally:
        process.terminate()
        rest = "".join(process.communicate(timeout=60))
    for place in (listed, line, rest, said(guarded)):
        assert PASSWORD not in place


@pytest.mark.parametrize("part", ["serve", "worker"])
def test_a_certificate_of_another_authority_is_refused(guarded: Guarded, part: str) -> None:
    others = make_certificates(guarded.folder / "others")
    url = guarded.url.replace(str(guarded.authority), str(others.authority))
    environment = {**os.environ, "REDIS_URL": url, "CROSSJUDGE_REDIS_WAIT_SECONDS": "0"}
    environment.pop("CROSSJUDGE_REDIS_URL", None)
    arguments = ["--port", str(free_port())] if part == "serve" else ["--workers", "1", "--jails", "1"]
    with (guarded.folder / "refused.log").open("w") as log:
        process = psutil.Popen([*COMMAND, part, *arguments], stdout=log, stderr=log, env=environment)
    try:
        wait_for(lambda: "certificate verify failed" in said(guarded).lower(), "the refusal")
    finally:
        end(process)
    assert PASSWORD not in said(guarded) and "Traceback" not in said(guarded)


@pytest.mark.parametrize("part", ["serve", "worker"])
@pytest.mark.parametrize(
    "url",
    [
        f"redis://:{PASSWORD[:3]}/{PASSWORD[3:]}@127.0.0.1:1/0",  # bare "/", "?", "#": the port is then a piece of it
        f"redis://:{PASSWORD[:3]}?{PASSWORD[3:]}@127.0.0.1:1/0",
        f"redis://:{PASSWORD[:3]}#{PASSWORD[3:]}@127.0.0.1:1/0",
        f"http://:{PASSWORD}@127.0.0.1:1/0",
        f":{PASSWORD}@127.0.0.1:1",
        f"redis://127.0.0.1:x/0?password={PASSWORD}",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_its_password(part: str, url: str) -> None:
    environment = {**os.environ, "REDIS_URL": url, "COLUMNS": "300", "NO_COLOR": "1"}
    environment.pop("CROSSJUDGE_REDIS_URL", None)
    ended = subprocess.run(
        [sys.executable, "-m", f"crossjudge.{'service' if part == 'serve' else part}"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2 and "percent-encoded" in ended.stderr and "Traceback" not in ended.stderr
    for piece in (PASSWORD, PASSWORD[:3], PASSWORD[3:]):
        assert piece not in ended.stderr


@pytest.mark.parametrize("module", ["crossjudge.service", "crossjudge.worker"])
def test_a_password_on_the_command_line_is_warned_of(module: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", module, "--redis-url", f"redis://:{PASSWORD}@127.0.0.1:x/0"],
        capture_output=True, text=True, timeout=60, check=False, env={**os.environ, "COLUMNS": "300"},
    )  # fmt: skip
    assert ended.returncode == 2 and PASSWORD not in ended.stderr
    assert "list of processes: set REDIS_URL instead" in ended.stderr

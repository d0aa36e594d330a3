"""`make compose-test`: the stack in containers, asked from the host. Needs Docker with Compose v2.

Brings the stack up under a project name of its own and with a password for Redis, judges the example problems, restarts
the service and the workers while batches run, compares every letter with what is expected, and takes the stack down
again, its volume too. Then it builds the trainer's image without torch and asks it for help.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossjudge.client import Client, Grid

REPOSITORY = Path(__file__).parent.parent.parent
EXAMPLES = REPOSITORY / "examples"
LIMITS = {"cpu_seconds": 1, "wall_seconds": 5}
START_TIMEOUT_S = 900  # images are built from nothing the first time
JUDGE_TIMEOUT_S = 300


def compose(*arguments: str, timeout: float = 120) -> None:
    subprocess.run(["docker", "compose", *arguments], cwd=REPOSITORY, check=True, timeout=timeout)


@contextmanager
def stack() -> Iterator[str]:
    """The stack's URL; a failure shows the containers' logs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    os.environ |= {
        "CROSSJUDGE_PORT": port,
        "COMPOSE_PROJECT_NAME": f"crossjudge-test-{os.getpid()}",
        "CROSSJUDGE_REDIS_PASSWORD": secrets.token_hex(16),
    }
    try:
        compose("up", "--build", "--wait", "--detach", timeout=START_TIMEOUT_S)
        yield f"http://127.0.0.1:{port}"
    except BaseException:
        compose("logs", "--tail", "40")
        raise
    finally:
        compose("down", "--volumes", "--timeout", "20")


def check_redis_wants_its_password() -> None:
    command = ["docker", "compose", "exec", "-T", "redis", "redis-cli", "ping"]
    said = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
    assert "NOAUTH" in said.stdout + said.stderr, f"Redis answers without a password: {said}"


def check_trainer_image() -> None:
    image = f"crossjudge-trainer-test-{os.getpid()}"
    build = ["docker", "build", "-f", "docker/trainer.Dockerfile", "--build-arg", "TORCH=none", "-t", image, "."]
    subprocess.run(build, cwd=REPOSITORY, check=True, timeout=START_TIMEOUT_S)
    try:
        run = ["docker", "run", "--rm", "--read-only", "--cap-drop", "ALL", image]
        said = subprocess.run(run, capture_output=True, text=True, timeout=120, check=True).stdout
        assert "verify" in said, f"the trainer's image does not say what it can do: {said}"
    finally:
        subprocess.run(["docker", "image", "rm", "-f", image], check=False, timeout=60)


def lines(path: Path) -> Iterator[dict[str, object]]:
    yield from map(json.loads, path.read_text("utf-8").splitlines())


def differences(grids: list[Grid]) -> list[str]:
    """Rows that are not as expected, in words."""
    expected = {str(line["id"]): line["matrix"] for line in lines(EXAMPLES / "expected.jsonl")}
    assert {grid.id for grid in grids} == expected.keys(), "not every problem came back"
    return [
        f"{grid.id}: {grid.verdicts}, not {expected[grid.id]}" for grid in grids if grid.verdicts != expected[grid.id]
    ]


def main() -> None:
    if shutil.which("docker") is None:
        sys.exit("docker is not installed: this test brings up docker-compose.yml")
    problems = list(lines(EXAMPLES / "problems.jsonl"))
    with stack() as url, Client(url, run="compose-test", limits=LIMITS, cache=False) as judge:
        streamed = list(judge.stream(problems, cells_per_batch=50))
        batch = judge.submit(problems)
        compose("restart", "service")
        restarted = judge.results(batch, timeout=JUDGE_TIMEOUT_S)
        batch = judge.submit(problems)
        compose("restart", "worker")
        drained = judge.results(batch, timeout=JUDGE_TIMEOUT_S)
        check_redis_wants_its_password()
        all_grids = [streamed, restarted, drained]
        wrong = [difference for grids in all_grids for difference in differences(grids)]
        if wrong:
            raise SystemExit("\n".join(wrong))
    check_trainer_image()
    cells = sum(len(row) for grids in all_grids for grid in grids for row in grid.verdicts)
    print(f"{cells} cells judged in containers, every letter as expected")


if __name__ == "__main__":
    main()

"""Everything breaks at random while clients work: each cell is judged once as they see it, rightly, and none is lost.

A minute of it runs with all tests; `make chaos` takes CHAOS_CELLS cells (100,000) and as long as they take.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from redis import Redis

from crossjudge.client import Client, Patience
from crossjudge.contracts import BatchState, Problem
from crossjudge.contracts.queue import attempts_key
from queued_batches import wait_for
from running_stack import RunningStack, kill_family, running

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

CELLS = int(os.environ.get("CHAOS_CELLS", "10000"))
SEED = int(os.environ.get("CHAOS_SEED", "0"))
SIDE = 16
PROBLEMS_A_BATCH = 5
CLIENTS = 4
PATIENCE = Patience(busy=300, unreachable=300, longest_pause=2)
REDELIVERED_S = 5.0


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[RunningStack]:
    with running(tmp_path, chunk_cells=64) as parts:
        yield parts


def problem(number: int) -> Problem:
    """Solution s is wrong about inputs that s divides; no cell of one problem is one of another."""
    solutions = [f"def f(x):\n    return x * {number} + (1 if x % {row + 2} == 0 else 0)\n" for row in range(SIDE)]
    tests = [f"assert f({x}) == {x * number}" for x in range(1, SIDE + 1)]
    return Problem(id=str(number), solutions=solutions, tests=list(tests))


TRUTH = ["".join("F" if x % (row + 2) == 0 else "P" for x in range(1, SIDE + 1)) for row in range(SIDE)]


class Leaky(httpx2.HTTPTransport):
    """A network that loses one answer in ten, after the service has acted on the request."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self._chance = chance

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = super().handle_request(request)
        if self._chance.random() < 0.1:
            answer.close()
            raise httpx2.ReadError("the connection broke", request=request)
        return answer


class Monkey:
    """Breaks one thing after the other."""

    def __init__(self, stack: RunningStack, chance: random.Random) -> None:
        self.stack = stack
        self.chance = chance
        self.done: Counter[str] = Counter()

    def break_something(self) -> None:
        others = [self.lose_a_machine, self.kill_redis, self.kill_service]
        action = self.chance.choice([*[self.kill_a_worker] * 5, *others])
        action()
        self.done[action.__name__] += 1

    def kill_a_worker(self) -> None:
        """One worker process and its jails; its supervisor starts another."""
        if alive := [child for worker in self.stack.workers for child in worker.children()]:
            kill_family(self.chance.choice(alive))

    def lose_a_machine(self) -> None:
        """All workers of one supervisor at once; others come up elsewhere."""
        lost = self.stack.workers.pop()
        kill_family(lost)
        lost.wait(10)
        self.stack.start_worker("--workers", "2", "--jails", "1")

    def kill_redis(self) -> None:
        self.stack.redis.kill()
        time.sleep(self.chance.uniform(0.1, 1.0))
        self.stack.redis.start()

    def kill_service(self) -> None:
        assert self.stack.service is not None
        self.stack.service.send_signal(signal.SIGKILL)
        self.stack.service.wait(10)
        self.stack.start_service()


@contextmanager
def chaos(monkey: Monkey) -> Iterator[None]:
    over = threading.Event()
    failed: list[BaseException] = []

    def body() -> None:
        try:
            while not over.wait(monkey.chance.uniform(0.3, 1.5)):
                monkey.break_something()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=body, name="monkey")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failed:
        raise failed[0]


def work_through(url: str, numbers: list[int], seed: int) -> dict[int, list[str]]:
    """One client: posts batch after batch and believes no answer it did not get. Returns matrices by problem."""
    found: dict[int, list[str]] = {}
    with Client(
        url, run=f"client-{seed}", cache=False, patience=PATIENCE, transport=Leaky(random.Random(seed))
    ) as client:
        for start in range(0, len(numbers), PROBLEMS_A_BATCH):
            asked = numbers[start : start + PROBLEMS_A_BATCH]
            done = client.wait(client.submit([problem(number) for number in asked]))
            assert done.status is BatchState.DONE, done.error
            cells = len(asked) * SIDE * SIDE
            assert (done.cells.total, done.cells.done, done.cells.executed) == (cells, cells, cells)
            assert done.problems is not None
            found |= {number: result.matrix for number, result in zip(asked, done.problems, strict=True)}
    return found


def test_nothing_is_lost_and_nothing_counts_twice_whatever_breaks(stack: RunningStack) -> None:
    count = max(CLIENTS, CELLS // SIDE**2)
    shares = [list(range(1000 + first, 1000 + count, CLIENTS)) for first in range(CLIENTS)]
    monkey = Monkey(stack, random.Random(SEED))
    with chaos(monkey), ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(work_through, [stack.url] * CLIENTS, shares, range(CLIENTS)))
    print(f"broken meanwhile: {dict(monkey.done)}")
    matrices = {number: matrix for answer in answers for number, matrix in answer.items()}
    assert sorted(matrices) == sorted(number for share in shares for number in share)
    wrong = {number: matrix for number, matrix in matrices.items() if matrix != TRUTH}
    assert not wrong, f"{len(wrong)} of {count} matrices differ; the first: {next(iter(wrong.items()))}"
    assert monkey.done["kill_a_worker"]
    with Client(stack.url) as client:
        batches = sum(run.batches for run in client.runs())
    assert batches == sum(-(-len(share) // PROBLEMS_A_BATCH) for share in shares), "a batch was made twice"


def test_what_a_killed_worker_held_is_redelivered_within_seconds(stack: RunningStack) -> None:
    with Client(stack.url) as client:
        slow = "import time\ntime.sleep(2)\ndef f(): return 1"
        batch = client.submit([{"solutions": [slow], "tests": ["assert f() == 1"]}], limits={"wall_seconds": 10})
        wait_for(lambda: client.status(batch).status is BatchState.RUNNING, "its start")
        for worker in stack.workers:
            for child in worker.children():
                child.kill()
        with Redis.from_url(stack.redis.url) as redis:
            wait_for(lambda: redis.hget(attempts_key(batch.id), "0") == b"2", "a second delivery", REDELIVERED_S)
        assert client.results(batch)[0].verdicts == ["P"]

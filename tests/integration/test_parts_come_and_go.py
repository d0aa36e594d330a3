"""Parts of the stack end, die and join while batches are under way: a batch accepted is finished, each cell once."""

from typing import Any

import psutil
import pytest

from crossjudge.client import Client
from crossjudge.contracts import BatchState, BatchStatus
from queued_batches import wait_for
from running_stack import RunningStack

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

TESTS = ["assert f() >= 0", "assert f() % 2 == 0"]


def some_work(solutions: int, seconds: float = 0.1) -> list[dict[str, Any]]:
    """A problem a solution, so that each is a chunk of its own."""
    return [
        {"id": str(n), "solutions": [f"import time\ntime.sleep({seconds})\ndef f(): return {n}"], "tests": TESTS}
        for n in range(solutions)
    ]


def finish(judge: Client, batch: BatchStatus, problems: int) -> None:
    """Wait for the end, and see that each cell was judged, right, and counted once."""
    done = judge.wait(batch, timeout=120)
    assert done.status is BatchState.DONE
    # What a worker had kept before it was killed is not judged again, and then counts as cached.
    assert (done.cells.done, done.cells.executed + done.cells.cached) == (2 * problems, 2 * problems)
    assert done.problems is not None
    assert [problem.matrix for problem in done.problems] == [["PP" if n % 2 == 0 else "PF"] for n in range(problems)]


def wait_until_half_done(judge: Client, batch: BatchStatus) -> None:
    wait_for(lambda: judge.status(batch).cells.done >= 4, "some progress")


def test_a_second_worker_started_later_takes_part_at_once(own_stack: RunningStack) -> None:
    with Client(own_stack.url) as judge:
        batch = judge.submit(some_work(60, 0.2))
        wait_until_half_done(judge, batch)
        before = judge.ready().workers
        own_stack.start_worker("--workers", "1", "--jails", "2", "--name", "late")
        wait_for(lambda: judge.ready().workers == (before or 0) + 1, "the second worker")
        assert judge.status(batch).status is BatchState.RUNNING
        wait_for(lambda: '"late-0"' in own_stack.log() and "handed in" in own_stack.worker_log(1), "its first chunk")
        finish(judge, batch, 60)


def test_a_service_that_was_restarted_finishes_what_it_had_accepted(own_stack: RunningStack) -> None:
    with Client(own_stack.url) as judge:
        batch = judge.submit(some_work(30))
        wait_until_half_done(judge, batch)
        own_stack.stop_service()
        own_stack.start_service()
        finish(judge, batch, 30)


def test_a_service_that_was_killed_finishes_what_it_had_accepted(own_stack: RunningStack) -> None:
    with Client(own_stack.url) as judge:
        batch = judge.submit(some_work(30))
        assert own_stack.service is not None
        own_stack.service.kill()
        own_stack.service.wait(10)
        own_stack.start_service()
        finish(judge, batch, 30)


def test_a_batch_outlives_a_power_cut_of_redis(own_stack: RunningStack) -> None:
    with Client(own_stack.url) as judge:
        batch = judge.submit(some_work(30))
        wait_until_half_done(judge, batch)
        own_stack.redis.stop()
        own_stack.redis.start()
        finish(judge, batch, 30)


def test_workers_killed_at_work_cost_nothing_but_time(own_stack: RunningStack) -> None:
    with Client(own_stack.url) as judge:
        batch = judge.submit(some_work(30, 0.2))
        wait_until_half_done(judge, batch)
        [supervisor] = own_stack.workers
        children: list[psutil.Process] = supervisor.children()
        assert len(children) == 2
        for child in children:
            child.kill()
        finish(judge, batch, 30)


def test_a_worker_asked_to_end_hands_over_to_the_next(own_stack: RunningStack) -> None:
    with Client(own_stack.url) as judge:
        batch = judge.submit(some_work(30))
        wait_until_half_done(judge, batch)
        [first] = own_stack.workers
        first.terminate()
        assert first.wait(20) == 0
        own_stack.start_worker("--workers", "2", "--jails", "1")
        finish(judge, batch, 30)

"""Groups through the real stack: callers that come alone, judged together in real jails, and what programs try."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from crossjudge.client import AsyncClient, Client, Conflict, Patience, SampleAnswer
from queued_batches import wait_for
from running_stack import RunningStack

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

PROBLEM: dict[str, Any] = {"entry_point": "f", "tests": ["assert f(1) == 2", "assert f(2) == 3"]}
RIGHT, HALF, WRONG = "def f(x): return x + 1", "def f(x): return 2", "def f(x): return None"


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(32) as pool:
        yield pool


def test_concurrent_callers_get_each_their_own_reward(stack: str) -> None:
    async def ask() -> list[SampleAnswer]:
        texts = [RIGHT, HALF, WRONG, "def f(", RIGHT, "import os; os._exit(0)", "", "def f(x): return 3"] * 3
        async with AsyncClient(stack, run="groups") as one, AsyncClient(stack, run="groups") as two:
            asked = [
                judge.sample(f"concurrent/{n // 8}", size=8, solution=text, problem=PROBLEM)
                for n, (text, judge) in enumerate(zip(texts, [one, two] * 12, strict=True))
            ]
            return list(await asyncio.gather(*asked))

    answers = asyncio.run(ask())

    assert [answer.reward for answer in answers] == [1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.5] * 3
    assert len({answer.batch for answer in answers}) == 3 and {answer.came for answer in answers} == {8}
    broken = answers[3].solution
    assert broken is not None and broken.status == "syntax_error" and answers[3].row == "EE"


def test_coders_and_testers_of_a_group_judge_each_other(stack: str, threads: ThreadPoolExecutor) -> None:
    samples: list[dict[str, Any]] = [
        {"solution": RIGHT}, {"solution": RIGHT + "\n"}, {"solution": HALF}, {"solution": "import nothing"},
        {"test": "assert f(5) == 6"}, {"test": "assert f(1) == 2"}, {"test": "assert f(5) == 7"},
        {"test": "assert True"}, {"test": "assert f(1) =="},
    ]  # fmt: skip
    with Client(stack, run="groups") as judge:
        asked = [
            threads.submit(judge.sample, "mixed", size=len(samples), problem=PROBLEM, **sample) for sample in samples
        ]
        answers = [each.result() for each in asked]

    assert [answer.reward for answer in answers[:4]] == [0.8, 0.8, 0.4, 0.0]
    assert [answer.reward for answer in answers[4:]] == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert "never uses" in str(answers[7].reason) and "broken by itself" in str(answers[8].reason)


def test_what_a_sample_does_to_its_surroundings_is_not_its_neighbours_loss(
    stack: str, threads: ThreadPoolExecutor
) -> None:
    hostile = [
        "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\ndef f(x): return x + 1",
        "def f(x):\n    while True: pass",
        "class Always:\n    def __eq__(self, other): return True\ndef f(x): return Always()",
        "import sys\nprint('{\"reward\": 1.0}')\nsys.exit(0)",
        "\x00\ud800",
    ]
    samples = [RIGHT, *hostile, HALF]
    with Client(stack, run="groups", limits={"cpu_seconds": 0.5, "wall_seconds": 3}) as judge:
        asked = [
            threads.submit(judge.sample, "hostile", size=len(samples), solution=text, problem=PROBLEM)
            for text in samples
        ]
        answers = [each.result() for each in asked]

    assert (answers[0].reward, answers[-1].reward) == (1.0, 0.5)
    assert [answer.reward for answer in answers[2:-1]] == [0.0] * 4
    assert all(answer.solution is not None for answer in answers)


def test_a_retry_counts_once_and_a_late_sample_ends_nothing_but_its_own_group(
    stack: str, threads: ThreadPoolExecutor
) -> None:
    with Client(stack, run="groups") as judge:
        retried = [
            threads.submit(judge.sample, "retried", size=2, solution=RIGHT, problem=PROBLEM, sample="a")
            for _ in range(3)
        ]
        late = threads.submit(
            judge.sample, "late", size=2, solution=RIGHT, problem=PROBLEM, deadline_seconds=1, sample="a"
        )
        with pytest.raises(Conflict, match="1 of 2 samples"):
            late.result()
        with pytest.raises(Conflict, match="1 of 2 samples"):
            judge.sample("late", size=2, solution=WRONG, problem=PROBLEM)
        other = judge.sample("retried", size=2, solution=HALF, problem=PROBLEM, sample="b")
        answers = [each.result() for each in retried]

    assert other.reward == 0.5 and answers[0].reward == 1.0
    assert answers == [answers[0]] * 3


def test_a_service_restarted_while_samples_wait_loses_none(
    own_stack: RunningStack, threads: ThreadPoolExecutor
) -> None:
    with Client(own_stack.url, patience=Patience(unreachable=60)) as judge:
        asked = [
            threads.submit(judge.sample, "k", size=4, solution=text, problem=PROBLEM) for text in (RIGHT, HALF, WRONG)
        ]
        wait_for(lambda: "crossjudge_waiters 3.0" in httpx2.get(f"{own_stack.url}/metrics").text, "three who wait")
        own_stack.stop_service()
        own_stack.start_service()
        last = judge.sample("k", size=4, solution=RIGHT, problem=PROBLEM)

        assert [each.result().reward for each in asked] == [1.0, 0.5, 0.0]
    assert last.came == 4 and last.reward == 1.0

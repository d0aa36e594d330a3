"""pass@5, mut@5 and Mul of tests that are known."""

import pytest

from crossjudge.client import Client
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.generation import Completion
from crossjudge.trainer.training.five_tests import marks_of_five
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import Replies, rollout_of

pytestmark = [pytest.mark.nsjail, pytest.mark.redis]

PROBLEM = TrainingProblem.model_validate({
    "id": "p", "prompt": "add one", "entry_point": "f", "reference_solution": "def f(x): return x + 1",
    "reference_tests": ["assert f(1) == 2", "assert f(-5) == -4"],
})  # fmt: skip


def replies(*texts: str) -> Replies:
    return Replies((), tuple(Completion((), None, text, False) for text in texts))


def figures(client: Client, *texts: str) -> dict[str, float]:
    judge = Judge(client, 0, print)
    rollout = rollout_of(PROBLEM, replies("def f(x): return x"), replies(*texts), 4)
    marks = marks_of_five(judge.judge([rollout], with_references=True), judge, 6)
    return {name: mark.value for name, mark in marks.items()}


def test_the_reference_says_what_is_right_and_its_mutants_what_is_noticed(judge: Client) -> None:
    reply = "assert f(2) == 3\nassert f(0) == 1\nassert f(2) == 4\nassert True"
    # Three tests of a reply mention f; the sixth is looked at by nobody.
    assert figures(judge, reply, reply) == {"tests/pass@5": 0.8, "tests/mut@5": 1, "tests/mul": 0.8}


def test_wrong_tests_and_missing_ones_notice_nothing(judge: Client) -> None:
    nothing = {"tests/pass@5": 0, "tests/mut@5": 0, "tests/mul": 0}
    assert figures(judge, "assert f(2) == 4") == figures(judge, "I cannot.") == nothing
    weak = figures(judge, "assert f(2) > 0")
    assert weak["tests/pass@5"] == 0.2 and 0 <= weak["tests/mut@5"] < 1

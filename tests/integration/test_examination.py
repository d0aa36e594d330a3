"""pass@5, mut@5 and Mul of a tester whose tests are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from crossjudge.client import Client
from crossjudge.trainer.data import Template, TrainingProblem
from crossjudge.trainer.generation import Completion, Sampling
from crossjudge.trainer.training.examination import examined
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import Player

pytestmark = [pytest.mark.nsjail, pytest.mark.redis]

PROBLEM = TrainingProblem.model_validate({
    "id": "p", "prompt": "add one", "entry_point": "f", "reference_solution": "def f(x): return x + 1",
    "reference_tests": ["assert f(1) == 2", "assert f(-5) == -4"],
})  # fmt: skip


@dataclass
class Words:
    """A tokenizer for which each character is a token."""

    def encode(self, text: str) -> list[int]:
        return [ord(char) for char in text]


@dataclass
class Reciting:
    """A generator that always says the same, and remembers what it was asked."""

    text: str

    def generate(self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int) -> Any:
        self.asked = ["".join(map(chr, prompt)) for prompt in prompts]
        self.n = n
        return [[Completion((), None, self.text, False)] * n for _ in prompts]


def figures(judge: Client, text: str, tests_per_reply: int) -> tuple[dict[str, float], Reciting]:
    speaker = Reciting(text)
    tester = Player(speaker, Words(), Template("{prompt}: {code}"), Sampling(), 8)
    return examined([PROBLEM], tester, Judge(judge, 0, print), 6, tests_per_reply, 0), speaker


def test_the_reference_says_what_is_right_and_its_mutants_what_is_noticed(judge: Client) -> None:
    found, speaker = figures(judge, "assert f(2) == 3\nassert f(0) == 1\nassert f(2) == 4\nassert True", 4)
    assert (speaker.asked, speaker.n) == (["add one: def f(x): return x + 1"], 2)
    # Two replies of three tests that mention f, of which the first five are looked at.
    assert found == {"tests/pass@5": 0.8, "tests/mut@5": 1, "tests/mul": 0.8}


def test_wrong_tests_and_missing_ones_notice_nothing(judge: Client) -> None:
    assert figures(judge, "assert f(2) == 4", 5)[0] == {"tests/pass@5": 0, "tests/mut@5": 0, "tests/mul": 0}
    assert figures(judge, "I cannot.", 1)[0] == {"tests/pass@5": 0, "tests/mut@5": 0, "tests/mul": 0}
    weak, speaker = figures(judge, "assert f(2) > 0", 1)
    assert speaker.n == 5
    assert weak["tests/pass@5"] == 1 and 0 <= weak["tests/mut@5"] < 1

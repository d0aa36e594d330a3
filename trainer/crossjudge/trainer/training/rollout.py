"""Replies of a role to problems, and the solutions or tests in them. Knows nothing of rewards."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.contracts import AssertTest, Test
from crossjudge.trainer.data import Template, TrainingProblem, cut_tests, solution_of
from crossjudge.trainer.generation import Completion, Generator, Sampling

from .own_cuts import own_solution, own_tests

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Player:
    """One role: who samples, what it is asked, and how."""

    generator: Generator
    tokenizer: Any
    template: Template
    sampling: Sampling
    num_generations: int
    context_length: int | None = None
    """Longest prompt and reply together, in tokens; None where the model sets no bound."""
    extract: Callable[..., Any] | None = None
    """A user's own function that cuts replies, see `own_cuts`."""

    def replies(
        self, problems: Sequence[TrainingProblem], seed: int, n: int | None = None, codes: Sequence[str] | None = None
    ) -> list["Replies"]:
        """`n` replies (`num_generations` where left out) to each problem; to its code, where the template shows any."""
        shown = codes if codes is not None and self.template.shows_code else [None] * len(problems)
        prompts = [self.prompt_ids(problem, code) for problem, code in zip(problems, shown, strict=True)]
        drawn = self.generator.generate(prompts, n or self.num_generations, self.sampling, seed)
        return [Replies(ids, tuple(of_one), self.extract) for ids, of_one in zip(prompts, drawn, strict=True)]

    def prompt_ids(self, problem: TrainingProblem, code: str | None = None) -> tuple[int, ...]:
        """The template's text, as a user's message where the tokenizer has a chat template."""
        text = self.template.fill(prompt=problem.prompt, entry_point=problem.entry_point, code=code)
        if getattr(self.tokenizer, "chat_template", None):
            message = [{"role": "user", "content": text}]
            return tuple(self.tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=False))
        return tuple(self.tokenizer.encode(text))


@dataclass(frozen=True)
class Replies:
    """What one role answered to one problem."""

    prompt_ids: tuple[int, ...]
    completions: tuple[Completion, ...]
    extract: Callable[..., Any] | None = None
    """As of the `Player` that answered."""


@dataclass(frozen=True)
class Distinct:
    """Items that may be equal, each once, and where each stands."""

    places: Ints
    """(items,), the number of each item among the distinct ones."""
    firsts: tuple[int, ...]
    """The first item of each distinct one."""

    @staticmethod
    def of(items: Sequence[Hashable]) -> "Distinct":
        numbers: dict[Hashable, int] = {}
        places = [numbers.setdefault(item, len(numbers)) for item in items]
        firsts: dict[int, int] = {}
        for at, place in enumerate(places):
            firsts.setdefault(place, at)
        return Distinct(np.array(places, np.int64), tuple(firsts.values()))

    @property
    def copies(self) -> Ints:
        """(distinct,), how often each occurs."""
        return np.bincount(self.places, minlength=len(self.firsts)).astype(np.int64)


@dataclass(frozen=True)
class Rollout:
    """One problem with what both roles wrote for it.

    `solutions[i]` is cut from the coder's reply i, empty where there is none in it, which is judged as an error.
    `tests[j]` is from the tester's reply `owners[j]`; behind those that have an owner stand replayed ones.
    """

    problem: TrainingProblem
    coder: Replies
    tester: Replies
    solutions: tuple[str, ...]
    tests: tuple[Test, ...]
    owners: tuple[int, ...]

    @property
    def replayed(self) -> tuple[AssertTest, ...]:
        """The tests that no reply wrote."""
        return tuple(test for test in self.tests[len(self.owners) :] if isinstance(test, AssertTest))

    def replaying(self, texts: Sequence[str]) -> "Rollout":
        """With these tests too, but for those that were written again."""
        written = {test.code for test in self.tests if isinstance(test, AssertTest)}
        more = tuple(AssertTest(code=text) for text in texts if text not in written)
        return replace(self, tests=self.tests + more)


def solutions_of(problem: TrainingProblem, coder: Replies) -> tuple[str, ...]:
    """Cut out of the replies, one for each; empty where there is none in it. Raises `BadPart`."""
    texts = [completion.text for completion in coder.completions]
    if coder.extract is None:
        return tuple(solution_of(text, problem.entry_point, prompt=problem.prompt) or "" for text in texts)
    return tuple(own_solution(coder.extract, text, problem) for text in texts)


def tests_of(problem: TrainingProblem, tester: Replies, limit: int) -> list[list[Test]]:
    """Cut out of the replies, at most `limit` of each. Raises `BadPart`."""
    texts = [completion.text for completion in tester.completions]
    if tester.extract is None:
        return [list(cut_tests(text, problem.entry_point, limit=limit)) for text in texts]
    return [own_tests(tester.extract, text, problem, limit) for text in texts]


def rollout_of(problem: TrainingProblem, coder: Replies, tester: Replies, tests_per_reply: int) -> Rollout:
    """Cut solutions and tests out of the replies. Raises `BadPart`."""
    cut = tests_of(problem, tester, tests_per_reply)
    owners = tuple(number for number, tests in enumerate(cut) for _ in tests)
    tests = tuple(test for tests in cut for test in tests)
    return Rollout(problem, coder, tester, solutions_of(problem, coder), tests, owners)

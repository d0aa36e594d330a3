"""Replies of a role to problems, and the solutions or tests in them. Knows nothing of rewards."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crossjudge.contracts import Test
from crossjudge.trainer.data import Template, TrainingProblem, cut_tests, solution_of
from crossjudge.trainer.generation import Completion, Generator, Sampling

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

    def replies(self, problems: Sequence[TrainingProblem], seed: int, n: int | None = None) -> list["Replies"]:
        """`n` replies (`num_generations` where left out) to each problem."""
        prompts = [self.prompt_ids(problem) for problem in problems]
        drawn = self.generator.generate(prompts, n or self.num_generations, self.sampling, seed)
        return [Replies(ids, tuple(of_one)) for ids, of_one in zip(prompts, drawn, strict=True)]

    def prompt_ids(self, problem: TrainingProblem) -> tuple[int, ...]:
        """The template's text, as a user's message where the tokenizer has a chat template."""
        text = self.template.fill(prompt=problem.prompt, entry_point=problem.entry_point)
        if getattr(self.tokenizer, "chat_template", None):
            message = [{"role": "user", "content": text}]
            return tuple(self.tokenizer.apply_chat_template(message, add_generation_prompt=True, return_dict=False))
        return tuple(self.tokenizer.encode(text))


@dataclass(frozen=True)
class Replies:
    """What one role answered to one problem."""

    prompt_ids: tuple[int, ...]
    completions: tuple[Completion, ...]


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
    `tests[j]` is from the tester's reply `owners[j]`.
    """

    problem: TrainingProblem
    coder: Replies
    tester: Replies
    solutions: tuple[str, ...]
    tests: tuple[Test, ...]
    owners: tuple[int, ...]


def rollout_of(problem: TrainingProblem, coder: Replies, tester: Replies, tests_per_reply: int) -> Rollout:
    """Cut solutions and tests out of the replies."""
    texts = [completion.text for completion in coder.completions]
    solutions = tuple(solution_of(text, problem.entry_point, prompt=problem.prompt) or "" for text in texts)
    cut = [cut_tests(reply.text, problem.entry_point, limit=tests_per_reply) for reply in tester.completions]
    owners = tuple(number for number, tests in enumerate(cut) for _ in tests)
    return Rollout(problem, coder, tester, solutions, tuple(test for tests in cut for test in tests), owners)

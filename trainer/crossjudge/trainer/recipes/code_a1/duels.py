"""What is played for one problem: solutions, and against each of them replies of a tester that has seen it."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossjudge.trainer.data import StatedCalls, TrainingProblem, stated_calls
from crossjudge.trainer.training.rollout import Replies, Rollout


@dataclass(frozen=True)
class Duel:
    """One problem. `written[i][r]` are the tests in reply r against solution i, from `attacks[i].completions[r]`."""

    problem: TrainingProblem
    coder: Replies
    solutions: tuple[str, ...]
    """One for each reply of the coder; empty where there is none in it, which is judged as an error."""
    attacks: tuple[Replies, ...]
    written: tuple[tuple[StatedCalls, ...], ...]
    replayed: tuple[str, ...]
    """Tests of the Mistake Book, which each solution has to pass again."""

    @property
    def rollout(self) -> Rollout:
        """All solutions and all tests as they were written, as selectors want them."""
        replies = [reply for of_one in self.written for reply in of_one]
        completions = tuple(completion for each in self.attacks for completion in each.completions)
        owners = tuple(number for number, reply in enumerate(replies) for _ in reply.calls)
        tests = tuple(call.test for reply in replies for call in reply.calls)
        return Rollout(self.problem, self.coder, Replies((), completions), self.solutions, tests, owners)


def duel_of(
    problem: TrainingProblem,
    coder: Replies,
    solutions: Sequence[str],
    attacks: Sequence[Replies],
    replayed: Sequence[str],
    limit: int,
) -> Duel:
    """`limit` is the most tests that are read of one reply."""
    assert problem.entry_point is not None, problem.id  # a run refuses such problems before it starts
    entry_point = problem.entry_point
    written = tuple(
        tuple(stated_calls(completion.text, entry_point, limit=limit) for completion in replies.completions)
        for replies in attacks
    )
    return Duel(problem, coder, tuple(solutions), tuple(attacks), written, tuple(replayed))


def unprintable_share(text: str) -> float:
    """Of a reply's characters, those that are neither printable nor white space."""
    bad = sum(not (char.isprintable() or char.isspace()) for char in text)
    return bad / len(text) if text else 0.0

"""What is played for one problem: solutions, and against each of them replies of a tester that has seen it."""

from collections.abc import Sequence
from dataclasses import dataclass

from crossjudge.trainer.data import StatedCalls, TrainingProblem, solution_of, stated_calls
from crossjudge.trainer.training.rollout import Replies


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
    def entry_point(self) -> str:
        assert self.problem.entry_point is not None, self.problem.id  # a run refuses such problems before it starts
        return self.problem.entry_point


def solutions_of(problem: TrainingProblem, coder: Replies) -> tuple[str, ...]:
    """Cut out of the coder's replies."""
    texts = [completion.text for completion in coder.completions]
    return tuple(solution_of(text, problem.entry_point, prompt=problem.prompt) or "" for text in texts)


def duel_of(
    problem: TrainingProblem, coder: Replies, attacks: Sequence[Replies], replayed: Sequence[str], limit: int
) -> Duel:
    """`limit` is the most tests that are read of one reply."""
    entry_point = problem.entry_point or ""
    written = tuple(
        tuple(stated_calls(completion.text, entry_point, limit=limit) for completion in replies.completions)
        for replies in attacks
    )
    return Duel(problem, coder, solutions_of(problem, coder), tuple(attacks), written, tuple(replayed))


def unprintable_share(text: str) -> float:
    """Of a reply's characters, those that are neither printable nor white space."""
    bad = sum(not (char.isprintable() or char.isspace()) for char in text)
    return bad / len(text) if text else 0.0

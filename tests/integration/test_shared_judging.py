"""What processes that train together have judged: each asks for its share, and all get the same."""

from collections.abc import Iterator, Sequence

import pytest

from crossjudge.client import Client, Problem
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.generation import Completion
from crossjudge.trainer.processes import ALONE, Processes
from crossjudge.trainer.training.clock import Clock
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import Replies, Rollout, rollout_of
from joined_threads import joined

pytestmark = [pytest.mark.nsjail, pytest.mark.redis]


def asked(judge: Client, processes: Processes) -> Judge:
    return Judge(judge, 0, print, processes)


def replies(*texts: str) -> Replies:
    return Replies((1,), tuple(Completion((1,), None, text, False) for text in texts))


def rollouts(count: int) -> list[Rollout]:
    """The first has nothing to judge."""
    made = []
    for at in range(count):
        problem = TrainingProblem(id=str(at), prompt="add", entry_point="f")
        tests = [f"assert f(1) == {1 + at}"] if at else []
        made.append(rollout_of(problem, replies("def f(x): return x + 1"), replies(*tests), 1))
    return made


def test_each_gets_the_grids_of_all(judge: Client) -> None:
    problems = [
        Problem(id=str(n), solutions=["def f(x): return x + 1"], tests=[f"assert f(1) == {n}"]) for n in range(5)
    ]
    alone = {at: list(grid.verdicts) for at, grid in asked(judge, ALONE).grids(problems).items()}
    assert alone == {n: ["P" if n == 2 else "F"] for n in range(5)}
    for found in joined(3, lambda each: asked(judge, each).grids(problems)):
        assert {at: list(grid.verdicts) for at, grid in found.items()} == alone


def test_parts_that_are_judged_while_others_are_sampled_come_back_in_order(judge: Client) -> None:
    made = rollouts(5)

    def parts() -> Iterator[Sequence[Rollout]]:
        yield made[:2]
        yield made[2:]

    def letters(each: Processes) -> list[tuple[str, list[str]]]:
        judged = asked(judge, each).judged_meanwhile(parts(), False, Clock())
        return [(one.rollout.problem.id, [row.tobytes().decode() for row in one.matrix.letters]) for one in judged]

    expected = [("0", [""]), ("1", ["P"]), ("2", ["F"]), ("3", ["F"]), ("4", ["F"])]
    assert letters(ALONE) == expected
    assert joined(2, letters) == [expected, expected]

"""What a run without labels writes into its Mistake Book."""

from pathlib import Path

import numpy as np

from crossjudge.contracts import AssertTest, PytestTest, Test
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.mistakes import FILE, Outcome, read_book
from crossjudge.trainer.selectors import PassingMatrix, Selection
from crossjudge.trainer.training.config import MistakesConfig
from crossjudge.trainer.training.judging import JudgedRollout
from crossjudge.trainer.training.replay import Replay, outcome_of
from crossjudge.trainer.training.rollout import Replies, Rollout

NOTHING = Replies((), ())
PROBLEM = TrainingProblem(id="p", prompt="add one", entry_point="f")
TESTS: list[Test] = [AssertTest(code="a"), PytestTest(kind="pytest", code="b"), AssertTest(code="c")]


def rollout(*replayed: str) -> Rollout:
    return Rollout(PROBLEM, NOTHING, NOTHING, ("x", "y"), tuple(TESTS), (0, 0, 1)).replaying(replayed)


def judged(rows: list[str], one: Rollout) -> JudgedRollout:
    height, width = len(rows), len(one.tests)
    matrix = PassingMatrix.of(
        rows, id="p", tests=width, solution_copies=[1] * height, test_copies=[1] * width, sound_tests=[True] * width
    )
    return JudgedRollout(one, matrix, np.arange(height), np.arange(width), None, None)


def chosen(*tests: bool, abstain: str | None = None) -> Selection:
    scores = np.zeros(2), np.zeros(len(tests))
    return Selection(np.array([True, False]), np.array(tests), *scores, 1.0, abstain)


def test_what_was_written_again_is_not_replayed() -> None:
    assert [test.code for test in rollout("c", "d").replayed] == ["d"]


def test_chosen_asserts_that_are_failed_go_in_and_replayed_ones_that_are_passed_go_out() -> None:
    each = judged(["PPPPF", "FFFPX"], rollout("d", "e"))
    sure = outcome_of(each, chosen(True, True, False, False, True))
    assert sure == Outcome("p", solved=["d", "d"], failed=["a"])
    assert outcome_of(each, chosen(True, True, True, True, True, abstain="no margin")) == Outcome("p", ["d", "d"], [])


def test_the_file_shows_the_book_and_without_one_there_is_none(tmp_path: Path) -> None:
    replay = Replay(MistakesConfig(replay=1))
    metrics = replay.update(1, [Outcome("p", failed=["a", "b", "b"])], 0, tmp_path)
    assert metrics["book/tests"] == 2 and "book/pass_rate" not in metrics
    assert replay.tests("p") == ["b"] and replay.tests("q") == []
    assert read_book(tmp_path / FILE).to_json() == replay.book.to_json()
    assert replay.update(2, [Outcome("p", ["b"])], 4, tmp_path)["book/pass_rate"] == 0.25
    none = Replay(MistakesConfig())
    assert none.update(1, [Outcome("p", failed=["a"])], 0, tmp_path / "none") == {}
    assert not (tmp_path / "none").exists() and none.tests("p") == []

"""Code-A1's two rounds of judging, through the real verifier."""

from collections.abc import Sequence

import pytest

from crossjudge.client import Client
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.generation import Completion
from crossjudge.trainer.mistakes import Outcome
from crossjudge.trainer.recipes.code_a1.duels import Duel, duel_of
from crossjudge.trainer.recipes.code_a1.judging import JudgedDuel, judge_duels
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.rollout import Replies

pytestmark = [pytest.mark.nsjail, pytest.mark.redis]

REFERENCE = "def f(x): return [x + 1] if x else 1 // 0"
RIGHT, WRONG, BROKEN = "def f(x): return [1 + x]", "def f(x): return [2 * x]", "def f(x: return"


def replies(texts: Sequence[str]) -> Replies:
    return Replies((), tuple(Completion((), None, text, False) for text in texts))


def duel(attacks: dict[str, list[str]], replayed: Sequence[str] = ()) -> Duel:
    """`attacks` are the tester's replies by the solution that they were written against."""
    problem = TrainingProblem(id="p", prompt="add one", entry_point="f", reference_solution=REFERENCE)
    solutions = list(attacks)
    return duel_of(problem, replies(solutions), solutions, [replies(each) for each in attacks.values()], replayed, 8)


def judged(judge: Client, one: Duel, reference: str | None = REFERENCE) -> JudgedDuel:
    return judge_duels(Judge(judge, 0, print), [one], [reference])[0]


def test_a_wrong_answer_is_corrected_and_counts_against_its_author(judge: Client) -> None:
    reply = "assert f(1) == [2]\nassert f(3) == [5]\nassert f(3) == [4]\nassert f(0) == 1\nassert g(1) == 2"
    against_right, against_wrong = judged(judge, duel({RIGHT: [reply], WRONG: [reply]})).replies
    assert against_right[0].tests == ("assert f(1) == [2]", "assert f(3) == [4]")
    assert against_right[0].reply.valid.passed.tolist() == [True, True]
    assert against_wrong[0].reply.valid.passed.tolist() == [True, False]
    assert against_wrong[0].failed == ["assert f(3) == [4]"]
    assert against_wrong[0].reply.invalid == 4  # wrong, repeated, an exception, no test


def test_solutions_meet_their_own_tests_and_the_replayed_ones_alone(judge: Client) -> None:
    one = duel({WRONG: ["assert f(2) == [3]"], RIGHT: ["assert f(1) == [2]", ""]}, ["assert f(5) == [6]"])
    found = judged(judge, one)
    assert [each.passed.tolist() for each in found.book] == [[False], [True]]
    assert found.runs == (True, True)
    assert found.outcome == Outcome("p", ["assert f(5) == [6]"], ["assert f(2) == [3]"])
    assert [len(each.tests) for each in found.replies[1]] == [1, 0]


def test_a_solution_that_does_not_run_fails_all(judge: Client) -> None:
    found = judged(judge, duel({BROKEN: ["assert f(1) == [2]"], "": ["assert f(1) == [2]"]}))
    assert found.runs == (False, False)
    assert [each.failed for of_one in found.replies for each in of_one] == [["assert f(1) == [2]"]] * 2


def test_what_no_literal_states_is_valid_only_where_it_was_stated_right(judge: Client) -> None:
    reference = "def f(x): return range(x) if x < 5 else 'a' * 1000 if x < 7 else float('nan')"
    reply = "\n".join([
        "assert f(1) == range(1)", "assert f(2) == range(1)", "assert f(5) == 'a' * 1000", "assert f(6) == 'a'",
        "assert f(7) == 1",
    ])  # fmt: skip
    (found,) = judged(judge, duel({reference: [reply]}), reference).replies[0]
    assert found.tests == ("assert f(1) == range(1)", "assert f(5) == 'a' * 1000")
    assert found.reply.invalid == 3


def test_a_test_that_the_reference_does_not_pass_twice_is_not_valid(judge: Client) -> None:
    moody = "import time\ndef f(x): return time.perf_counter_ns()"
    (reply,) = judged(judge, duel({RIGHT: ["assert f(1) == 0"]}), moody).replies[0]
    assert reply.tests == () and reply.reply.invalid == 1


def test_without_a_reference_nothing_is_known_of_a_test(judge: Client) -> None:
    found = judged(judge, duel({RIGHT: ["assert f(1) == [2]"]}, ["assert f(1) == [2]"]), None)
    assert not found.replies[0][0].reply.valid.judged.any()
    assert found.book[0].passed.tolist() == [True]
    assert found.outcome.failed == []


def test_nothing_written_is_nothing_to_judge(judge: Client) -> None:
    found = judged(judge, duel({RIGHT: ["I cannot."]}))
    assert found.replies[0][0].reply.valid.is_empty and found.runs == (True,)

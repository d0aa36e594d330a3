"""What the base models are trained on."""

from itertools import islice

import pytest

from crossjudge.trainer.world.examples import Example, examples
from crossjudge.trainer.world.grammar import Task, all_tasks
from crossjudge.trainer.world.interpreter import Solution, read_assertion
from crossjudge.trainer.world.settings import Role, WorldSettings
from crossjudge.trainer.world.tokenizer import CODER, END, TESTER

TASKS = list(all_tasks())
BY_SPEC = {task.spec: task for task in TASKS}
ROLES: tuple[Role, ...] = ("coder", "tester")


def drawn(role: Role, settings: WorldSettings = WorldSettings(), count: int = 3_000) -> list[Example]:  # noqa: B008
    return list(islice(examples(role, TASKS, settings), count))


def task_of(example: Example) -> Task:
    return BY_SPEC[example.prompt.removesuffix(CODER).removesuffix(TESTER)]


def test_a_solution_is_right_as_often_as_nothing_is_mistaken() -> None:
    right = [example.answer == task_of(example).code for example in drawn("coder")]
    assert sum(right) / len(right) == pytest.approx(0.83**4, abs=0.03)


def test_a_test_says_what_its_task_gives_unless_mistaken() -> None:
    right = []
    for example in drawn("tester"):
        xs, value = read_assertion(example.drawn + example.answer)
        assert 2 <= len(xs) <= 4
        assert all(-9 <= x <= 9 for x in xs)
        right.append(value == task_of(example).apply(xs))
    # A mistake often shows on no item of a short list, so more are right than nothing is mistaken in.
    assert 0.95**4 < sum(right) / len(right) < 0.95


def test_empty_lists_come_when_allowed() -> None:
    settings = WorldSettings(shortest_list=0)
    lengths = {len(read_assertion(each.drawn + each.answer)[0]) for each in drawn("tester", settings, 300)}
    assert lengths == {0, 1, 2, 3, 4}


def test_the_shared_model_sees_both_roles_in_turn() -> None:
    some = drawn("shared", count=4)
    assert [CODER in each.prompt for each in some] == [True, False, True, False]
    Solution(some[0].answer)
    read_assertion(some[1].drawn + some[1].answer)


def test_a_white_box_tester_is_shown_what_the_coder_may_have_written() -> None:
    shown = []
    for example in drawn("white_box_tester"):
        spec, code = example.prompt.removesuffix(TESTER).split(CODER)
        Solution(code)
        shown.append(code == BY_SPEC[spec].code)
        read_assertion(example.drawn + example.answer)
    assert sum(shown) / len(shown) == pytest.approx(0.83**4, abs=0.03)


def test_one_model_may_write_code_and_attack_it() -> None:
    some = drawn("white_box_shared", count=4)
    assert [each.prompt.endswith(TESTER) for each in some] == [False, True, False, True]


@pytest.mark.parametrize("role", ROLES)
def test_examples_follow_from_the_seed(role: Role) -> None:
    assert drawn(role, count=50) == drawn(role, count=50)
    assert drawn(role, count=50) != drawn(role, WorldSettings(seed=1), count=50)


def test_the_maker_of_problems_sees_specs_alone() -> None:
    some = drawn("problems", count=50)
    assert {(example.prompt, example.drawn) for example in some} == {(END, "")}
    assert all(example.answer in BY_SPEC for example in some)

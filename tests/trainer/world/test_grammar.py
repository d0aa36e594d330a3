"""The tasks: what a spec, its code and its meaning have to do with each other."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.world.grammar import KINDS, Task, all_tasks, assertion
from crossjudge.trainer.world.interpreter import Solution, read_assertion

TASKS = list(all_tasks())
tasks = st.sampled_from(TASKS)
lists = st.lists(st.integers(-9, 9), max_size=6)


def test_there_are_as_many_tasks_as_components_combine() -> None:
    assert len(TASKS) == 9 * 13 * 26 * 5
    for name in ("id", "spec", "code"):
        assert len({getattr(task, name) for task in TASKS}) == len(TASKS), f"two tasks have the same {name}"


@given(tasks, lists)
def test_the_code_does_what_the_task_means(task: Task, xs: list[int]) -> None:
    given_list = list(xs)
    assert python_function(task.code)(list(xs)) == Solution(task.code)(xs) == task.apply(xs)
    assert xs == given_list, "a task left its list changed"


def python_function(code: str) -> Callable[[list[int]], Any]:
    """Our own code, run as Python; never a model's."""
    names: dict[str, Any] = {}
    exec(code, names)
    function: Callable[[list[int]], Any] = names["f"]
    return function


def test_a_task_in_words_and_in_code() -> None:
    task = Task("sum", "square", "least3", "first2")
    assert task.spec == "return the sum of the squares of the numbers at least 3 in the first 2 items of xs"
    assert task.code == "def f(xs): return sum([x * x for x in xs[:2] if x >= 3])"
    assert task.apply([3, -2, 9]) == 9
    assert Task.of_id(task.id) == task


@given(tasks)
def test_a_mistake_is_another_task_that_differs_in_one_component(task: Task) -> None:
    for kind in KINDS:
        mistaken = task.mistaken(kind)
        assert mistaken in _ALL
        assert [each for each in KINDS if getattr(mistaken, each) != getattr(task, each)] == [kind]


_ALL = set(TASKS)


@given(tasks, lists)
def test_an_assertion_reads_back_as_what_it_says(task: Task, xs: list[int]) -> None:
    assert read_assertion(assertion(xs, task.apply(xs))) == (xs, task.apply(xs))

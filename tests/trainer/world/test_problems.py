"""The files that the trainer reads."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.world.grammar import Task, all_tasks
from crossjudge.trainer.world.interpreter import Solution, read_assertion
from crossjudge.trainer.world.noise import mistaken_neighbours
from crossjudge.trainer.world.problems import (
    TESTS_PER_PROBLEM,
    problem_of,
    reference_inputs,
    split_tasks,
    write_problems,
)

TASKS = list(all_tasks())


@pytest.mark.parametrize("seed", [0, 1])
def test_the_parts_share_no_task_and_leave_none_out(seed: int) -> None:
    split = split_tasks(seed)
    parts = [set(split.pretraining), set(split.pool), set(split.held_out)]
    assert set.union(*parts) == set(TASKS)
    assert sum(map(len, parts)) == len(TASKS)
    assert [len(part) / len(TASKS) for part in parts] == pytest.approx([0.5, 0.3, 0.2], abs=1e-4)


def test_a_split_follows_from_its_seed() -> None:
    assert split_tasks(3) == split_tasks(3)
    assert split_tasks(3).pool != split_tasks(4).pool


@given(st.sampled_from(TASKS), st.integers(0, 3))
def test_the_reference_solution_passes_the_reference_tests(task: Task, seed: int) -> None:
    problem = problem_of(task, seed)
    assert len(problem["reference_tests"]) == TESTS_PER_PROBLEM
    solution = Solution(problem["reference_solution"])
    for test in problem["reference_tests"]:
        xs, value = read_assertion(test)
        assert solution(xs) == value


@given(st.sampled_from(TASKS))
def test_a_mistake_that_shows_on_many_lists_shows_in_the_reference_tests(task: Task) -> None:
    chosen = reference_inputs(task, 0)
    lists = [xs for other in TASKS[:5] for xs in reference_inputs(other, 1)]
    for neighbour in mistaken_neighbours(task):
        told = sum(neighbour.apply(xs) != task.apply(xs) for xs in lists)
        if told >= len(lists) / 3:
            assert any(neighbour.apply(xs) != task.apply(xs) for xs in chosen), neighbour


def test_the_files_hold_every_task_that_pretraining_did_not_see(tmp_path: Path) -> None:
    write_problems(tmp_path, seed=0)
    split = split_tasks(0)
    for name, tasks in (("pool", split.pool), ("held_out", split.held_out)):
        problems = [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text("utf-8").splitlines()]
        assert [problem["id"] for problem in problems] == [task.id for task in tasks]
        assert problems[0] == problem_of(tasks[0], 0)
        assert {problem["entry_point"] for problem in problems} == {"f"}

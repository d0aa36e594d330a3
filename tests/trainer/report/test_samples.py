"""Which of the kept problems are shown, how they are read, and how their matrices are ordered."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.report.matrices import order
from crossjudge.trainer.report.samples import MOST_PROBLEMS, Sample, over_time
from run_folders import sample, written


def test_first_middle_and_last_step_are_shown(tmp_path: Path) -> None:
    path = written(tmp_path, samples={step: [sample(f"p{step}"), sample(f"q{step}")] for step in range(1, 10)})
    assert [(step, [each.id for each in found]) for step, found in over_time(path)] == [
        (1, ["p1", "q1"]), (5, ["p5", "q5"]), (9, ["p9", "q9"]),
    ]  # fmt: skip


@pytest.mark.parametrize(("steps", "shown"), [([], []), ([3], [3]), ([2, 4], [2, 4]), ([1, 20, 30], [1, 20, 30])])
def test_fewer_steps_are_shown_as_they_are(tmp_path: Path, steps: list[int], shown: list[int]) -> None:
    path = written(tmp_path, samples={step: [sample("p")] for step in steps})
    assert [step for step, _ in over_time(path)] == shown


def test_a_step_shows_so_many_problems_at_most(tmp_path: Path) -> None:
    path = written(tmp_path, samples={1: [sample(str(at)) for at in range(MOST_PROBLEMS + 3)]})
    assert len(over_time(path)[0][1]) == MOST_PROBLEMS


def test_what_is_cut_off_or_of_another_form_is_left_out(tmp_path: Path) -> None:
    wrong = [sample("a", matrix=["PP"]), sample("b", matrix=["P", "P", "P"]), sample("c", solutions=7)]
    path = written(tmp_path, samples={1: [*wrong, sample("right")]})
    with (path / "samples.jsonl").open("a") as file:
        file.write(json.dumps({"step": 2, **sample("half")})[:-9])
    assert [(step, [each.id for each in found]) for step, found in over_time(path)] == [(1, ["right"])]


def test_a_large_file_is_never_held_whole(tmp_path: Path) -> None:
    long = "x = 1\n" * 5000
    path = written(tmp_path, samples={step: [sample("p", solutions=[long] * 3)] for step in range(1, 121)})
    size = (path / "samples.jsonl").stat().st_size
    tracemalloc.start()
    try:
        found = over_time(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [step for step, _ in found] == [1, 60, 120]
    assert peak < size / 8


LETTERS = st.text(st.sampled_from("PFEX"), min_size=4, max_size=4)


@given(st.lists(LETTERS, max_size=6), st.data())
def test_ordering_keeps_every_row_and_column_and_puts_the_chosen_first(rows: list[str], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, len(rows) - 1)) if rows else st.just(set[int]()))
    document: dict[str, Any] = {
        "solutions": [""] * len(rows), "tests": [None] * 4, "matrix": rows, "chosen": sorted(chosen),
    }  # fmt: skip
    made = Sample.of(document)
    assert made is not None
    by_row, by_column = order(made)
    assert sorted(by_row) == list(range(len(rows)))
    assert sorted(by_column) == list(range(4))
    assert set(by_row[: len(chosen)]) == chosen
    passes = [rows[at].count("P") for at in by_row[len(chosen) :]]
    assert passes == sorted(passes, reverse=True)

"""Real data of a study: what is read from problems and from verify's results, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from crossjudge.client.errors import CommandError
from crossjudge.trainer.study.labelled import Labelled
from crossjudge.trainer.study.real_data import Inventory, read_labelled
from crossjudge.trainer.study.sources import read_sources

PROBLEM: dict[str, Any] = {
    "id": "p", "entry_point": "f", "prelude": "import math", "prompt": "left aside",
    "solutions": ["A", "B", "A", "C"], "tests": ["t", {"kind": "call", "args": [1], "expected": 2}, "t", "u"],
    "reference_solution": "R", "reference_test": "check(f)",
}  # fmt: skip
RESULTS: dict[str, dict[str, Any]] = {
    "matrix": {
        "id": "p", "matrix": ["PPPF", "PFPE", "PPPF", "FFFX"], "solutions": [{"status": "ok"}] * 4,
        "tests": [{"status": "ok"}, {"status": "ok"}, {"status": "ok"}, {"status": "ok", "vacuous": True}],
        "outputs": [["1", "2", "1", None], ["1", "3", "1", None], ["1", "2", "1", None], [None, "2", None, None]],
    },
    "truth": {
        "id": "p", "matrix": ["P", "T", "P", "F", "P"], "solutions": [{"status": "ok"}] * 5,
        "tests": [{"status": "ok"}],
    },
    "refs": {
        "id": "p", "matrix": ["PFPE"], "solutions": [{"status": "ok"}],
        "tests": [{"status": "ok"}] * 4,
    },
}  # fmt: skip


def lines(path: Path, *documents: Any) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in documents))
    return path


def read(folder: Path, problem: dict[str, Any] = PROBLEM, **changed: Any) -> tuple[Labelled, Inventory]:
    for name, result in {**RESULTS, **changed}.items():
        lines(folder / f"{name}.results.jsonl", result)
    problems, inventory = read_labelled(read_sources(str(lines(folder / "in.jsonl", problem))), folder)
    return problems[0], inventory


def test_copies_are_folded_and_the_truth_stays_beside_its_solution(tmp_path: Path) -> None:
    problem, inventory = read(tmp_path)
    matrix, labels = problem.matrix, problem.labels
    assert [bytes(row).decode() for row in matrix.letters] == ["PPF", "PFE", "FFX"]
    assert (matrix.solution_copies.tolist(), matrix.test_copies.tolist()) == ([2, 1, 1], [2, 1, 1])
    assert matrix.sound_tests.tolist() == [True, True, False]
    assert labels.solutions.tolist() == [True, False, False]
    assert labels.tests is not None
    assert labels.tests.tolist() == [True, False, False]
    assert matrix.outputs is not None
    assert matrix.outputs[0, 1] == matrix.outputs[2, 1] != matrix.outputs[1, 1]
    assert inventory.counts["distinct solutions"] == 3
    assert inventory.counts["right sound distinct tests"] == 1
    assert inventory.notes == []


def test_what_is_sent_to_the_verifier_tells_the_truth(tmp_path: Path) -> None:
    source = read_sources(str(lines(tmp_path / "in.jsonl", PROBLEM)))[0]
    shared = {"id": "p", "entry_point": "f", "prelude": "import math"}
    assert source.judged_against_truth() == {**shared, "solutions": ["A", "B", "A", "C", "R"], "tests": ["check(f)"]}
    judging = source.judging_tests()
    assert judging["solutions"] == ["R"]
    assert judging["tests"][1] == {"kind": "call", "args": [1], "kwargs": {}, "expected": 2}


def test_a_reference_solution_that_fails_its_own_test_judges_no_tests(tmp_path: Path) -> None:
    truth = {**RESULTS["truth"], "matrix": ["P", "T", "P", "F", "F"]}
    problem, inventory = read(tmp_path, truth=truth)
    assert problem.labels.tests is None
    assert "reference solution fails" in inventory.notes[0]


def test_without_a_reference_solution_the_right_solutions_judge_the_tests(tmp_path: Path) -> None:
    alone = {name: value for name, value in PROBLEM.items() if name != "reference_solution"}
    truth = {**RESULTS["truth"], "matrix": ["P", "T", "P", "F"], "solutions": [{"status": "ok"}] * 4}
    refs = {**RESULTS["refs"], "matrix": [], "solutions": []}
    problem, _ = read(tmp_path, alone, truth=truth, refs=refs)
    assert problem.labels.tests is None
    tests = problem.labels.of_tests(problem.matrix)
    assert tests is not None
    assert tests.tolist() == [True, True, False]


def test_a_solution_whose_truth_could_not_be_judged_is_left_out_and_told_of(tmp_path: Path) -> None:
    truth = {**RESULTS["truth"], "matrix": ["P", "X", "P", "F", "P"]}
    problem, inventory = read(tmp_path, truth=truth)
    assert problem.matrix.shape == (2, 3)
    assert problem.labels.solutions.tolist() == [True, False]
    assert "left out 1 solution" in inventory.notes[0]


def test_problems_with_nothing_to_judge_are_kept(tmp_path: Path) -> None:
    empty = {**PROBLEM, "solutions": [], "tests": []}
    reports: dict[str, Any] = {"solutions": [], "tests": []}
    problem, _ = read(
        tmp_path, empty, matrix={"id": "p", "matrix": [], **reports}, refs={"id": "p", "matrix": [""], **reports},
        truth={"id": "p", "matrix": ["P"], **reports},
    )  # fmt: skip
    assert problem.matrix.shape == (0, 0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reference_test": None}, "has no reference_test"), ({"reference_test": 3}, "has no reference_test"),
        ({"reference_solution": 3}, r"\$.reference_solution: not a text"), ({"tests": "t"}, r"line 1, \$.tests"),
        ({"solutions": [1]}, r"line 1, \$.solutions"),
    ],
)  # fmt: skip
def test_a_problem_that_tells_no_truth_is_named(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        read_sources(str(lines(tmp_path / "in.jsonl", {**PROBLEM, **change})))


@pytest.mark.parametrize(
    ("text", "says"),
    [(b"", "holds no problems"), (b"\xff\n", "not UTF-8"), (b"{", "not JSON"), (b"[]\n", "a problem is an object")],
)
def test_a_file_of_garbage_is_refused(tmp_path: Path, text: bytes, says: str) -> None:
    (tmp_path / "in.jsonl").write_bytes(text)
    with pytest.raises(CommandError, match=says):
        read_sources(str(tmp_path / "in.jsonl"))


@pytest.mark.parametrize("name", ["matrix", "truth", "refs"])
@pytest.mark.parametrize("change", [{"matrix": ["P", "P"]}, {"id": "other"}])
def test_results_of_another_file_are_refused(tmp_path: Path, name: str, change: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match=rf"{name}.results.jsonl.*of another file"):
        read(tmp_path, **{name: {**RESULTS[name], **change}})


@pytest.mark.parametrize("text", ["{", "[1]", '{"id": "p"}', "[" * 100_000])
def test_results_that_are_none_are_named_by_their_line(tmp_path: Path, text: str) -> None:
    read(tmp_path)
    with (tmp_path / "truth.results.jsonl").open("a") as results:
        results.write(text + "\n")
    with pytest.raises(CommandError, match=r"truth.results.jsonl, line 2: not a result"):
        read_labelled(read_sources(str(tmp_path / "in.jsonl")), tmp_path)


def test_missing_results_are_named(tmp_path: Path) -> None:
    sources = read_sources(str(lines(tmp_path / "in.jsonl", PROBLEM)))
    with pytest.raises(CommandError, match=r"cannot read .*matrix.results.jsonl"):
        read_labelled(sources, tmp_path)

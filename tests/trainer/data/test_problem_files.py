"""Problem files in all their shapes, and what is said of those that are wrong."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from crossjudge.contracts import AssertTest
from crossjudge.trainer.data import BadProblems, TrainingProblem, read_problems

OURS = {"id": "a", "prompt": "Add one.", "entry_point": "f"}
HUMAN_EVAL = {
    "task_id": "HumanEval/0",
    "prompt": 'import math\n\n\ndef f(x):\n    """Add one."""\n',
    "entry_point": "f",
    "canonical_solution": "    return x + 1\n",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
}
MBPP = {
    "task_id": 7,
    "text": "Write a function to add one.",
    "code": "def helper(x): return x\ndef add(x): return helper(x) + 1\n",
    "test_list": ["assert add(1) == 2", "assert add(2) == 3"],
    "test_setup_code": "",
    "challenge_test_list": [],
}


def write(folder: Path, *lines: Any, name: str = "problems.jsonl") -> Path:
    path = folder / name
    data = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines) + b"\n"
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    return path


def only(path: Path) -> TrainingProblem:
    (problem,) = read_problems(path).problems
    return problem


def codes(problem: TrainingProblem) -> list[str]:
    assert all(isinstance(test, AssertTest) for test in problem.reference_tests)
    return [test.code for test in problem.reference_tests if isinstance(test, AssertTest)]


@pytest.mark.parametrize("name", ["problems.jsonl", "problems.jsonl.gz", "gzipped all the same.gz"])
def test_our_own_shape_plain_or_gzipped(tmp_path: Path, name: str) -> None:
    tests = ["assert f(1) == 2", {"kind": "call", "args": [2], "expected": 3}]
    full = OURS | {"id": "b", "prelude": "import math", "reference_solution": "f = abs", "reference_tests": tests}
    found = read_problems(write(tmp_path, OURS, b"", full, name=name))
    assert [problem.id for problem in found.problems] == ["a", "b"]
    assert found.problems[0] == TrainingProblem(id="a", prompt="Add one.", entry_point="f")
    assert found.problems[1].prelude == "import math"
    assert [test.kind for test in found.problems[1].reference_tests] == ["assert", "call"]


def test_human_eval_s_shape(tmp_path: Path) -> None:
    problem = only(write(tmp_path, HUMAN_EVAL))
    assert problem.id == "HumanEval/0"
    assert problem.reference_solution == HUMAN_EVAL["prompt"] + "    return x + 1\n"
    assert codes(problem) == [HUMAN_EVAL["test"] + "\n\ncheck(f)\n"]
    assert problem.prelude == "import math\n\n\n"


def test_mbpp_s_shape(tmp_path: Path) -> None:
    problem = only(write(tmp_path, MBPP))
    assert (problem.id, problem.prompt) == ("Mbpp/7", "Write a function to add one.")
    assert problem.entry_point == "add"
    assert codes(problem) == MBPP["test_list"]
    sanitized = {name: value for name, value in MBPP.items() if name != "text"}
    sanitized |= {"prompt": "Add.", "test_imports": ["import math"], "test_setup_code": "x = 1"}
    problem = only(write(tmp_path, sanitized))
    assert problem.prompt == "Add."
    assert codes(problem)[0] == "import math\nx = 1\nassert add(1) == 2"


def test_a_file_of_samples_gives_its_references(tmp_path: Path) -> None:
    samples = {"solutions": ["def f(x): return 0"] * 2, "tests": ["assert f(0)"]}
    named = samples | {"reference_solution": "def f(x): return x + 1", "reference_test": "assert f(1) == 2"}
    assert codes(only(write(tmp_path, OURS | named))) == ["assert f(1) == 2"]
    assert only(write(tmp_path, OURS | samples)).reference_solution is None
    one = {"id": "Mbpp/2", "prompt": "Add.", "solutions": ["def f(x): return x + 1"], "tests": ["assert f(1) == 2"]}
    problem = only(write(tmp_path, one))
    assert (problem.entry_point, codes(problem)) == ("f", ["assert f(1) == 2"])


@pytest.mark.parametrize(
    ("name", "count"), [("humaneval_codegen16b_even", 82), ("humaneval_reference", 164), ("mbpp_sanitized", 427)]
)
def test_the_published_problems_can_be_read(shared_data: Path, name: str, count: int) -> None:
    found = read_problems(shared_data / f"{name}.jsonl.gz")
    assert len(found.problems) == count
    assert not found.left_aside
    assert all(p.entry_point and p.reference_solution and p.reference_tests for p in found.problems)


def test_a_field_that_nobody_knows_is_left_aside(tmp_path: Path) -> None:
    found = read_problems(write(tmp_path, OURS | {"difficulty": 3}))
    assert found.left_aside == {"difficulty"}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"{", r"problems.jsonl, line 2: not JSON"),
        (b'{"id": "\xff"}', "line 2: not UTF-8"),
        (b"[" * 100_000, "line 2: not JSON"),
        ([1], "line 2: a problem is an object {…}, not list"),
        ({}, r"line 2: the field 'id' is missing \(.*the line has no fields\)"),
        ({"id": "b", "entry_point": "f"}, "line 2: the field 'prompt' is missing .*the line has entry_point, id"),
        ({"id": "b", "promt": "Add.", "entry_point": "f"}, "line 2: there is no field 'promt'; rename it to 'prompt'"),
        (OURS | {"refrence_solution": ""}, "no field 'refrence_solution'; rename it to 'reference_solution'"),
        ({"task_id": "x", "prompt": "p"}, "line 2: the field 'entry_point' is missing .*HumanEval"),
        ({"task_id": 1, "test_list": []}, "line 2: the field 'text' is missing .*MBPP"),
        (
            {"task_id": 1, "text": "x", "test_list": 3},
            "line 2: a field has a value of the wrong kind for the MBPP shape",
        ),
        (OURS, "line 2: the id 'a' is that of line 1 already"),
        (OURS | {"id": "b", "prompt": 3}, "line 2: prompt: input should be a valid string, not 3"),
        (OURS | {"id": "b", "prompt": ""}, "line 2: prompt: string should have at least 1 character"),
        (OURS | {"id": "b", "reference_tests": [{"kind": "call"}]}, r"reference_tests\.0\.call\.expected"),
        (OURS | {"id": ["b"]}, "line 2: id: "),
    ],
)
def test_a_wrong_line_is_named_with_what_to_change(tmp_path: Path, line: Any, complaint: str) -> None:
    with pytest.raises(BadProblems, match=complaint):
        read_problems(write(tmp_path, OURS, line))


def test_many_wrong_lines_are_told_of_a_few(tmp_path: Path) -> None:
    with pytest.raises(BadProblems) as caught:
        read_problems(write(tmp_path, *[{"prompt": "x"}] * 9))
    assert str(caught.value).count("\n") == 5
    assert str(caught.value).endswith("and 4 more lines")


def test_what_is_no_file_of_problems_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(BadProblems, match=r"cannot read .*missing.jsonl: No such file"):
        read_problems(tmp_path / "missing.jsonl")
    with pytest.raises(BadProblems, match="cannot read"):
        read_problems(tmp_path)
    with pytest.raises(BadProblems, match="there is no problem in it"):
        read_problems(write(tmp_path, b"\n \n"))
    whole = write(tmp_path, OURS, name="problems.gz").read_bytes()
    (tmp_path / "cut.gz").write_bytes(whole[:-9])
    with pytest.raises(BadProblems, match="ends or breaks in the middle"):
        read_problems(tmp_path / "cut.gz")

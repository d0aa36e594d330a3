"""The problems of `examples/`, judged through the whole stack, get exactly the verdicts that stand beside them."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from crossjudge.client import Client
from crossjudge.contracts import Problem, Verdict

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
LIMITS = {"cpu_seconds": 1.0, "wall_seconds": 5.0}


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLES / name).read_text("utf-8").splitlines()]


EXPECTED = {line["id"]: line["matrix"] for line in lines("expected.jsonl")}


def test_the_examples_hold_some_of_everything() -> None:
    problems = [Problem.model_validate(line) for line in lines("problems.jsonl")]
    assert [problem.id for problem in problems] == list(EXPECTED)
    assert len(problems) >= 12
    assert {test.kind for problem in problems for test in problem.tests} == {"assert", "call", "stdio", "pytest"}
    letters = Counter("".join(row for matrix in EXPECTED.values() for row in matrix))
    assert letters.keys() == set("PFETMC")
    for problem in problems:
        assert [len(row) for row in EXPECTED[problem.id]] == [len(problem.tests)] * len(problem.solutions)


@pytest.mark.nsjail
@pytest.mark.redis
def test_every_cell_of_the_examples_gets_its_verdict(stack: str) -> None:
    with Client(stack, run="examples", limits=LIMITS) as judge:
        grids = {grid.id: grid for grid in judge.stream(lines("problems.jsonl"), detail=["messages"])}
    assert grids.keys() == EXPECTED.keys()
    wrong = [
        (name, i, j, letter, want, grid.cells and grid.cells[i][j].message)
        for name, grid in grids.items()
        for i, row in enumerate(grid.verdicts)
        for j, (letter, want) in enumerate(zip(row, EXPECTED[name][i], strict=True))
        if letter != want
    ]
    assert not wrong
    assert all(verdict.is_scored for grid in grids.values() for row in grid.verdicts for verdict in map(Verdict, row))


@pytest.mark.nsjail
@pytest.mark.redis
def test_what_the_examples_say_of_solutions_and_tests_by_themselves(stack: str) -> None:
    chosen = {line["id"]: line for line in lines("problems.jsonl") if line["id"] in ("flatten", "count_vowels")}
    with Client(stack, run="examples", limits=LIMITS) as judge:
        grids = {grid.id: grid for grid in judge.stream(chosen.values())}
    assert [test.vacuous for test in grids["flatten"].tests] == [False] * 5 + [True, False]
    assert grids["flatten"].solutions[-1].status == "load_error"
    assert grids["count_vowels"].tests[-1].status == "syntax_error"
    assert grids["count_vowels"].solutions[5].status == "no_entry_point"


@pytest.mark.nsjail
@pytest.mark.redis
@pytest.mark.parametrize(
    ("example", "printed"),
    [
        ("quickstart.py", ["PPPF", "PFEF", "tests passed: [3, 1]"]),
        ("reward_function.py", ["double [1.0, 0.5, 1.0, 0.0]", "last [1.0, 0.5, 0.0, 0.0]"]),
    ],
)
def test_an_example_runs_as_it_stands(stack: str, example: str, printed: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / example],
        env={"CROSSJUDGE_URL": stack, "PATH": "", "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.splitlines() == printed

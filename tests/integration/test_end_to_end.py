"""Solutions and tests in over HTTP, passing matrices out: through the real service, queue, workers and jails."""

import json
from typing import Any

import pytest

from crossjudge.client import Client
from crossjudge.contracts import BatchState, SourceStatus

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

LETTERS = {
    "P": "def f(x): return x + 1",
    "F": "def f(x): return x",
    "E": "def f(x): raise KeyError(x)",
    "T": "def f(x):\n    while True: pass",
    "M": "def f(x): return len(bytearray(2_000_000_000))",
    "C": "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGSEGV)",
}


def test_every_letter_that_a_program_can_get(judge: Client) -> None:
    grid = judge.matrix(list(LETTERS.values()), ["assert f(1) == 2", "assert f(2) == 3"])
    assert grid.verdicts == [letter * 2 for letter in LETTERS]
    assert grid.passed.tolist() == [[True, True]] + [[False, False]] * 5


def test_a_timeout_is_of_cpu_time_or_of_wall_time(judge: Client) -> None:
    sleeper = "import time\ndef f(x): time.sleep(60)"
    spinner = "def f(x):\n    while True: pass"
    limits = {"cpu_seconds": 0.3, "wall_seconds": 1.5}
    assert judge.matrix([sleeper, spinner], ["assert f(1) == 2"], limits=limits).verdicts == ["T", "T"]


def test_cells_that_are_not_asked_for_are_skipped(judge: Client) -> None:
    solutions = [LETTERS["P"], LETTERS["F"]]
    grid = judge.matrix(solutions, ["assert f(1) == 2", "assert f(2) == 3"], pairs=[(0, 1), (1, 0)])
    assert grid.verdicts == ["SP", "FS"]


def test_a_cancelled_batch_is_skipped_where_it_had_not_run(judge: Client) -> None:
    sleepers = [f"import time\ntime.sleep(3)\ndef f(): return {n}" for n in range(40)]
    batch = judge.submit([{"solutions": sleepers, "tests": ["assert f() >= 0"]}])
    judge.cancel(batch)
    done = judge.wait(batch, timeout=30)
    assert done.status is BatchState.CANCELLED
    [grid] = judge.results(batch)
    assert set("".join(grid.verdicts)) <= {"S", "P"}
    assert "S" in "".join(grid.verdicts)
    assert judge.matrix([LETTERS["P"]], ["assert f(1) == 2"], timeout=30).verdicts == ["P"]  # the workers are free


def test_all_kinds_of_tests(judge: Client) -> None:
    solutions = [
        "def add(a, b):\n    return a + b\nif __name__ == '__main__':\n    print(add(*map(int, input().split())))",
        "def add(a, b):\n    return a - b\nif __name__ == '__main__':\n    print('nothing of the kind')",
    ]
    tests: list[Any] = [
        "assert add(1, 2) == 3",
        "import solution\nassert solution.add(1, 2) == 3",
        {"kind": "assert", "code": "assert add(0, 0) == 0"},
        {"kind": "call", "args": [1, 2], "expected": 3},
        {"kind": "call", "kwargs": {"a": 0.1, "b": 0.2}, "expected": 0.3, "tolerance": 1e-6},
        {"kind": "stdio", "stdin": "1 2\n", "stdout": "3"},
        {"kind": "stdio", "stdin": "1 2\n", "stdout": "3\n", "compare": "exact"},
        {"kind": "pytest", "code": "def test_add():\n    assert add(2, 2) == 4"},
        {"kind": "pytest", "code": "import unittest\nclass A(unittest.TestCase):\n    def test_a(self):\n"
                                   "        self.assertEqual(add(2, 2), 4)"},
    ]  # fmt: skip
    assert judge.matrix(solutions, tests, entry_point="add").verdicts == ["PPPPPPPPP", "FFPFFFFFF"]


def test_what_a_model_wrote_never_makes_a_request_invalid_nor_hurts_its_neighbours(judge: Client) -> None:
    good = LETTERS["P"]
    bad = ["", "\x00", "def f(x): return '\ud800'\n\udfff", "x" * 5_000_000, "def f(:", "\ufeff\u2028 ]"]
    tests = ["assert f(1) == 2", "", "assert f(1) ==", "\x00", "\udcff", "#" + "y" * 5_000_000, "assert f(2) == 3"]
    grid = judge.matrix([good, *bad, good + "\n# the same, from another model"], tests, detail="full", timeout=120)
    assert grid.verdicts[0][0] == grid.verdicts[-1][0] == "P"
    assert grid.verdicts[0][6] == grid.verdicts[-1][6] == "P"
    assert grid.verdicts[0] == grid.verdicts[-1]
    for row in grid.verdicts[1:-1]:
        assert row == "E" * len(tests)
    assert [grid.verdicts[0][column] for column in (2, 3, 4, 5)] == ["E"] * 4
    reports = [(solution.status, solution.message) for solution in grid.solutions[1:-1]]
    reports += [(test.status, test.message) for test in grid.tests[2:6]]
    assert all(status is not SourceStatus.OK and message for status, message in reports)
    assert grid.solutions[4].status is grid.tests[5].status is SourceStatus.TOO_LARGE
    assert grid.cells is not None
    assert all(cell.message for row in grid.cells[1:-1] for cell in row)


def test_the_same_batch_twice_gives_the_same_answer(judge: Client) -> None:
    solutions = [*LETTERS.values(), "import random\ndef f(x): return x + (hash('a') + random.Random(1).random() > 0)"]
    tests = ["assert f(1) == 2", "assert f(2) == 3", "assert isinstance(f(3), int)"]
    first = judge.matrix(solutions, tests, detail=["messages", "outputs"], cache=False)
    again = judge.matrix(solutions, tests, detail=["messages", "outputs"], cache=False)
    assert again.verdicts == first.verdicts
    assert again.outputs == first.outputs


def test_equal_solutions_are_run_once_and_counted_each(judge: Client) -> None:
    batch = judge.submit([{"solutions": [LETTERS["P"]] * 5, "tests": ["assert f(1) == 2"] * 3}])
    done = judge.wait(batch, timeout=60)
    assert done.status is BatchState.DONE
    assert (done.cells.total, done.cells.done) == (15, 15)
    assert done.cells.executed + done.cells.cached == 15
    assert done.cells.executed < 15
    assert done.problems is not None
    assert done.problems[0].matrix == ["PPP"] * 5


def test_many_problems_stream_back_each_once(judge: Client) -> None:
    problems = [
        {"id": f"p{n}", "solutions": [f"def f(): return {n}", "def f(): return -1"], "tests": [f"assert f() == {n}"]}
        for n in range(60)
    ]
    grids = {grid.id: grid.verdicts for grid in judge.stream(problems)}
    assert grids == {f"p{n}": ["P", "F"] for n in range(60)}


def test_usage_of_a_run_is_kept(stack: str) -> None:
    with Client(stack, run="a run of its own", cache=False) as judge:
        judge.matrix([LETTERS["P"]], ["assert f(1) == 2", "assert f(1) == 3"])
        [usage] = [each for each in judge.runs() if each.run == "a run of its own"]
    assert (usage.batches, usage.cells, usage.executed) == (1, 2, 2)
    assert usage.cpu_seconds > 0
    json.dumps(usage.model_dump(mode="json"))

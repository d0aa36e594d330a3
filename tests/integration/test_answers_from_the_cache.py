"""A second batch of the same cells, over HTTP and with real jails: the same answer, and next to nothing run for it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crossjudge.client import Client
from crossjudge.contracts import BatchStatus, Detail, Isolation

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]

VERIFY = [sys.executable, "-m", "crossjudge.client", "verify"]
MARK = "# of this test alone"  # other tests of the session have other rows
SOLUTIONS = [
    "def f(x): return x + 1",
    "def f(x): return x",
    "def f(x): raise KeyError(x)",
    "def f(x):\n    while x == 2: pass\n    return x + 1",
    "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGSEGV)",
    "def f(:",
    "raise ValueError('no')",
    "g = 1",
    "print(int(input()) + 1)\ndef f(x): return x + 1",
    "def f(x):\n    return '\udfff' if x else '\x00'",
]
TESTS: list[Any] = [
    "assert f(1) == 2",
    "assert f(2) == 3",
    "assert f(",
    "assert True",
    "import solution\nsolution.f = lambda x: 2\nassert f(1) == 2",
    {"kind": "call", "args": [4], "expected": 5},
    {"kind": "stdio", "stdin": "6", "stdout": "7"},
    {"kind": "pytest", "code": "def test():\n    assert f(1) == 2"},
]


def post(judge: Client, solutions: list[str] = SOLUTIONS, tests: list[Any] = TESTS, **more: Any) -> BatchStatus:
    marked = [f"{text}\n{MARK}" for text in solutions]
    pairs = more.pop("pairs", None)
    it = {"id": "p", "entry_point": "f", "solutions": marked, "tests": tests, "pairs": pairs}
    return judge.wait(judge.submit([it], **more), timeout=120)


def kept(status: BatchStatus) -> list[dict[str, Any]]:
    """All that is said, but of cells that ran out of time: these run again, and which limit is met first is chance."""
    documents = [each.model_dump() for each in status.problems or []]
    for document in documents:
        for row, cells in zip(document["matrix"], document["cells"], strict=True):
            for at, letter in enumerate(row):
                if letter == "T":
                    cells[at] = None
    return documents


@pytest.mark.parametrize("isolation", Isolation)
def test_a_second_batch_is_answered_with_the_same_and_runs_next_to_nothing(judge: Client, isolation: Isolation) -> None:
    asked: dict[str, Any] = {"isolation": isolation, "detail": [each for each in Detail if each is not Detail.TIMINGS]}
    first = post(judge, **asked)
    second = post(judge, **asked)
    assert first.problems is not None
    assert second.problems is not None
    assert [each.matrix for each in second.problems] == [each.matrix for each in first.problems]
    assert kept(second) == kept(first)
    letters = "".join(row for each in first.problems for row in each.matrix)
    assert set("PFETC") <= set(letters)
    assert second.cells.executed == letters.count("T") + letters.count("M")
    assert second.cells.executed + second.cells.cached == second.cells.total == len(letters)


def test_timings_are_those_of_the_cell_that_ran(judge: Client) -> None:
    first, second = (post(judge, SOLUTIONS[:2], TESTS[:2], detail=["timings"]) for _ in range(2))
    assert second.problems == first.problems
    assert second.cells.executed == 0


def test_a_batch_that_says_so_is_run_whole(judge: Client) -> None:
    post(judge, SOLUTIONS[:3], TESTS[:2])
    again = post(judge, SOLUTIONS[:3], TESTS[:2], cache=False)
    assert (again.cells.executed, again.cells.cached) == (6, 0)
    other = post(judge, SOLUTIONS[:3], ["assert f(0) == 1"], cache=False)
    assert (other.cells.executed, other.cells.cached) == (3, 0)
    assert post(judge, SOLUTIONS[:3], ["assert f(0) == 1"]).cells.executed > 0  # nothing of it was kept


def test_pairs_share_with_whole_matrices(judge: Client) -> None:
    """A test that nobody asked for is compiled all the same, and its report is in the answer as ever."""
    tests = ["assert f(10) == 11", "assert f(", "assert f(11) == 12"]
    pairs = [(0, 0), (1, 2)]
    first = post(judge, SOLUTIONS[:2], tests, pairs=pairs, cache=False)
    whole = post(judge, SOLUTIONS[:2], tests)
    second = post(judge, SOLUTIONS[:2], tests, pairs=pairs)
    assert second.problems == first.problems
    assert second.cells.executed == 0
    assert whole.problems is not None
    assert first.problems is not None
    assert first.problems[0].tests[1].status == whole.problems[0].tests[1].status == "syntax_error"


def test_other_limits_run_anew(judge: Client) -> None:
    post(judge, SOLUTIONS[:2], TESTS[:2])
    assert post(judge, SOLUTIONS[:2], TESTS[:2], limits={"cpu_seconds": 1.5}).cells.executed > 0


def test_the_command_line_has_no_cache_where_it_is_told_so(stack: str, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"solutions": [f"{text}\n{MARK}, too" for text in SOLUTIONS[:3]], "tests": TESTS[:4]}))
    said = []
    for number, options in enumerate([[], [], ["--no-cache"]]):
        command = [*VERIFY, str(source), "-o", str(tmp_path / f"{number}.jsonl"), "--json", "--url", stack, *options]
        done = subprocess.run(command, capture_output=True, check=True, timeout=120)
        said.append(json.loads(done.stdout))
    assert [(each["executed"], each["cached"]) for each in said] == [(12, 0), (0, 12), (12, 0)]
    files = [(tmp_path / f"{number}.jsonl").read_text() for number in range(3)]
    assert files[0] == files[1] == files[2]

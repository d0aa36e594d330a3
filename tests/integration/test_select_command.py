"""`crossjudge verify` and then `crossjudge select`, with the real stack behind them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "crossjudge.client"]
RIGHT, ALSO_RIGHT, WRONG = "def f(x): return x * x", "def f(x): return x ** 2", "def f(x): return x + x"
PROBLEMS: list[dict[str, Any]] = [
    {
        "id": "square", "entry_point": "f", "solutions": [WRONG, RIGHT, ALSO_RIGHT, WRONG, "def f(:", RIGHT],
        "tests": ["assert f(3) == 9", "assert f(4) == 16", "assert f(3) == 6", "assert f(3) == 9", "assert True"],
    },
    {"id": "broken", "entry_point": "f", "solutions": ["def f(:"], "tests": ["assert f(1) == 1"]},
    {"id": "empty", "solutions": [], "tests": ["assert True"]},
]  # fmt: skip

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]


def crossjudge(*words: str) -> str:
    done = subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_verify_writes_is_what_select_reads(stack: str, tmp_path: Path) -> None:
    problems, results, out = (tmp_path / name for name in ("problems.jsonl", "results.jsonl", "chosen.jsonl"))
    problems.write_text("".join(json.dumps(each) + "\n" for each in PROBLEMS))
    crossjudge("verify", str(problems), "-o", str(results), "--detail", "outputs", "--url", stack)
    square = {line["id"]: line for line in map(json.loads, results.read_text().splitlines())}["square"]
    assert [each.get("copy_of") for each in square["solutions"]] == [None, None, None, 0, None, 1]
    assert [each.get("copy_of") for each in square["tests"]] == [None, None, None, 0, None]

    summary = json.loads(crossjudge("select", str(results), "--selector", "codet", "-o", str(out), "--json"))
    chosen = {line["id"]: line for line in map(json.loads, out.read_text().splitlines())}

    assert (summary["problems"], summary["solutions"], summary["distinct_solutions"]) == (3, 7, 5)
    assert (chosen["square"]["solutions"], chosen["square"]["tests"]) == ([1, 2, 5], [0, 1, 3])
    assert chosen["square"]["margin"] == pytest.approx(1 - 2**0.5 / (3 * 3**0.5))  # 3 tests, 3 copies; 1 test, 2 copies
    assert chosen["square"]["abstain"] is None
    assert chosen["broken"]["abstain"] == "no solution passes any test"
    assert (chosen["empty"]["solutions"], chosen["empty"]["abstain"]) == ([], "the problem has no solution")
    told = crossjudge("select", str(results), "--selector", "codet", "--problems", str(problems))
    assert told == out.read_text()

"""`crossjudge engine` with real jails."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "crossjudge.client", "engine"]

PROBLEMS: list[dict[str, Any]] = [
    {
        "id": "first",
        "entry_point": "f",
        "solutions": ["def f(x): return x + 1", "def f(:", "def f(x):\n    while True: pass"],
        "tests": ["assert f(1) == 2", {"kind": "call", "args": [2], "expected": 2}],
        "reference_solution": "a field that the contract does not know",
    },
    {"solutions": ["a = 1", "a = 2"], "tests": ["assert a == 1", "assert a == 2"], "pairs": [[0, 0], [1, 0], [1, 1]]},
]
MATRICES = [["PF", "EE", "TT"], ["PS", "FP"]]


def engine(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "problems.jsonl.gz"
    with gzip.open(path, "wt") as lines:
        lines.write("\n".join(map(json.dumps, PROBLEMS)) + "\n\n")
    return path


@pytest.mark.nsjail
@pytest.mark.parametrize("isolation", ["split", "shared"])
def test_a_file_is_judged_and_its_clocks_are_told(file: Path, isolation: str) -> None:
    done = engine(file, "--json", "--isolation", isolation, "--jails", "2", "--cpu-seconds", "0.3", "--repeat", "2")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert [problem["matrix"] for problem in said["problems"]] == MATRICES
    assert [problem["id"] for problem in said["problems"]] == ["first", "1"]
    assert said["cells"] == 9 and said["verdicts"] == {"E": 2, "F": 2, "P": 3, "S": 1, "T": 2}
    assert len(said["runs"]) == 2
    for run in said["runs"]:
        assert run["cpu_seconds"] >= run["cells_cpu_seconds"] >= 2 * 0.3, "two cells that never end"
        assert run["seconds"] > 0.3


@pytest.mark.nsjail
def test_without_json_it_is_told_in_words(file: Path) -> None:
    done = engine(file, "--cpu-seconds", "0.1", "--jails", "1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("E 2, F 2, P 3, S 1, T 2\n9 cells in ")
    assert "ms of CPU time a cell" in done.stdout


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot read"),
        ("", "holds no problem"),
        ("{", "line 1 is not a problem in JSON"),
        ("[]", "line 1 is not a problem in JSON"),
        ('{"solutions": ["a"], "tests": ["b"]}\n{"solutions": "a", "tests": ["b"]}', "line 2, solutions"),
        ("[" * 100_000, "line 1 is not a problem in JSON"),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, text: str | None, says: str) -> None:
    file = tmp_path / "problems.jsonl"
    if text is not None:
        file.write_text(text)
    done = engine(file)
    assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr


def test_broken_gzip_is_one_line(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:40])
    done = engine(file)
    assert done.returncode == 1 and "cannot read" in done.stderr and "Traceback" not in done.stderr


def test_a_limit_that_no_cell_can_have_is_an_error_of_usage(file: Path) -> None:
    done = engine(file, "--cpu-seconds", "-1")
    assert done.returncode == 2 and "--cpu-seconds" in done.stderr

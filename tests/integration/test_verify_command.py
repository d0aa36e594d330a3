"""`crossjudge verify` on a small file, with the real stack behind it."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.redis, pytest.mark.nsjail]


def problem(number: int) -> dict[str, Any]:
    return {
        "id": f"p{number}",
        "entry_point": "f",
        "solutions": [f"def f(): return {number}", "def f(): return -1", "def f(:"],
        "tests": [f"assert f() == {number}", {"kind": "call", "expected": -1}],
        "reference_solution": "a field that the contract does not know",
    }


def verify(stack: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "crossjudge.client", "verify", *arguments, "--url", stack]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def results_in(file: Path) -> dict[str, list[str]]:
    return {line["id"]: line["matrix"] for line in map(json.loads, file.read_text().splitlines())}


EXPECTED = {f"p{number}": ["PF", "FP", "EE"] for number in range(12)}


def test_a_file_of_problems_is_judged_line_by_line(stack: str, tmp_path: Path) -> None:
    source, out = tmp_path / "problems.jsonl.gz", tmp_path / "results.jsonl"
    with gzip.open(source, "wt") as file:
        file.writelines(json.dumps(problem(number)) + "\n" for number in range(12))
    done = verify(stack, str(source), "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert results_in(out) == EXPECTED


def test_what_was_judged_before_is_not_judged_again(stack: str, tmp_path: Path) -> None:
    source, out = tmp_path / "problems.jsonl", tmp_path / "results.jsonl"
    lines = [json.dumps(problem(number)) for number in range(12)]
    source.write_text("\n".join(lines[:5]) + "\n")
    assert verify(stack, str(source), "-o", str(out)).returncode == 0
    first = out.read_text()
    assert len(first.splitlines()) == 5
    source.write_text("\n".join(lines) + "\n")
    again = verify(stack, str(source), "-o", str(out))
    assert again.returncode == 0, again.stderr
    assert out.read_text().startswith(first)
    assert results_in(out) == EXPECTED
    assert len(out.read_text().splitlines()) == 12


def test_a_broken_line_is_named_and_nothing_is_written_over(stack: str, tmp_path: Path) -> None:
    source, out = tmp_path / "problems.jsonl", tmp_path / "results.jsonl"
    source.write_text(json.dumps(problem(0)) + "\n{ not JSON\n")
    done = verify(stack, str(source), "-o", str(out))
    assert done.returncode != 0
    assert "line 2" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr

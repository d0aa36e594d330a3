"""`crossjudge verify` on a small file, with the real stack behind it."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from queued_batches import wait_for

COMMAND = [sys.executable, "-m", "crossjudge.client", "verify"]

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
    command = [*COMMAND, *arguments, "--url", stack]
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


def test_a_line_is_the_object_that_the_service_answers(stack: str, tmp_path: Path) -> None:
    """What the answer leaves out, such as details nobody asked for, does not come back as null in the line."""
    source, out = tmp_path / "problems.jsonl", tmp_path / "results.jsonl"
    asked = {name: value for name, value in problem(0).items() if name != "reference_solution"}
    source.write_text(json.dumps(asked) + "\n")
    assert verify(stack, str(source), "-o", str(out), "--detail", "messages").returncode == 0
    to_stdout = verify(stack, str(source), "-o", "-", "--detail", "messages").stdout
    posted = {"problems": [asked], "detail": ["messages"]}
    answered = httpx2.post(f"{stack}/v1/batches?wait=60", json=posted, timeout=90).json()["problems"][0]

    assert json.loads(out.read_text()) == json.loads(to_stdout) == answered


def test_a_run_that_was_killed_is_resumed_and_judges_nothing_twice(stack: str, tmp_path: Path) -> None:
    source, out = tmp_path / "problems.jsonl", tmp_path / "results.jsonl"
    slow = [{**problem(number), "prelude": "import time\ntime.sleep(0.4)\n"} for number in range(12)]
    source.write_text("".join(json.dumps(each) + "\n" for each in slow))
    command = [*COMMAND, str(source), "-o", str(out), "--url", stack, "--run", "resumed"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        wait_for(lambda: first.poll() is not None or (out.exists() and out.read_text().count("\n") >= 1), "a result")
        first.kill()
    kept = out.read_text()
    assert kept.count("\n") >= 1
    again = verify(stack, str(source), "-o", str(out), "--run", "resumed")
    assert again.returncode == 0, again.stderr
    assert out.read_text().startswith(kept[: kept.rindex("\n") + 1])
    assert results_in(out) == EXPECTED
    assert len(out.read_text().splitlines()) == 12


def test_a_broken_line_is_named_and_nothing_is_written_over(stack: str, tmp_path: Path) -> None:
    source, out = tmp_path / "problems.jsonl", tmp_path / "results.jsonl"
    source.write_text(json.dumps(problem(0)) + "\n{ not JSON\n")
    done = verify(stack, str(source), "-o", str(out))
    assert done.returncode != 0
    assert "line 2" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr

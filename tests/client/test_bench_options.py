"""`crossjudge bench` with options that it cannot follow: one line that says what to change, before anything starts."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "crossjudge.client", "bench"]


def bench(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *options], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--ways", "python,warp"], "there is no 'warp'; there are in-process, fork, python"),
        (["--ways", " , "], "--ways: none named; there are in-process"),
        (["--ways", ""], "--ways: none named"),
        (["--workloads", "huge"], "there is no 'huge'; there are literal, interpreter"),
        (["--quick", "--full"], "--quick and --full contradict each other"),
        (["--data", "nowhere"], "--data: there is no folder nowhere"),
        (["--data", "."], "humaneval_codegen16b_even.jsonl.gz"),
        (["--json", "nowhere/x.json"], "--json: there is no folder nowhere"),
        (["--json", "."], "--json: . is a folder"),
        (["--plot", "x.bmp"], "a picture's name ends in .png"),
        (["--plot", "nowhere/x.png"], "there is no folder nowhere"),
        (["--workloads", "real"], "it needs published data, see --data"),
        (["--ways", "python", "--code-judge", "."], ". is no checkout of code-judge"),
        (["--ways", "python", "--sandboxfusion", "nowhere"], "nowhere is no checkout of SandboxFusion"),
    ],
)
def test_an_option_that_cannot_be_followed_is_one_line(tmp_path: Path, options: list[str], says: str) -> None:
    done = bench(tmp_path, *options)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("crossjudge: ") or "\ncrossjudge: " in done.stderr
    assert says in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options", [["--rounds", "0"], ["--seconds", "0"], ["--seconds", "nan"], ["--workers", "-1"], ["--nope"]]
)
def test_a_number_out_of_range_is_an_error_of_usage(tmp_path: Path, options: list[str]) -> None:
    done = bench(tmp_path, *options)
    assert done.returncode == 2, done.stderr
    assert options[0] in done.stderr and "Traceback" not in done.stderr

"""`crossjudge verify` as a person runs it: a process, files, a service over real HTTP."""

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pretend_service import PretendService, eventually

PROBLEMS: list[dict[str, Any]] = [
    {"id": "a", "solutions": ["PFX", "EEE"], "tests": ["1", "2", "3"], "prompt": "left aside", "reference_solution": 1},
    {"solutions": ["T", "\ud800"], "tests": ["1"], "prompt": ""},
    {"id": 7, "solutions": ["P"], "tests": []},
    {"id": "none", "solutions": [], "tests": ["1", "2"]},
    {"id": "a", "solutions": ["F"], "tests": ["1"]},
]
MATRICES = {"a": ["PFX", "EEE"], "1": ["T", "P"], "7": [""], "none": [], "a#5": ["F"]}


def write(path: Path, *lines: Any) -> Path:
    path.write_bytes(b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines))
    return path


def run(folder: Path, *words: str, stdin: bytes = b"", status: int = 0) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "crossjudge.client", "verify", *words]
    done = subprocess.run(command, cwd=folder, input=stdin, capture_output=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def matrices(data: bytes) -> dict[str, list[str]]:
    results = [json.loads(line) for line in data.splitlines()]
    assert len({result["id"] for result in results}) == len(results)
    return {result["id"]: result["matrix"] for result in results}


def test_a_file_goes_in_and_a_line_a_problem_comes_out(service: PretendService, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", *PROBLEMS)
    done = run(tmp_path, "in.jsonl")
    lines = (tmp_path / "in.results.jsonl").read_bytes()
    assert matrices(lines) == MATRICES
    by_id = {result["id"]: result for result in map(json.loads, lines.splitlines())}
    assert by_id["a"].keys() == {"id", "matrix", "solutions", "tests", "outputs", "cells"}
    assert by_id["7"]["solutions"] == [{"status": "not_run"}]
    assert [test["status"] for test in by_id["none"]["tests"]] == ["not_run", "not_run"]
    stderr, stdout = done.stderr.decode(), done.stdout.decode()
    assert stderr.count("left aside") == 1
    assert "prompt, reference_solution" in stderr
    assert "1 line with an id that another line has too" in stderr
    assert "1 cell could not be judged (X)" in stdout
    assert "5 problems, 6 solutions" in stdout


@pytest.mark.parametrize("name", ["in.jsonl.gz", "in.jsonl"])
def test_gzip_is_read_whatever_its_name(service: PretendService, tmp_path: Path, name: str) -> None:
    plain = write(tmp_path / "plain", *PROBLEMS).read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(plain))
    run(tmp_path, name)
    assert matrices((tmp_path / "in.results.jsonl").read_bytes()) == MATRICES


def test_stdin_is_judged_to_stdout_and_all_else_goes_to_stderr(service: PretendService, tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", *PROBLEMS).read_bytes()
    done = run(tmp_path, "-", stdin=gzip.compress(plain))
    assert matrices(done.stdout) == MATRICES
    assert b"left aside" in done.stderr
    assert b"5 problems" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]


def test_bad_lines_are_named_and_the_good_ones_judged(service: PretendService, tmp_path: Path) -> None:
    bad = [
        b"{not json\n",
        b"\n",
        b"[1]\n",
        b'"\xff"\n',
        b"[" * 100_000 + b"\n",
        {"id": "b", "solutions": ["P"], "tests": [{"kind": "call", "expected": 1, "args": 3}]},
        {"id": "c", "solutions": ["P"], "tests": ["1"], "pairs": [[0, 1]]},
        {"id": "d", "tests": ["1"]},
        {"id": True, "solutions": ["P"], "tests": ["1"]},
    ]
    write(tmp_path / "in.jsonl", PROBLEMS[0], *bad, PROBLEMS[1])
    done = run(tmp_path, "in.jsonl", "--json", status=1)
    assert matrices((tmp_path / "in.results.jsonl").read_bytes()) == {"a": MATRICES["a"], "10": ["T", "P"]}
    named = {(line["line"], line["path"]) for line in json.loads(done.stdout)["bad_lines"]}
    assert named == {
        (2, "$"), (4, "$"), (5, "$"), (6, "$"), (7, "$.tests[0].args"), (8, "$.pairs[0]"), (9, "$.solutions"),
        (10, "$.id"),
    }  # fmt: skip
    assert b"in.jsonl, line 7, $.tests[0].args: " in done.stderr


def test_gzip_that_is_cut_off_is_judged_as_far_as_it_goes(service: PretendService, tmp_path: Path) -> None:
    lines = [{"id": str(n), "solutions": ["P"], "tests": [os.urandom(200).hex()]} for n in range(200)]
    whole = gzip.compress(write(tmp_path / "plain", *lines).read_bytes())
    (tmp_path / "in.jsonl").write_bytes(whole[: len(whole) // 2])
    done = run(tmp_path, "in.jsonl", status=1)
    assert b"the gzip data ends or breaks here" in done.stderr
    assert len(matrices((tmp_path / "in.results.jsonl").read_bytes())) > 10


def test_a_problem_that_the_service_refuses_is_named_by_its_line(service: PretendService, tmp_path: Path) -> None:
    service.refused_ids = {"1"}
    write(tmp_path / "in.jsonl", *PROBLEMS)
    done = run(tmp_path, "in.jsonl", "--json", status=1)
    summary = json.loads(done.stdout)
    assert summary["refused"] == [{"line": 2, "status": 422, "detail": "$.pairs[0]: out of range"}]
    assert b"in.jsonl, line 2: the service refused it: $.pairs[0]: out of range" in done.stderr
    assert matrices((tmp_path / "in.results.jsonl").read_bytes()).keys() == MATRICES.keys() - {"1"}


def test_the_summary_as_json_counts_everything(service: PretendService, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", *PROBLEMS)
    summary = json.loads(run(tmp_path, "in.jsonl", "--json").stdout)
    assert summary["verdicts"] == {"P": 2, "F": 2, "E": 3, "T": 1, "M": 0, "C": 0, "S": 0, "X": 1}
    counts = {
        name: summary[name] for name in ("problems", "nothing_to_judge", "solutions", "cells", "judged", "executed")
    }
    assert counts == {"problems": 5, "nothing_to_judge": 2, "solutions": 6, "cells": 9, "judged": 9, "executed": 9}
    assert summary["results"] == "in.results.jsonl"


def test_a_finished_file_is_not_judged_again(service: PretendService, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", *PROBLEMS)
    run(tmp_path, "in.jsonl")
    before, asked = (tmp_path / "in.results.jsonl").read_bytes(), len(service.seen)
    summary = json.loads(run(tmp_path, "in.jsonl", "--json").stdout)
    assert (summary["problems"], summary["resumed"], summary["judged"]) == (5, 5, 0)
    assert (tmp_path / "in.results.jsonl").read_bytes() == before
    assert len(service.seen) == asked


@pytest.mark.parametrize("cut", [1, 30])
def test_a_run_that_was_killed_goes_on_after_its_last_whole_line(
    service: PretendService, tmp_path: Path, cut: int
) -> None:
    write(tmp_path / "in.jsonl", *PROBLEMS)
    run(tmp_path, "in.jsonl")
    results = tmp_path / "in.results.jsonl"
    results.write_bytes(results.read_bytes()[:-cut])
    service.seen.clear()
    summary = json.loads(run(tmp_path, "in.jsonl", "--json").stdout)
    assert (summary["problems"], summary["resumed"]) == (5, 4)
    assert matrices(results.read_bytes()) == MATRICES
    assert [len(post.body["problems"]) for post in service.sent("POST")] == [1]


def test_results_of_another_order_are_not_mixed_in(service: PretendService, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", *PROBLEMS)
    run(tmp_path, "in.jsonl")
    before = (tmp_path / "in.results.jsonl").read_bytes()
    done = run(tmp_path, "in.jsonl", "--cpu-seconds", "5", "--isolation", "shared", status=1)
    assert b"cpu_seconds was 2.0, now 5.0; isolation was split, now shared" in done.stderr
    write(tmp_path / "in.jsonl", *PROBLEMS[:1])
    done = run(tmp_path, "in.jsonl", status=1)
    assert b"the input was another, or has changed since" in done.stderr
    assert (tmp_path / "in.results.jsonl").read_bytes() == before
    run(tmp_path, "in.jsonl", "--restart")
    assert matrices((tmp_path / "in.results.jsonl").read_bytes()) == {"a": MATRICES["a"]}


def test_a_file_of_something_else_is_never_overwritten(service: PretendService, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", *PROBLEMS)
    (tmp_path / "thesis.txt").write_text("years of work")
    done = run(tmp_path, "in.jsonl", "-o", "thesis.txt", status=1)
    assert b"name another file with -o" in done.stderr
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    done = run(tmp_path, "in.jsonl", "-o", "./in.jsonl", "--restart", status=1)
    assert b"is the file of problems itself" in done.stderr


def test_ctrl_c_keeps_what_is_judged_and_cancels_the_rest(service: PretendService, tmp_path: Path) -> None:
    lines = [{"id": str(n), "solutions": ["P"], "tests": ["1"]} for n in range(6)]
    write(tmp_path / "in.jsonl", *lines)
    service.hold()
    command = [sys.executable, "-m", "crossjudge.client", "verify", "in.jsonl", "--cells-per-batch", "1"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert eventually(lambda: service.running() == 4)
        service.finish("b_0")
        results = tmp_path / "in.results.jsonl"
        assert eventually(lambda: results.exists() and results.read_bytes().endswith(b"\n") and service.running() == 4)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, stderr
    assert b"stopped: Results written so far: 1 problem, in in.results.jsonl; the same command" in stderr
    assert b"Traceback" not in stderr
    assert service.running() == 0
    service.release()
    run(tmp_path, "in.jsonl", "--json")
    service.hold()
    assert matrices(results.read_bytes()) == {str(n): ["P"] for n in range(6)}


def test_a_service_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", PROBLEMS[1])
    done = run(tmp_path, "in.jsonl", "--url", "http://127.0.0.1:9", status=1)
    [line] = [line for line in done.stderr.decode().splitlines() if "fields left aside" not in line]
    assert "http://127.0.0.1:9" in line
    assert "crossjudge up" in line


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.jsonl"], "cannot read nowhere.jsonl: No such file"),
        (["."], "cannot read .: Is a directory"),
        (["in.jsonl", "-o", "no/such/folder"], "cannot write no/such/folder"),
        (["in.jsonl", "-o", "out.gz"], "leave off .gz"),
        (["in.jsonl", "--memory-mb", "1"], "--memory-mb: input should be greater than or equal to 16, got 1"),
        (["in.jsonl", "--detail", "all"], "there is no 'all'"),
        (["in.jsonl", "--detail", "none,outputs"], "asks for no details"),
        (["in.jsonl", "--plot", "out.doc"], "a picture's name ends in .png"),
        (["in.jsonl", "--plot", "no/out.png"], "there is no folder no"),
        (["in.jsonl", "--url", "localhost:8000"], "is not the URL of a service"),
        (["-", "--json"], "name a file with -o"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    service: PretendService, tmp_path: Path, words: list[str], says: str
) -> None:
    write(tmp_path / "in.jsonl", {"solutions": ["P"], "tests": ["1"]})
    done = run(tmp_path, *words, status=1)
    [line] = done.stderr.decode().splitlines()
    assert line.startswith("crossjudge: ")
    assert says in line


def test_limits_and_details_reach_the_service(service: PretendService, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", PROBLEMS[0])
    run(tmp_path, "in.jsonl", "--cpu-seconds", "3", "--memory-mb", "64", "--detail", "outputs,timings", "--run", "me")
    body = service.sent("POST")[0].body
    assert (body["limits"]["cpu_seconds"], body["limits"]["memory_mb"], body["run"]) == (3, 64, "me")
    assert body["detail"] == ["timings", "outputs"]


@pytest.mark.parametrize(("options", "asked"), [([], ["outputs"]), (["--detail", "none"], [])])
def test_outputs_are_asked_for_unless_told_otherwise(
    service: PretendService, tmp_path: Path, options: list[str], asked: list[str]
) -> None:
    write(tmp_path / "in.jsonl", PROBLEMS[0])
    run(tmp_path, "in.jsonl", *options)
    assert service.sent("POST")[0].body["detail"] == asked


def test_a_picture_is_drawn(service: PretendService, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write(tmp_path / "in.jsonl", *PROBLEMS)
    summary = json.loads(run(tmp_path, "in.jsonl", "--plot", "out.png", "--json").stdout)
    assert summary["plots"] == ["out.png"]
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")

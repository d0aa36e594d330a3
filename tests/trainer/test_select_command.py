"""`crossjudge select` as a person runs it: files in, choices out, and a clear word for whatever is wrong."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crossjudge.client.cli import app
from crossjudge.trainer.selectors import SELECTORS, Labels, PassingMatrix, Selector
from crossjudge.trainer.selectors.dyb4 import DyB4
from crossjudge.trainer.selectors.registry import RECOMMENDED

GOLDEN = ["PPFF", "PPFF", "PFPP", "FFPF"]
"""The matrix of B4's golden numbers."""


def line(id: str, rows: list[str], copies: list[int | None] | None = None, **fields: Any) -> dict[str, Any]:
    solutions = [
        {"status": "ok"} | ({} if copy is None else {"copy_of": copy}) for copy in copies or [None] * len(rows)
    ]
    tests = [{"status": "ok", "vacuous": False}] * (len(rows[0]) if rows else 1)
    return {"id": id, "matrix": rows, "solutions": solutions, "tests": tests, "outputs": None, "cells": None, **fields}


def write(path: Path, *lines: Any) -> Path:
    path.write_bytes(b"".join(each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in lines))
    return path


def select(*words: str | Path, status: int = 0) -> Result:
    done = CliRunner().invoke(app, ["select", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == status, done.stderr
    return done


def choices(text: str) -> dict[str, dict[str, Any]]:
    return {choice["id"]: choice for choice in map(json.loads, text.splitlines())}


def test_a_line_a_problem_comes_out_as_the_contract_says(tmp_path: Path) -> None:
    results = write(tmp_path / "r.jsonl", line("golden", GOLDEN), line("none", ["FF", "FX"]))
    done = select(results, "--selector", "codet")
    golden, none = choices(done.stdout).values()
    assert list(golden) == [
        "id", "selector", "solutions", "tests", "solution_scores", "test_scores", "margin", "abstain",
    ]  # fmt: skip
    assert (golden["selector"], golden["solutions"], golden["tests"]) == ("codet", [2], [0, 2, 3])
    assert golden["margin"] == pytest.approx(1 - 8**0.5 / 3)
    assert golden["abstain"] is None
    assert none["abstain"] == "no solution passes any test"
    assert none["test_scores"][1] is None  # too little of it was judged
    assert "codet: 2 problems, 6 solutions" in done.stderr
    assert "1 × no solution passes any test" in done.stderr


def test_options_gates_and_copies_decide(tmp_path: Path) -> None:
    results = write(tmp_path / "r.jsonl", line("p", GOLDEN), line("q", [*GOLDEN, "PFPP"], [None, 0, None, None, 2]))
    assert choices(select(results, "--selector", "b4").stdout)["p"]["solutions"] == [2]
    weak = ("--option", "alpha_xy=10", "--option", "beta_0=10")
    assert choices(select(results, "--selector", "b4", *weak).stdout)["p"]["solutions"] == [0, 1]
    found = choices(select(results, "--selector", "codet").stdout)["q"]
    assert found["solutions"] == [2, 4]  # two copies each: 3·√2 against 2·√2
    assert found["margin"] == pytest.approx(1 / 3)
    gated = choices(select(results, "--selector", "codet", "--gate", "min_members=2").stdout)
    assert [gated[name]["abstain"] for name in "pq"] == ["the best cluster has too few members", None]
    gated = choices(select(results, "--selector", "codet", "--gate", "min_margin=0.4").stdout)
    assert gated["q"]["abstain"] == "the runner-up comes too close to the best cluster"
    assert gated["q"]["solutions"] == [2, 4]


@pytest.mark.parametrize("name", ["best", *(name for name in SELECTORS if name != "oracle")])
def test_every_selector_answers_every_kind_of_matrix(tmp_path: Path, name: str) -> None:
    rows = [GOLDEN, ["P"], ["F"], ["XS", "SX"], ["", ""], [], ["PX", "XP", "FF"], ["TEMC", "PPPP"]]
    results = write(tmp_path / "r.jsonl", *(line(str(number), each) for number, each in enumerate(rows)))
    done = select(results, "--selector", name)
    found = choices(done.stdout)
    for number, each in enumerate(rows):
        choice = found[str(number)]
        assert len(choice["solution_scores"]) == len(each)
        assert set(choice["solutions"]) <= set(range(len(each)))
        assert all(score is None or 0 <= score <= 1 for score in choice["solution_scores"] + choice["test_scores"])
    assert {each["selector"] for each in found.values()} == {RECOMMENDED if name == "best" else name}


def test_copies_are_known_from_the_file_of_problems(tmp_path: Path) -> None:
    problem = {"id": "p", "solutions": ["a", "b", "a"], "tests": ["1", "2"], "prompt": "left aside"}
    results = write(tmp_path / "r.jsonl", line("p", ["PF", "FP", "PF"]))
    without = select(results, "--selector", "mbr", "--option", "copies=false")
    problems = write(tmp_path / "p.jsonl", problem)
    with_copies = select(results, "--selector", "mbr", "--option", "copies=true", "--problems", problems)
    assert choices(without.stdout)["p"]["margin"] == choices(with_copies.stdout)["p"]["margin"] == 0.5
    distinct = select(results, "--selector", "mbr", "--problems", problems)
    assert choices(distinct.stdout)["p"]["margin"] == 0.0
    assert "3 solutions, 2 distinct" in distinct.stderr


def test_the_output_is_a_file_and_the_summary_json(tmp_path: Path) -> None:
    results = tmp_path / "r.jsonl.gz"
    results.write_bytes(gzip.compress(write(tmp_path / "plain", line("p", GOLDEN)).read_bytes()))
    out = tmp_path / "chosen.jsonl"
    out.write_text("something older")
    done = select(results, "--selector", "mbr", "-o", out, "--json")
    assert choices(out.read_text())["p"]["solutions"] == [0, 1]
    assert json.loads(done.stdout) == {
        "selector": "mbr", "problems": 1, "solutions": 4, "distinct_solutions": 4, "abstained": {}, "mean_margin": 0.5,
        "output": str(out), "bad_lines": [],
    }  # fmt: skip
    select(results, "--selector", "mbr", "-o", tmp_path / "chosen.jsonl.gz")
    assert gzip.decompress((tmp_path / "chosen.jsonl.gz").read_bytes()) == out.read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "chosen.jsonl",
        "chosen.jsonl.gz",
        "plain",
        "r.jsonl.gz",
    ]


def test_bad_lines_are_named_and_the_others_answered(tmp_path: Path) -> None:
    lines = [
        line("a", GOLDEN), b"{oops\n", line("ragged", ["PF", "P"]), line("letters", ["P?"]),
        {"id": "problem", "solutions": ["x"], "tests": ["y"]}, line("b", ["PF"]), b'{"id": "cut", "matrix": ["PF',
    ]  # fmt: skip
    results = write(tmp_path / "r.jsonl", *lines)
    out = tmp_path / "out.jsonl"
    done = select(results, "-o", out, "--json", status=1)
    assert choices(out.read_text()).keys() == {"a", "b"}
    named = [(bad["line"], bad["problem"], bad["path"]) for bad in json.loads(done.stdout)["bad_lines"]]
    assert named == [
        (2, None, "$"),
        (3, "ragged", "$.matrix[1]"),
        (4, "letters", "$.matrix[0]"),
        (5, "problem", "$"),
        (7, None, "$"),
    ]
    assert f"{results}, line 3, problem 'ragged', $.matrix[1]: 1 letters where the problem has 2 tests" in done.stderr
    assert "as if it had been cut off there" in done.stderr
    assert "nothing chosen for 5 bad lines (see above)" in done.stderr


def test_where_nothing_can_be_answered_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("older\n")
    select(write(tmp_path / "bad.jsonl", b"\x00\xff\n"), "-o", out, status=1)
    assert "holds no results" in select(write(tmp_path / "empty.jsonl"), "-o", out, status=1).stderr
    cut = gzip.compress(write(tmp_path / "r.jsonl", line("a", GOLDEN)).read_bytes())[:-20]
    (tmp_path / "cut.gz").write_bytes(cut)
    assert "the gzip data ends or breaks here" in select(tmp_path / "cut.gz", "-o", out, status=1).stderr
    assert out.read_text() == "older\n"
    assert not list(tmp_path.glob(".out*"))


def test_other_peoples_files_are_told_apart(tmp_path: Path) -> None:
    results = write(tmp_path / "r.jsonl", line("p", ["PF"]))
    other = write(tmp_path / "other.jsonl", {"id": "q", "solutions": ["a"], "tests": ["1", "2"]})
    done = select(results, "--problems", other, status=1)
    assert "line 1, problem 'p', $.id:" in done.stderr
    assert "is it the file that was verified?" in done.stderr
    chosen = tmp_path / "chosen.jsonl"
    select(results, "-o", chosen)
    assert "has chosen already" in select(chosen, status=1).stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name the file of results"),
        (["nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["r.jsonl", "--selector", "b44"], "did you mean 'b4'?"),
        (["r.jsonl", "--selector", "oracle"], "oracle needs labels, which can be given from Python alone"),
        (["r.jsonl", "--selector", "b4", "--option", "alpha_xy"], "key=value"),
        (["r.jsonl", "--selector", "b4", "--option", "alpha=1"], "b4 has no option 'alpha'; it has alpha_xy"),
        (["r.jsonl", "--selector", "b4", "--option", "alpha_xy=much"], "alpha_xy takes a number, not 'much'"),
        (["r.jsonl", "--selector", "b4", "--option", "alpha_xy=nan"], "alpha_xy takes a number, not 'nan'"),
        (["r.jsonl", "--selector", "b4", "--option", "alpha_xy=-1"], "two numbers above 0"),
        (["r.jsonl", "--selector", "b4", "--option", "copies=maybe"], "copies takes true or false"),
        (["r.jsonl", "--selector", "b4", "--option", "priors=1"], "from Python alone"),
        (["r.jsonl", "--selector", "spectral", "--option", "kind=x"], "kind takes rank_one or agreement, not 'x'"),
        (["r.jsonl", "--selector", "random", "--option", "seed=0.5"], "seed takes a whole number"),
        (["r.jsonl", "--gate", "min_margin=2"], "min_margin is a share"),
        (["r.jsonl", "--gate", "members=2"], "neither min_members=N nor min_margin=SHARE"),
        (["r.jsonl", "--json"], "name a file with -o"),
        (["r.jsonl", "-o", "r.jsonl"], "is what is read"),
        (["r.jsonl", "-o", "no/such/folder/out"], "cannot write no/such/folder/out"),
        (["-", "--problems", "-"], "stdin holds either"),
        (["r.jsonl", "--problems", "empty"], "holds no problems"),
        (["r.jsonl", "--selector", "b4", "--state", "r.jsonl"], "b4 learns nothing that could be loaded"),
        (["r.jsonl", "--selector", "dyb4", "--state", "r.jsonl"], "this is not a state of dyb4"),
        (["r.jsonl", "--selector", "dyb4", "--state", "nowhere"], "cannot read nowhere"),
        (["r.jsonl", "--selector", "dyb4", "--state", "empty"], "empty is not JSON"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "r.jsonl", line("p", GOLDEN))
    write(tmp_path / "empty")
    before = (tmp_path / "r.jsonl").read_bytes()
    done = select(*words, status=1)
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert (tmp_path / "r.jsonl").read_bytes() == before


def test_what_a_selector_has_learnt_can_be_loaded(tmp_path: Path) -> None:
    dyb4 = DyB4()
    matrix = PassingMatrix.of(["PPFF", "PPFF", "FFPP", "FFPP", "FPPF"])
    dyb4.observe([matrix] * 10, [Labels(matrix.passed[:, 0])] * 10)
    state = tmp_path / "state.json"
    state.write_text(json.dumps(dyb4.state_dict()))
    results = write(tmp_path / "r.jsonl", line("p", GOLDEN))
    found = choices(select(results, "--selector", "dyb4", "--state", state).stdout)["p"]
    assert found["solutions"] == [0, 1]
    assert choices(select(results, "--selector", "dyb4").stdout)["p"]["solutions"] == [2]


def test_a_selector_that_refuses_a_problem_costs_that_problem_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crossjudge.trainer import select_command
    from crossjudge.trainer.selectors.bounds import Oracle

    def oracle(*_: Any) -> Selector:
        return Oracle({"a": Labels(PassingMatrix.of(GOLDEN).passed[:, 0])})

    monkeypatch.setattr(select_command, "_chooser", oracle)
    results = write(tmp_path / "r.jsonl", line("a", GOLDEN), line("b", GOLDEN), line("c", GOLDEN))
    done = select(results, status=1)
    assert choices(done.stdout).keys() == {"a"}
    assert "line 2, problem 'b', $: the oracle has no labels of this problem" in done.stderr
    assert "nothing chosen for 2 bad lines" in done.stderr


def test_the_list_has_each_selector_with_its_options() -> None:
    out = select("--list").stdout
    for name in SELECTORS:
        assert f" {name} " in out
    for said in ("(best)", "alpha_xy=1000.0", "copies=true", "strength=none", "labels: from Python alone", "seed=0"):
        assert said in out


def run(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "crossjudge.client", "select", *words]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)


def test_stdin_goes_to_stdout_and_all_else_to_stderr() -> None:
    done = run("-", "--selector", "codet", stdin=gzip.compress(json.dumps(line("p", GOLDEN)).encode()))
    assert done.returncode == 0
    assert choices(done.stdout.decode())["p"]["solutions"] == [2]
    assert b"codet: 1 problem" in done.stderr


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    results = write(tmp_path / "r.jsonl", line("p", GOLDEN))
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        select(results, "--selector", "codet", "-o", pipe)
        out, _ = reader.communicate(timeout=60)
    assert choices(out.decode())["p"]["solutions"] == [2]
    assert pipe.is_fifo()


LIGHT = """
import sys
import crossjudge.trainer.select_command
heavy = {"torch", "matplotlib", "httpx2", "fastapi", "scipy.stats", "scipy.optimize"} & sys.modules.keys()
assert not heavy, heavy
"""


def test_the_command_imports_nothing_heavy() -> None:
    subprocess.run([sys.executable, "-c", LIGHT], check=True, timeout=60)


WITHOUT_SCIPY = """
import sys
sys.modules["scipy"] = None
from crossjudge.client.cli import main
sys.argv = ["crossjudge", "select", "x"]
main()
"""


def test_without_scipy_the_right_extra_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SCIPY], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "crossjudge: `select` needs scipy, which is not installed: pip install 'crossjudge[selectors]'\n"
    )

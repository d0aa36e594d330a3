"""What `crossjudge bench` judges: problems of the promised kind, new in each turn; what a model wrote, in walls."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.client.bench import bare, published
from crossjudge.client.bench.cells import Cell, cells_of, chosen, count
from crossjudge.client.bench.published import FILE, Published, plain_asserts, spread
from crossjudge.client.bench.throughput import may_run
from crossjudge.client.bench.way import Way
from crossjudge.client.bench.ways import WAYS
from crossjudge.client.bench.workloads import HEAVY_MS, KINDS, SIDE, Workload
from crossjudge.client.errors import CommandError
from crossjudge.contracts import AssertTest, Problem
from crossjudge.worker.jail.literal.planning import plan

BARE = Path(bare.__file__)


def made(name: str, data: Published | None = None) -> Workload:
    workload = KINDS[name](data)
    assert workload is not None
    return workload


def run_bare(how: str, cells: list[Cell], imports: list[str]) -> dict[str, Any]:
    work = {"imports": imports, "cells": [(cell.source, cell.stdin, cell.stdout) for cell in cells]}
    command = [sys.executable, "-I", "-S", str(BARE), how]
    done = subprocess.run(command, input=json.dumps(work), capture_output=True, text=True, timeout=60, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="session")
def data(shared_data: Path) -> Published:
    return Published(shared_data, SIDE)


@pytest.fixture(params=["generated", "published data"])
def literal_and_interpreter(request: pytest.FixtureRequest) -> list[Workload]:
    data = None if request.param == "generated" else request.getfixturevalue("data")
    return [made("literal", data), made("interpreter", data)]


def test_literal_asserts_need_no_interpreter_and_the_others_do(literal_and_interpreter: list[Workload]) -> None:
    """As the worker reads them."""
    for workload, is_planned in zip(literal_and_interpreter, (True, False), strict=True):
        tests = [test for problem in workload.problems for test in problem.tests]
        codes = [test.code for test in tests if isinstance(test, AssertTest)]
        assert len(codes) == len(tests)
        assert {plan(code, "test.py") is not None for code in codes} == {is_planned}


def test_matrices_are_of_sixteen_solutions_and_tests_of_which_none_are_equal(
    literal_and_interpreter: list[Workload],
) -> None:
    for workload in literal_and_interpreter:
        for problem in workload.problems:
            assert len(set(problem.solutions)) == len(problem.solutions) == SIDE
            assert len({test.model_dump_json() for test in problem.tests}) == len(problem.tests) == SIDE


@pytest.mark.parametrize("name", ["literal", "interpreter", "stdio"])
def test_some_cells_pass_and_some_do_not(name: str) -> None:
    cells = chosen(made(name).problems, 200)
    passed = run_bare("exec", cells, ["typing", "collections"])["passed"]
    assert 0.2 < sum(passed) / len(passed) < 0.8
    assert run_bare("fork", cells, [])["passed"] == passed


def test_heavy_cells_take_the_cpu_time_that_they_say() -> None:
    answer = run_bare("exec", chosen(made("heavy").problems, 4), [])
    assert answer["cpu_seconds"] >= 4 * HEAVY_MS / 1000


def test_a_real_model_wrote_the_real_ones(data: Published) -> None:
    real = made("real", data)
    assert count(real.problems) > 10_000 and real.limits.cpu_seconds == 1.0 and not real.is_trusted
    assert made("literal", data).is_trusted, "the solutions of these are variants of the reference"
    assert KINDS["real"](None) is None


def test_what_a_model_wrote_is_not_given_to_a_way_without_walls() -> None:
    workload = Workload("real", "", "published data", [Problem(solutions=[""], tests=["pass"])], is_trusted=False)
    locked = ("nsjail", "service", "engine-split")
    ways = {name: cast(Way, type(name, (), {"is_sandboxed": name in locked})) for name in WAYS}
    assert [name for name, way in ways.items() if may_run(way, workload)] == ["nsjail", "engine-split", "service"]


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"real"}))
def test_no_cell_of_one_turn_equals_one_of_another(name: str) -> None:
    workload = made(name)
    turns = [workload.take(2 * len(workload.problems), mark) for mark in ("a-1", "a-2", "b-1")]
    texts = [text for turn in turns for problem in turn for text in problem.solutions]
    assert len(set(texts)) == len(texts)
    assert len({problem.id for turn in turns for problem in turn}) == sum(map(len, turns))


def test_problems_are_taken_in_a_circle() -> None:
    problems = [Problem(id=str(n), solutions=[str(n)], tests=["pass"]) for n in range(3)]
    workload = Workload("x", "", "generated", problems)
    assert [p.solutions[0][0] for p in workload.take(5, "m", start=2)] == list("20120")


@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 200))
def test_a_part_of_the_cells_is_always_the_same_part(problems: int, height: int, width: int, most: int) -> None:
    made = [
        Problem(solutions=[f"s{n}.{row}" for row in range(height)], tests=[f"t{column}" for column in range(width)])
        for n in range(problems)
    ]
    part = chosen(made, most)
    assert part == chosen(made, most) and len({cell.place for cell in part}) == len(part)
    assert len(part) == min(most, count(made))
    assert set(part) <= set(cells_of(made))


@given(st.lists(st.integers(), min_size=1, max_size=60), st.data())
def test_a_spread_is_some_of_the_items_in_their_order(items: list[int], data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(items)))
    numbered = list(enumerate(items))
    found = spread(numbered, size)
    assert len(found) == size == len(set(found)) and found == sorted(found)


HOSTILE = [
    "import os",
    "assert __import__('os').system('x') == 0",
    "assert f(__import__('os')) == 1",
    "assert f(open('/etc/passwd')) == 1",
    "assert f(1) == f(1)",
    "assert f(lambda: 1) == 1",
    "assert f([x for x in range(10**9)]) == 1",
    "assert f(10**9) == 1",
    "assert f(1000000000) == 1",
    "assert f('x' * 10) == 1",
    f"assert f({'x' * 300!r}) == 1",
    "assert f.__globals__ == 1",
    "assert f(f) == 1",
    "assert f(*[1]) == 1",
    "assert f(**{'a': 1}) == 1",
    "assert f(1) == 1, print('x')",
    "assert f(1) == 1; import os",
    "assert f(1) < 2 < 3",
    "assert g(1) == 1",
    "assert f(1",
    "assert f('\\x00\ud800') == '(' * 10 + \x00",
    "(" * 5000,
]


@pytest.mark.parametrize("test", HOSTILE)
def test_a_test_that_does_more_than_compare_is_left_out(test: str) -> None:
    assert plain_asserts([test], "f") == []


def test_a_test_that_compares_plain_data_is_taken_once() -> None:
    plain = ["assert f([1, -2.5], 'a', {'b': (True, None)}) == {1, 2}", "assert f() == []"]
    assert plain_asserts([plain[0], f" {plain[0]} ", *plain], "f") == plain


def test_a_reference_that_takes_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "_SCREEN_S", 0.5)
    assert not published.answers_at_once("def f():\n    while True: pass\n", ["assert f() == 1"])
    assert not published.answers_at_once("def f(x): raise KeyError\n", ["assert f(1) == 1"])
    monkeypatch.setattr(published, "_SCREEN_S", 30.0)
    assert published.answers_at_once("def f(x): return x\n", ["assert f(1) == 1", "assert f(1) == 2"])


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["{"], "line 1: not a problem"),
        (["[]"], "line 1: not a problem"),
        (['{"id": "a", "entry_point": "f", "solutions": [], "tests": []}'], "reference_solution"),
    ],
)
def test_data_that_is_something_else_is_an_error_that_says_so(tmp_path: Path, lines: list[str], says: str) -> None:
    with gzip.open(tmp_path / FILE, "wt") as file:
        file.write("\n".join(lines))
    with pytest.raises(CommandError, match=says):
        Published(tmp_path, SIDE)


def test_a_folder_without_the_data_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=FILE):
        Published(tmp_path, SIDE)

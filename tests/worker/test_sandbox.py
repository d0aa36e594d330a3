"""Real cells in real jails: each program gets the letter it deserves, and sees nothing but itself."""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from crossjudge.contracts import Chunk, Columns, Isolation, Limits, Order, Part, Row, SourceStatus
from crossjudge.worker.errors import JailError, Stopped
from crossjudge.worker.pool import JailPool
from crossjudge.worker.settings import WorkerSettings
from crossjudge.worker.walls.nsjail import find_nsjail
from judged_cells import judge, letters, message

pytestmark = pytest.mark.nsjail

CALL: dict[str, Any] = {"kind": "call", "args": [3], "expected": 6}
STDIO: dict[str, Any] = {"kind": "stdio", "stdin": "3\n", "stdout": "6\n"}
DOUBLE = "def f(x):\n    return x * 2\n"
UNITTEST = "import unittest\nclass T(unittest.TestCase):\n    def test(self): assert f(1) == {}\nunittest.main()"
DOUBLE_PROGRAM = "print(2 * int(input()))\n"


@pytest.mark.parametrize(
    ("solution", "test", "letter"),
    [
        (DOUBLE, "assert f(2) == 4", "P"),
        (DOUBLE, "import solution\nassert solution.f(2) == 4", "P"),
        (DOUBLE, "from solution import f as g\nassert g(2) == 4", "P"),
        (DOUBLE, "if __name__ == '__main__':\n    assert f(2) == 5", "F"),
        ("if __name__ == '__main__':\n    raise ValueError\n" + DOUBLE, "assert f(2) == 4", "P"),
        ("__all__ = []\ndef f(): return 1\ndef _f(): return 2", "assert f() == 1 and _f() == 2", "P"),
        (DOUBLE, "assert f(2) == 5", "F"),
        (DOUBLE, "def check(g):\n    assert g(2) == 5, 'no'\ncheck(f)", "F"),
        (DOUBLE, "assert f(2) == g(2)", "E"),
        (DOUBLE, "assert (", "E"),
        (DOUBLE, "", "E"),
        (DOUBLE, "import sys; sys.exit(0)", "E"),
        (DOUBLE, "import os; os._exit(0)", "E"),
        ("def f(x: int", "assert True", "E"),
        ("import no_such_module", "assert True", "E"),
        ("def f(x): raise ValueError(x)", "assert f(1) == 1", "E"),
        ("def f(x): assert x > 5", "f(1)", "E"),
        ("def f(x): return f(x)", "f(1)", "E"),
        ("import sys; sys.exit()", "assert True", "E"),
        ("import os; os._exit(0)", "assert True", "E"),
        ("def f(x):\n    while True: pass", "f(1)", "T"),
        ("def f(x):\n    try:\n        while True: pass\n    finally:\n        return 1", "assert f(1) == 1", "T"),
        ("import time\ndef f(x): time.sleep(60)", "f(1)", "T"),
        ("while True: pass", "assert True", "T"),
        ("def f(x): return bytearray(1 << 30)", "f(1)", "M"),
        ("def f(x): return [0] * 10**10", "f(1)", "M"),
        ("import os\ndef f(x): os.abort()", "f(1)", "C"),
        ("import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGKILL)", "f(1)", "C"),
        ("import ctypes\ndef f(x): ctypes.string_at(0)", "f(1)", "C"),
        (DOUBLE, CALL, "P"),
        (DOUBLE, CALL | {"expected": 7}, "F"),
        (DOUBLE, CALL | {"expected": 6.0}, "P"),
        (DOUBLE, CALL | {"args": [], "kwargs": {"x": 3}}, "P"),
        (DOUBLE, CALL | {"args": []}, "E"),
        ("def f(x): return (x, [x])", CALL | {"expected": [3, [3]]}, "P"),
        ("def f(x): return x / 10", CALL | {"expected": 0.3000001, "tolerance": 1e-5}, "P"),
        ("class Lie:\n    def __eq__(self, other): return True\ndef f(x): return Lie()", CALL, "F"),
        ("def g(x): return x", CALL, "E"),
        ("f = 3", CALL, "E"),
        ("import sys\ndef f(x): sys.exit(0)", CALL, "E"),
        ("def f(x):\n    while True: pass", CALL, "T"),
        (DOUBLE_PROGRAM, STDIO, "P"),
        (DOUBLE_PROGRAM + "raise SystemExit", STDIO, "P"),
        (DOUBLE_PROGRAM + "import sys; print('noise', file=sys.stderr)", STDIO, "P"),
        (DOUBLE_PROGRAM + "raise SystemExit(3)", STDIO, "E"),
        (DOUBLE_PROGRAM + "raise ValueError", STDIO, "E"),
        ("import threading\nthreading.Thread(target=lambda: print(2 * int(input()))).start()", STDIO, "P"),
        ("import atexit\natexit.register(print, 6)", STDIO, "P"),
        ("print(7)", STDIO, "F"),
        ("print(6, end='')", STDIO | {"compare": "exact"}, "F"),
        ("print(' 6 ')", STDIO | {"compare": "tokens"}, "P"),
        ("print(6.0000000001)", STDIO | {"compare": "float"}, "P"),
        ("while True: print('x' * 1000)", STDIO, "T"),
        ("print('x' * 1_000_000)", STDIO, "F"),
        ("import sys\nsys.stdout.buffer.write(b'\\xff')", STDIO | {"stdout": "\ufffd"}, "F"),
        (DOUBLE, "import pytest\nwith pytest.raises(ValueError): f(1)", "F"),
        (DOUBLE, "import pytest\nwith pytest.raises(TypeError): f()", "P"),
        ("print('x' * 200_000)", STDIO | {"stdout": "x" * 200_000}, "P"),
        ("print('x' * 200_001)", STDIO | {"stdout": "x" * 200_000}, "F"),
        ("print(6)\nexit(0)", STDIO, "P"),
        ("import sys\nfile = open(1, 'w', closefd=False)\nfile.write('6')", STDIO, "P"),
        ("print('1' * 60_000 + 'x')", STDIO | {"compare": "float"}, "F"),
        ("print('8' * 400)", STDIO | {"compare": "float", "stdout": "9" * 400}, "F"),
        ("def f(x): return [float(i) for i in range(300_000)]", CALL | {"expected": list(range(300_000))}, "P"),
        ("def f(x): return [1.5] * 3_000_000", CALL, "F"),
        ("def f(x):\n    for _ in range(50): x = [x, x]\n    return x", CALL, "F"),
        ("import os\ndef f(x):\n    for _ in range(63): os.write(4, b'\\n' * 65536)", CALL, "F"),
        ("\ufeff" + DOUBLE, "assert f(2) == 4", "P"),
        (DOUBLE, UNITTEST.format(2), "P"),
        (DOUBLE, UNITTEST.format(3), "F"),
        (DOUBLE, "import os; os.utime('/dev/null')", "E"),
        (DOUBLE, "import zoneinfo; zoneinfo.ZoneInfo('Europe/Paris')", "P"),
    ],
)
def test_a_program_gets_the_letter_that_it_deserves(pool: JailPool, solution: str, test: Any, letter: str) -> None:
    needs_entry = isinstance(test, dict) and test["kind"] == "call"
    result = judge(pool, [solution], [test], entry_point="f" if needs_entry else None)
    assert letters(result) == [letter], message(result)
    assert bool(message(result)) == (letter != "P")


PYTESTS = {
    "def test_a(): assert f(2) == 4\ndef test_b(): assert f(3) == 6": "P",
    "def test_a(): assert f(2) == 4\ndef test_b(): assert f(3) == 7": "F",
    "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(2), 4)": "P",
    "import unittest\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(f(2), 5)": "F",
    "import pytest\n@pytest.mark.parametrize('x', [1, 2])\ndef test_a(x): assert f(x) == 2 * x": "P",
    "import pytest\ndef test_a():\n    with pytest.raises(TypeError): f()": "P",
    "import pytest\ndef test_a(): pytest.fail('no')": "F",
    "def test_a(tmp_path, capsys):\n    print(f(1)); assert capsys.readouterr().out == '2\\n'": "P",
    "def test_a(): f()": "E",
    "def helper(): pass": "E",
    "import pytest\n@pytest.mark.skip\ndef test_a(): assert f(1) == 2": "E",
    "import pytest\ndef test_a(): assert f(1) == 2\n@pytest.mark.skip\ndef test_b(): pass": "E",
    "def test_a(): assert f(1) == 2\ndef test_b(): raise KeyboardInterrupt": "E",
    "import pytest\ndef test_a(): assert f(1) == 2\ndef test_b(): pytest.exit('enough')": "E",
    "raise ValueError": "E",
    "def test_a(": "E",
    "import sys\nsys.exit(0)": "E",
    "import os\ndef test_a(): os._exit(0)": "E",
}


def test_pytest_and_unittest_code_is_judged_by_pytest_itself(pool: JailPool) -> None:
    tests = [{"kind": "pytest", "code": code} for code in PYTESTS]
    result = judge(pool, [DOUBLE], tests)
    assert dict(zip(PYTESTS, letters(result)[0], strict=True)) == PYTESTS


def test_what_a_model_wrote_is_judged_e_with_a_message_and_its_neighbours_as_usual(pool: JailPool) -> None:
    bad = ["", "  \n", "x = '\0'", "x = '\ud800'", "def f(", "(" * 100_000, "x = " + "-" * 100_000 + "1"]
    result = judge(pool, [DOUBLE, *bad, DOUBLE], ["assert f(2) == 4", *bad, CALL], entry_point="f")
    assert letters(result)[0] == letters(result)[-1] == "P" + "E" * len(bad) + "P"
    assert set("".join(letters(result)[1:-1])) == {"E"}
    assert all(row.solution.message for row in result.rows[1:-1])
    assert all(report.message for report in result.tests[1:-1])
    assert all(message(result, 0, column) for column in range(1, len(bad) + 1))


def test_the_prelude_runs_before_the_solution_and_is_seen_by_the_test(pool: JailPool) -> None:
    solution = "def f(x: List[int]) -> Later: return sqrt(x)\nclass Later: pass"
    prelude = "from __future__ import annotations\nfrom math import *\n"
    assert letters(judge(pool, [solution], ["assert f(4) == 2 == sqrt(4)"], prelude=prelude)) == ["P"]
    broken = judge(pool, [solution], ["assert True"], prelude="import (")
    assert letters(broken) == ["E"]
    assert "prelude" in message(broken)


def test_a_prelude_of_white_space_is_none(pool: JailPool) -> None:
    assert letters(judge(pool, [DOUBLE], ["assert f(2) == 4"], prelude="\n")) == ["P"]


def test_tests_do_not_share_one_time_limit_for_being_compiled(pool: JailPool) -> None:
    tests = [f"x = [{', '.join(['[1]'] * 3000)}]\nassert f({n}) == {2 * n}" for n in range(120)]
    assert letters(judge(pool, [DOUBLE], tests, limits={"cpu_seconds": 0.3})) == ["P" * 120]


def test_solution_and_test_are_compiled_separately(pool: JailPool) -> None:
    trailing = "def f(x): return 0\nclass Always:\n    def __call__(self, g): return lambda *a: 4\n@Always()"
    assert letters(judge(pool, [trailing], ["def check(): assert f(2) == 4\ncheck()"])) == ["E"]


def test_sources_are_reported_by_themselves(pool: JailPool) -> None:
    solutions = [DOUBLE, "def f(", "import nothing_there", "def g(): pass"]
    result = judge(pool, solutions, ["assert f(1) == 2", "assert 1 == 1", "assert ("], entry_point="f")
    assert [row.solution.status for row in result.rows] == [
        SourceStatus.OK,
        SourceStatus.SYNTAX_ERROR,
        SourceStatus.LOAD_ERROR,
        SourceStatus.NO_ENTRY_POINT,
    ]
    assert [report.used for report in result.tests] == [True, False, None]
    assert result.tests[2].status is SourceStatus.SYNTAX_ERROR


def test_a_test_that_never_names_the_solution_is_told_apart(pool: JailPool) -> None:
    solution = "import math\nfrom functools import partial\nLIMIT = 3\ndef f(x): return x\ng = partial(f, 1)"
    using = ["f(1)", "g()", "LIMIT", "import solution", "eval('f(1)')", "def t(): return f\nt()"]
    vacuous = ["math.pi", "1 + 1", "partial(int, 1)", "import math"]
    result = judge(pool, [solution], [*using, *vacuous])
    assert [report.used for report in result.tests] == [True] * len(using) + [False] * len(vacuous)


def test_only_the_columns_asked_for_are_run(pool: JailPool) -> None:
    result = judge(pool, [DOUBLE], ["assert f(1) == 2", "assert False", "assert f(2) == 5"], columns=[0, 2])
    assert letters(result) == ["PSF"]
    assert result.tests[1].status is SourceStatus.NOT_RUN


def test_rows_of_several_problems_go_together(pool: JailPool) -> None:
    columns = {
        index: Columns.model_validate({"entry_point": None, "prelude": "", "tests": [f"assert f() == {index}", "f()"]})
        for index in range(5)
    }
    parts = [Part(problem=index, rows=[Row(solution=f"def f(): return {index % 3}")] * 2) for index in columns]
    order = Order(run="test", limits=Limits(), isolation=Isolation.SPLIT, detail=[])
    result = pool.judge(order, columns, Chunk(parts=parts, cells=20), threading.Event())
    assert [[row.verdicts for row in part.rows] for part in result.parts] == [
        ["PP", "PP"],
        ["PP", "PP"],
        ["PP", "PP"],
        ["FP", "FP"],
        ["FP", "FP"],
    ]
    assert result.executed == 20


def test_messages_say_what_was_raised_and_where(pool: JailPool) -> None:
    solution = "def f(x):\n    y = 1\n    return y / x\n"
    result = judge(pool, [solution], ["assert f(0) == 1", "assert f(1) == 2, 'wanted two'", CALL], entry_point="f")
    assert "ZeroDivisionError" in message(result, 0, 0)
    assert "solution.py line 3" in message(result, 0, 0)
    assert "wanted two" in message(result, 0, 1)
    assert "test.py line 1" in message(result, 0, 1)
    assert message(result, 0, 2).startswith("expected 6, got 0.333")


def test_digests_tell_behaviours_apart_where_the_letters_do_not(pool: JailPool) -> None:
    solutions = ["def f(x): return x + 1", "def f(x):\n return 1 + x", "def f(x): return x + 2", "def f(x): return {}"]
    tests: list[Any] = ["assert f(1) == 0", CALL, "assert True", STDIO]
    result = judge(pool, [*solutions, "print(1)"], tests, entry_point="f")
    digests = [[cell.output for cell in row.cells or []] for row in result.rows]
    assert digests[0][:2] == digests[1][:2]
    assert len({row[0] for row in digests[:4]}) == 3
    assert digests[0][2] is None
    assert digests[4][3] is not None


def test_what_was_printed_is_kept_to_its_tail(pool: JailPool) -> None:
    result = judge(pool, ["def f(x):\n    print('a' * 5_000_000, 'the end')\n    return x"], ["assert f(1) == 1"])
    assert letters(result) == ["P"]
    cells = result.rows[0].cells
    assert cells is not None and cells[0].stdout is not None
    assert cells[0].stdout.endswith("the end\n")
    assert len(cells[0].stdout) <= 4000


LISTING = "import os\ndef ls(path):\n    try: return os.listdir(path)\n    except PermissionError: return []\n"
SEEN_BY_NOBODY = {
    "other processes": LISTING + "assert ls('/proc') == []",
    "the environment": "import os\nassert not any('REDIS' in k or 'CROSSJUDGE' in k for k in os.environ)",
    "the host's files": LISTING + "for path in ('/home', '/var', '/opt', '/etc/shadow', '/sys', '/root/.ssh'):\n"
    "    assert not os.path.exists(path)",
    "our own code": LISTING + "import sys\n"
    "assert not any(n.startswith('jail') for n in sys.modules) and ls('/crossjudge/jail') == []",
    "a writable root": "import os\nfor p in ('/x', '/usr/lib/x', '/dev/x', '/packages/x'):\n"
    "    try: open(p, 'w')\n    except OSError: continue\n    assert False, p",
    "rights": "import os\ntry: os.setuid(0)\nexcept OSError: pass\nelse: assert os.getuid() != 0",
    "new namespaces": "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == -1",
    "mounts": "import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == -1",
    "a network": "import socket\ns = socket.socket()\ns.settimeout(1)\n"
    "try: s.connect(('127.0.0.1', 6379))\nexcept OSError: pass\nelse: assert False",
    "other processes to kill": "import os\ntry: os.kill(1, 9)\nexcept PermissionError: pass",
    "shared memory": "import ctypes\nassert ctypes.CDLL(None).shmget(1, 4096, 0o1666) == -1",
}


@pytest.mark.parametrize("what", SEEN_BY_NOBODY)
def test_a_cell_sees_nothing_but_itself(pool: JailPool, what: str) -> None:
    result = judge(pool, ["x = 1"], [SEEN_BY_NOBODY[what], "assert x == 1"])
    assert letters(result) == ["PP"], message(result)


def test_cells_leave_nothing_for_the_next_one(pool: JailPool) -> None:
    solution = "import os, math, builtins, random, tempfile\nseen = []\n"
    dirty = (
        "open('/tmp/a', 'w').write('x'); open('/dev/shm/b', 'w').write('x'); os.mkdir('c')\n"
        "seen.append(1); math.pi = 3; builtins.len = None; os.environ['A'] = '1'\n"
        "if os.fork() == 0:\n    import time; time.sleep(60)\n"
    )
    clean = (
        "assert os.listdir('/tmp') == os.listdir('/dev/shm') == [] and seen == [] and math.pi > 3.1\n"
        "assert len('a') == 1 and 'A' not in os.environ\n"
        "try: os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError: pass\nelse: assert False\n"
    )
    assert letters(judge(pool, [solution] * 2, [clean, dirty, clean, dirty, clean])) == ["PPPPP"] * 2


def test_chance_is_the_same_in_every_cell(pool: JailPool) -> None:
    solution = "import random, numpy\ndef f():\n    chance = [random.random(), int(numpy.random.randint(10**6))]\n"
    solution += "    return [*chance, hash('a'), list({'b', 'c', 'd', None}), id(f)]"
    first, second = (judge(pool, [solution] * 2, ["f()", "f()"]) for _ in range(2))
    digests = {cell.output for result in (first, second) for row in result.rows for cell in row.cells or []}
    assert len(digests) == 1


DEPTH = 15_000 if sys.version_info < (3, 12) else 300  # later interpreters bound this by themselves
HONEST = {
    "threads": "import threading\nts = [threading.Thread(target=sum, args=([1] * 1000,)) for _ in range(25)]\n"
    "for t in ts: t.start()\nfor t in ts: t.join()",
    "a pool of threads": "from concurrent.futures import ThreadPoolExecutor\n"
    "with ThreadPoolExecutor(16) as p: assert sum(p.map(len, ['ab'] * 100)) == 200",
    "a pool of processes": "import multiprocessing\n"
    "with multiprocessing.get_context('fork').Pool(3) as p: assert p.map(abs, [-1, 2]) == [1, 2]",
    "memory shared with children": "import os, time\nx = bytearray(b'x') * (100 << 20)\n"
    "for _ in range(3):\n    if os.fork() == 0:\n        time.sleep(0.3); os._exit(0)\n"
    "for _ in range(3): os.wait()",
    "a subprocess": "import subprocess, sys\nassert subprocess.run([sys.executable, '-c', 'print(3)'], "
    "capture_output=True).stdout == b'3\\n'",
    "asyncio": "import asyncio\nassert asyncio.run(asyncio.sleep(0, 3)) == 3",
    "deep recursion": "import sys\nsys.setrecursionlimit(10**6)\ndef g(n): return 0 if n == 0 else 1 + g(n - 1)\n"
    "assert g(50_000) == 50_000",
    "deep recursion through C": "import sys, functools\nsys.setrecursionlimit(10**6)\n"
    f"@functools.lru_cache(None)\ndef g(n): return 0 if n == 0 else 1 + g(n - 1)\nassert g({DEPTH}) == {DEPTH}",
    "temporary files": "import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'x' * 10**6)",
    "a database": "import sqlite3\nassert sqlite3.connect('a.db').execute('select 1').fetchone() == (1,)",
    "numpy": "import numpy as np\nassert (np.ones((50, 50)) @ np.ones((50, 50))).sum() == 125000",
    "unittest by hand": "import unittest\nunittest.TestCase().assertEqual(x, 1)",
    "the source of the solution": "import inspect, solution\nassert 'x = 1' in inspect.getsource(solution)",
}


@pytest.mark.parametrize("what", HONEST)
def test_honest_programs_are_not_in_the_way_of_a_limit(pool: JailPool, what: str) -> None:
    result = judge(pool, ["x = 1\n"], [HONEST[what]])
    assert letters(result) == ["P"], message(result)


def test_a_judgement_is_given_up_when_told_to(pool: JailPool) -> None:
    order = Order(run="test", limits=Limits(cpu_seconds=60, wall_seconds=60), isolation=Isolation.SPLIT, detail=[])
    columns = Columns.model_validate({"entry_point": None, "prelude": "", "tests": ["while True: pass"]})
    chunk = Chunk(parts=[Part(problem=0, rows=[Row(solution="x = 1")] * 4)], cells=4)
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    with pytest.raises(Stopped):
        pool.judge(order, {0: columns}, chunk, stop)
    assert letters(judge(pool, [DOUBLE], ["assert f(1) == 2"])) == ["P"]


def test_a_jail_that_cannot_be_replaced_is_replaced_once_it_can(tmp_path: Path) -> None:
    nsjail = tmp_path / "nsjail"
    nsjail.symlink_to(find_nsjail(WorkerSettings()))
    jails = JailPool(WorkerSettings(jails=1, nsjail_path=nsjail))
    jails.start()
    try:
        nsjail.rename(tmp_path / "away")
        for jail in children_of(os.getpid()):
            if str(nsjail) in command_of(jail):
                os.kill(jail, 9)
        for _ in range(2):
            with pytest.raises(JailError):
                judge(jails, [DOUBLE], ["assert f(1) == 2"])
        (tmp_path / "away").rename(nsjail)
        assert letters(judge(jails, [DOUBLE], ["assert f(1) == 2"])) == ["P"]
    finally:
        jails.close()


def test_closing_the_pool_leaves_no_process(tmp_path: Path) -> None:
    before = children_of(os.getpid())
    jails = JailPool(WorkerSettings(jails=2))
    jails.start()
    started = children_of(os.getpid()) - before
    inside = {child for jail in started for child in children_of(jail)}
    assert len(started) == 2 and inside
    jails.close()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in started | inside):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def command_of(process: int) -> str:
    return (Path("/proc") / str(process) / "cmdline").read_text()


def children_of(parent: int) -> set[int]:
    """Process ids of the children of a process, from /proc."""
    found = set()
    for task in (Path("/proc") / str(parent) / "task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found

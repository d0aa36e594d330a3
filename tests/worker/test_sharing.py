"""Cells that share processes: what comes of it is what processes of its own would have given to each of them."""

import re
import threading
from collections import Counter
from typing import Any

import pytest

from crossjudge.contracts import CellDetail, Chunk, Columns, Detail, Isolation, Limits, Order, Part, Row
from crossjudge.worker.jail.literal import stateless
from crossjudge.worker.pool import JailPool
from hostile_corpus import corpus, honest_solution
from judged_cells import judge

pytestmark = pytest.mark.nsjail

TESTS = [
    "assert f(3) == 6",
    "assert f(3) == 7, 'no'",
    "assert f(0) == 0 and f(1) == 2",
    "assert f('a') == 'aa'",
    "assert f(None) is None",
    "assert f([1]) == [1, 1]",
    "x = f(2)\nassert x == 4\nassert f(x) == 8",
    "assert f(2) < 5, f(1)",
    "from math import isclose\nassert isclose(f(0.5), 1.0)",
    "import random\nassert f(random.Random(1).randint(1, 1)) == 2",
    "for x, y in [(1, 2), (2, 4)]:\n    assert f(x) == y",
    "assert f(float('nan')) != 1",
    "assert len(f([1, 2])) == 4",
    "assert g(1) == 1",
    "assert True",
    "assert f(",
    "print(f(3))",
    "def check(g):\n    assert g(1) == 2\n    assert g(2) == 5\ncheck(f)",
    "assert f(10**6) == 2 * 10**6 or f(1) == 3",
    "assert f((1,)) == (1, 1) or f(None) == 2",
]
INTERPRETED = [
    "try:\n    assert f(3) == 6\nfinally:\n    pass",
    "try:\n    assert f(3) == 7, f(1)\nfinally:\n    pass",
    "def called(g, n=[]):\n    n.append(g(1))\n    return n\nassert called(f) == [2]\nassert called(f) == [2, 2]",
    "try:\n    f(None)\nexcept TypeError as error:\n    assert str(error)\nelse:\n    assert False, 'nothing'",
    "import math\nxs = [f(i) for i in range(4)]\nxs.sort(key=lambda x: -x)\nassert math.isclose(xs[0], 6)",
    "xs = [1]\ny = f(xs)\nxs.append(y)\nassert len(xs) == 2, xs",
    "while True:\n    assert f(1) == 2\n    break",
    "with_a_name = [f]\nassert with_a_name[0](2) == 4 and callable(f)",
    "def down(n): return down(n + 1)\ndown(0)",
    "try:\n    f(1)\nexcept BaseException:\n    pass",
    "raise KeyboardInterrupt",
    "for i in range(3):\n    try:\n        assert f(i) == i * 2\n    except ValueError:\n        assert not f",
    "x = [0] * 10**9\nassert x",
    "try:\n    assert g(1) == 1\nfinally:\n    print(f)",
    "try:\n    assert next(iter(f([1, 2]))) == 1\nfinally:\n    pass",
    "try:\n    assert f(lambda: 1)\nexcept TypeError:\n    pass",
    "class A: n = f(1)\nassert A.n == 2",
    "import os\nos.environ['A'] = '1'\nassert f(1) == 2",
    "import solution\nsolution.f = None\nassert solution.f is None",
    "f.calls = 1\nassert f.calls == 1",
    "assert not hasattr(f, 'calls')\nassert 'A' not in __import__('os').environ",
    "import random\nrandom.seed(1)\nassert f(random.random()) > 0",
    "seen = []\ndef call():\n    global seen\n    seen = [f(2)]\ncall()\nassert seen == [4]",
]
SOLUTIONS = {
    "right": "def f(x): return x * 2",
    "with more than it needs": "import math\nfrom typing import List\nN = 2\ndef g(x): return x\n"
    "def f(x): return x * N",
    "wrong": "def f(x): return x + x + x",
    "raising": "def f(x):\n    if x: raise ValueError(x)\n    return x",
    "raising what is no Exception": "def f(x): raise KeyboardInterrupt",
    "leaving": "def f(x): raise SystemExit(0)",
    "without an end": "def f(x):\n    while x == 3: pass\n    return x * 2",
    "slow": "def f(x):\n    for i in range(300_000): pass\n    return x * 2",
    "deep": "def f(x): return 0 if x == 0 else 2 + f(x - 1) if isinstance(x, int) else x * 2",
    "greedy": "def f(x): return [0] * 10**9 if x == 3 else x * 2",
    "no plain data": "def f(x): return (i for i in range(3)) if x == 3 else x * 2",
    "much data": "def f(x): return 'x' * 10**6",
    "printing": "def f(x):\n    print(x)\n    return x * 2",
    "changing what it is given": "def f(x):\n    if isinstance(x, list): x.extend(x)\n    else: x *= 2\n    return x",
    "not loading": "def f(x): return x\nf(*range(9))",
    "stopping while it loads": "raise SystemExit(0)\ndef f(x): return x",
    "without the entry point": "def g(x): return x",
    "no Python": "def f(x) return x",
    "a generator": "def f(x):\n    yield x",
    "with a name of the test's": "def len(x): return 4\ndef f(x): return x * 2",
    "with a state": "n = []\ndef f(x):\n    n.append(x)\n    return x * len(n)",
    "with a default": "def f(x, n=[]):\n    n.append(x)\n    return x * 2 if len(n) == 1 else None",
    "with a class": "class A:\n    n = 1\ndef f(x):\n    A.n += 1\n    return x * A.n",
    "with an address": "def f(x): return x * 2 if x else str(f)",
}


def both_ways(pool: JailPool, solutions: list[str], tests: list[Any], **options: Any) -> list[Any]:
    """Judge in shared processes and in one for each cell; of both the rows, and the columns."""
    detail = [Detail.MESSAGES, Detail.OUTPUTS]
    results = [
        judge(pool, solutions, tests, isolation=Isolation.SPLIT, detail=detail, fork_per_cell=each, **options)
        for each in (False, True)
    ]
    return [
        (
            [(row.solution, row.verdicts, [_said(cell) for cell in row.cells or ()]) for row in result.rows],
            result.tests,
        )
        for result in results
    ]


def _said(cell: CellDetail) -> tuple[str, str | None]:
    """Where things lie in memory is another place each time in some sandboxes."""
    return re.sub("0x[0-9a-f]+", "0x", cell.message or ""), cell.output


@pytest.mark.parametrize("what", SOLUTIONS)
@pytest.mark.parametrize("entry_point", ["f", pytest.param(None, marks=pytest.mark.slow)])
def test_cells_that_share_a_process_end_like_cells_that_do_not(
    pool: JailPool, what: str, entry_point: str | None
) -> None:
    shared, alone = both_ways(pool, [SOLUTIONS[what]], TESTS, entry_point=entry_point)
    assert shared == alone


@pytest.mark.parametrize("what", SOLUTIONS)
@pytest.mark.parametrize("entry_point", ["f", pytest.param(None, marks=pytest.mark.slow)])
def test_tests_that_share_an_interpreter_end_like_tests_that_do_not(
    pool: JailPool, what: str, entry_point: str | None
) -> None:
    shared, alone = both_ways(pool, [SOLUTIONS[what]], INTERPRETED, entry_point=entry_point)
    assert shared == alone


@pytest.mark.parametrize(
    ("tests", "least"), [(TESTS[:8], 7), (INTERPRETED[:8], 8), (TESTS[:8] + INTERPRETED[:8], 15), (INTERPRETED[:2], 0)]
)
def test_what_may_share_does(pool: JailPool, tests: list[str], least: int) -> None:
    order = Order(run="test", limits=Limits(), isolation=Isolation.SPLIT, detail=[])
    columns = Columns.model_validate({"entry_point": None, "prelude": "", "tests": tests})
    chunk = Chunk(parts=[Part(problem=0, rows=[Row(solution=SOLUTIONS["right"])])], cells=len(tests))
    (part,) = pool.observe(order, {0: columns}, chunk, threading.Event())
    shares = Counter(outcome.cpu_ns for outcome in part.rows[0].cells.values())
    assert sum(count for count in shares.values() if count > 1) >= least
    assert least or set(shares.values()) == {1}


LEAVING = {
    "through a module of the solution's": ("import copy", "copy.copyreg.dispatch_table[int] = 1"),
    "through one that it seems to make": ("import copy", "if False: copy = 1\ncopy.copyreg.dispatch_table[int] = 1"),
    "through one that a comprehension names": ("import re", "[re for re in []]\nre._cache.clear()"),
    "through one that it imports too late": ("import copy as math", "math.copyreg.dispatch_table.clear()\nimport math"),
    "through all that a module has": ("from math import *", "pow.n = 1"),
}


@pytest.mark.parametrize("what", LEAVING)
def test_a_test_that_may_leave_something_runs_alone(what: str) -> None:
    prelude, test = LEAVING[what]
    takes, imports = stateless.takes_of(test), stateless.imports_of([prelude, SOLUTIONS["right"]])
    assert imports and (takes is None or takes & imports)


def test_hostile_tests_gain_nothing_where_they_share_an_interpreter(pool: JailPool) -> None:
    hostile = [each.own_test for each in corpus() if isinstance(each.own_test, str)]
    sharing = [text for text in hostile if stateless.takes_of(text) is not None]
    assert sharing
    tests = INTERPRETED[:3] + sharing + INTERPRETED[3:7]
    limits = {"cpu_seconds": 0.3, "wall_seconds": 1.0, "memory_mb": 64}
    shared, alone = both_ways(pool, [honest_solution(), SOLUTIONS["right"], SOLUTIONS["wrong"]], tests, limits=limits)
    assert [row[1] for row in shared[0]] == [row[1] for row in alone[0]]


def test_hostile_solutions_gain_nothing_where_cells_share_a_process(pool: JailPool) -> None:
    solutions = [each.solution for each in corpus() if any(attack.test == "literal" for attack in each.attacks)]
    sharing = [text for text in solutions if stateless.is_proven(["", text])]
    assert len(sharing) > 10
    tests = ["assert f(2) == 4", "assert f(3) == 6", "assert f(2) != 5"]
    # So little memory that who takes all of it has done so long before its time is up.
    limits = {"cpu_seconds": 0.3, "wall_seconds": 1.0, "memory_mb": 64}
    shared, alone = both_ways(pool, sharing, tests, limits=limits)
    assert [row[1] for row in shared[0]] == [row[1] for row in alone[0]]

"""Literal tests in real jails: the letter of one interpreter, and nothing of the test where the solution runs."""

import pytest

from crossjudge.contracts import Isolation
from crossjudge.worker.pool import JailPool
from judged_cells import judge, letters, message

pytestmark = pytest.mark.nsjail

DOUBLE = "def f(x): return 2 * x\n"
FRAMES = """
import sys
def f():
    frame, files = sys._getframe(), []
    while frame:
        files.append(frame.f_code.co_filename.rpartition("/")[2])
        frame = frame.f_back
    return files
"""
SEARCH = """
import gc, sys
def found():
    seen, left = set(), [sys._getframe(), sys.modules, *gc.get_objects()]
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, str) and one.startswith("xyz") and one != "xyz":
            return one
        if type(one) is bytes and (place := one.find(b"xyz" + b"zy")) >= 0:
            return one[place:place + 12].decode("ascii", "replace")
        left += gc.get_referents(one)
"""
APART = "\nlambda: 0"  # a statement that does nothing, and that needs an interpreter


def test_the_calls_of_a_literal_test_are_answered_without_an_interpreter_of_its_own(pool: JailPool) -> None:
    tests = ["assert 'answering.py' in f()", "assert 'answering.py' in f()" + APART]
    assert letters(judge(pool, [FRAMES], tests, isolation=Isolation.SPLIT)) == ["PF"]


CHEATS = {
    "searches memory when called": SEARCH + "def f(x): return found() or x",
    "searches memory when loaded": SEARCH + "secret = found()\ndef f(x): return secret or x",
    "gives back what equals everything": "class L:\n    def __eq__(self, other): return True\ndef f(x): return L()",
    "gives back text that equals everything": "class L(str):\n    def __eq__(self, other): return True\n"
    "    __hash__ = str.__hash__\ndef f(x): return L()",
    "says that it passed": 'import os\ndef f(x):\n    os.write(4, b\'{"said": "passed"}\\n\')\n    os._exit(0)',
    "answers in a form of its own": 'import os\ndef f(x):\n    os.write(4, b\'{"answer": [["l", 1]]}\\n\')\n'
    "    return 'xyzzy-' + x",
    "floods its report": "import os\ndef f(x):\n    os.write(4, b'\\n' * 10**6)\n    return 'xyzzy-' + x",
    "closes its report": "import os\ndef f(x):\n    os.closerange(3, 64)\n    return 'xyzzy-' + x",
    "answers three times": "import os\ndef f(x):\n    for i in range(3):\n"
    "        if os.fork() == 0: return 'xyzzy-%d' % i\n    return x",
    "patches the built-ins": "import builtins\nbuiltins.len = builtins.str = builtins.type = lambda *a: 1\n"
    "def f(x): return x",
    "nests without end": "def f(x):\n    x = []\n    for _ in range(10**3): x = [x]\n    return x",
    "gives too much": "def f(x): return 'x' * 10**7",
    "gives what is hard to hash": "def f(x): return {(i * (2**61 - 1),) for i in range(1500)}",
    "leaves no room to look": "import sys\nsys.setrecursionlimit(60)\ndef f(x): return [[[[[[[[[[x]]]]]]]]]]",
}


@pytest.mark.parametrize("what", CHEATS)
def test_a_solution_that_cheats_does_not_pass_and_its_neighbour_does(pool: JailPool, what: str) -> None:
    rows = [CHEATS[what], "def f(x): return 'xyzzy-' + x"]
    cheat, honest = letters(judge(pool, rows, ["assert f('secret') == 'xyzzy-secret'"], isolation=Isolation.SPLIT))
    assert cheat != "P" and honest == "P"


def test_a_later_argument_is_not_there_when_it_is_what_an_earlier_call_should_give(pool: JailPool) -> None:
    tests = [
        "assert f('xyz') == 'xyzzyx'\nassert f('xyzzyx') == 'xyz'",
        "a = 'xyzzyx'\nassert f('xyz') == a\nassert f(a) == 'xyz'",
    ]
    cheat, honest = SEARCH + "def f(x): return found() or x", "def f(x): return 'xyzzyx' if x == 'xyz' else 'xyz'"
    assert letters(judge(pool, [cheat, honest], tests, isolation=Isolation.SPLIT)) == ["FF", "PP"]


SOLUTIONS = [
    DOUBLE,
    "def f(x): return 3",
    "def f(x): raise KeyError(x)",
    "def f(x): assert x > 5",
    "def f(x): return f(x)",
    "import sys\ndef f(x): sys.exit()",
    "import os\ndef f(x): os.abort()",
    "def g(x): return 1",
    "import no_such_module",
    "f = 3",
    "def f(x, seen=[]):\n    print(x)\n    seen.append(x)\n    return seen",
    "from collections import Counter\ndef f(x): return Counter([x])",
    "import numpy\ndef f(x): return numpy.int64(2 * x)",
]
TESTS = [
    "assert f(2) == 4\nassert f(1) == 2",
    "assert f(2) == 4, f'got {f(2)}'",
    "import solution\nassert solution.f(2) == 4",
    "from solution import f\nassert f(2) == 4 or f(1) is None",
    "r = f(2)\nassert r == 4",
    "f(2)\nprint('done')",
]


def test_cells_end_as_with_an_interpreter_of_their_own_in_letter_digest_output_and_use(pool: JailPool) -> None:
    one = judge(pool, SOLUTIONS, TESTS, isolation=Isolation.SPLIT)
    other = judge(pool, SOLUTIONS, [test + APART for test in TESTS], isolation=Isolation.SPLIT)
    assert letters(one) == letters(other)
    assert [test.used for test in one.tests] == [test.used for test in other.tests]
    for row, its in zip(one.rows, other.rows, strict=True):
        cells, theirs = row.cells or [], its.cells or []
        assert [(cell.output, cell.stdout) for cell in cells] == [(cell.output, cell.stdout) for cell in theirs]


def test_what_comes_first_decides(pool: JailPool) -> None:
    solutions = [
        "def f(x):\n    if x == 1:\n        while True: pass\n    return 5",
        "import os\ndef f(x):\n    if x == 1: os.abort()\n    return 5",
        "def f(x):\n    if x == 1: raise ValueError\n    return 5",
    ]
    tests = ["assert f(2) == 4 and f(1)\nassert f(1)", "assert f(2) == 5 or f(1)", "assert f(2) == 5\nassert f(1)"]
    result = judge(pool, solutions, tests, isolation=Isolation.SPLIT, limits={"cpu_seconds": 0.3})
    assert letters(result) == ["FPT", "FPC", "FPE"]


def test_messages_name_the_line_of_the_test(pool: JailPool) -> None:
    tests = ["\nassert f() == 1", "assert f(2) == 5, 'wanted'", "assert f(2) < None", "assert g(1) == 1"]
    result = judge(pool, [DOUBLE], tests, isolation=Isolation.SPLIT)
    assert "missing 1 required positional argument: 'x' (test.py line 2: assert f() == 1)" in message(result)
    assert (
        message(result, 0, 1)
        == "AssertionError: wanted: expected 5, got 4 (test.py line 1: assert f(2) == 5, 'wanted')"
    )
    assert "'<' not supported between instances of 'int' and 'NoneType'" in message(result, 0, 2)
    assert "name 'g' is not defined (test.py line 1: assert g(1) == 1)" in message(result, 0, 3)


def test_a_missing_entry_point_is_found_before_any_call(pool: JailPool) -> None:
    result = judge(pool, ["def g(x): return 4"], ["assert g(2) == 4"], isolation=Isolation.SPLIT, entry_point="f")
    assert letters(result) == ["E"] and "entry point 'f'" in message(result)

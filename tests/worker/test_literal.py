"""Tests that need no interpreter: what is read as a plan, and that it ends as one interpreter would have ended it."""

import base64
import json
import marshal
import math
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.worker.jail.literal import plain
from crossjudge.worker.jail.literal.deciding import Decision
from crossjudge.worker.jail.literal.planning import plan
from literals import TEST_FILE, planned


@contextmanager
def loaded(solution: str) -> Iterator[dict[str, Any]]:
    """What a test of the solution has in its namespace."""
    module, before = types.ModuleType("solution"), sys.modules.get("solution")
    sys.modules["solution"] = module
    exec(compile(solution, "solution.py", "exec"), module.__dict__)
    yield {"__name__": "__main__"} | {name: each for name, each in vars(module).items() if not name.startswith("__")}
    del sys.modules["solution"]
    if before is not None:
        sys.modules["solution"] = before


def in_one_interpreter(solution: str, test: str) -> str:
    """The letter that running the test's code beside the solution gives."""
    with loaded(solution) as namespace:
        try:
            exec(compile(test, TEST_FILE, "exec"), namespace)
        except AssertionError as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            return "F" if trace is not None and trace.tb_frame.f_code.co_filename == TEST_FILE else "E"
        except Exception:
            return "E"
        return "P"


def by_its_plan(solution: str, test: str) -> str | None:
    """The letter that following the test's plan gives; None where it is said that another way is needed."""
    steps = planned(test)
    with loaded(solution) as namespace:
        borrowed = {name: math if name == "math" else getattr(math, name) for name in steps["borrowed"]}
        if any(name in namespace for name in steps["reserved"]) or any(
            namespace.get(name) is not value for name, value in borrowed.items()
        ):
            return None
        decision, encoder = Decision(steps, test), plain.Encoder()
        due = decision.begin()
        while due is not None:
            before, expression = marshal.loads(base64.b64decode(steps["pieces"][due]))
            try:
                if before is not None:
                    exec(before, namespace)
                answer = json.dumps(encoder.encode(eval(expression, namespace)))
            except plain.NotPlain:
                return None
            except Exception:
                return "E"
            due = decision.answer(json.loads(answer))
    letters = {"passed": "P", "failed": "F", "error": "E", "undecidable": None}
    assert decision.said is not None
    return letters[decision.said]


LITERAL = [
    "assert f(2) == 4",
    "assert 4 == f(2)",
    "assert f(2) != 4 and f(3) == 9",
    "assert f(2) == 5 or f(3) == 9",
    "assert not (f(2) == 5 or f(3) == 9)",
    "assert f(x=2) is not None, 'wanted'",
    "assert f(2) is True",
    "assert f(-2.5) < 10 <= f(4)",
    "assert abs(f(2) - 4.0) < 1e-6",
    "import math\nassert math.isclose(f(2), 4, rel_tol=1e-9)",
    "from math import isclose, pi\nassert isclose(f(pi), 9.8696, abs_tol=1e-3)",
    "assert round(f(2.5), 2) == 6.25",
    "assert isinstance(f(2), (int, float)) and type(f(2)) == int",
    "assert sorted(f([3, 1, 2])) == [1, 2, 3]",
    "assert len(f('ab')) == 4 and f('ab') in ('abab', 'ab')",
    "assert f([1, 2])[0] == 1 and f([1, 2])[1:] == [2, 1, 2]",
    "assert f((1, [2, {'a': {3}}])) == (1, [2, {'a': {3}}])",
    "import math\nassert f(float('inf')) == math.inf",
    "assert f([0] * 3 + list(range(3))) == [0, 0, 0, 0, 1, 2] * 2",
    "assert f(10**9 + 7) % 1000 == 49",
    "assert f(f(2)) == 16",
    "assert f(2) == f(-2)",
    "assert f(2), f'got {f(2)}'",
    "f(1)\nr = f(2)\nassert r == 4\nassert isinstance(r, int)\nprint('all passed')",
    "xs = [1, 2]\nassert f(xs) == [1, 2, 1, 2]\nassert xs == [1, 2]",
    "n = 2\nassert f(n) == n * n",
    "for x, y in [(1, 1), (2, 4), (3, 9)]:\n    assert f(x) == y, f'{x}: {f(x)} is not {y}'",
    "cases = [(1, 1), (2, 4)]\nfor x, y in cases:\n    got = f(x)\n    assert got == y",
    "for i in range(3):\n    assert f(i) == i * i",
    "METADATA = {'author': 'x'}\n\ndef check(candidate):\n    '''Says.'''\n    assert candidate(2) == 4\n\ncheck(f)",
    "def test_a():\n    r = f(1)\n    assert r == 1\n\ndef test_b():\n    r = f(2)\n    assert r == 4\n"
    "test_a()\ntest_b()",
    "if __name__ == '__main__':\n    assert f(2) == 4",
    "import solution\nassert solution.f(2) == 4",
    "from solution import f as g\nassert g(2) == 4",
    "import collections, random\nfrom typing import List\nassert f(2) == 4",
    "assert f(2) == 4; assert f(None) is None",
    "assert (f(1), f(2)) == (1, 4)",
    "assert f(1) < None",
    "METADATA = {'a' / 2: 1}\nassert f(2) == 4",
    "xs = [x * 2 for x in range(2)]\nassert len(f(xs)) == 4",
    "assert f(3)[7] == 1",
    "assert set(f([1, 2, 2])) == {1, 2}",
    "assert max(f([1, 2])) + min(f([1, 2])) - 3 == 0",
    "assert str(f(2)) == '4' and repr(f('a')) == \"'aa'\"",
    "assert f({1: 2, 'a': None}) == {'a': None, 1: 2}",
    "assert f(b'ab') == b'abab' and f(2j) == -4",
    "assert all(f([1, 2])) and any(f([0, 1])) and bool(f(1)) and sum(f([1, 2])) == 6",
]
SOLUTIONS = [
    "def f(x):\n    return x * x if isinstance(x, (int, float, complex)) else x * 2",
    "def f(x): return x",
    "def f(x): return None",
    "def f(x): return True",
    "def f(x): return [x]",
    "def f(x): return 4",
    "def f(x): return 4.0",
    "def f(x): return '4'",
    "def f(x): raise ValueError(x)",
    "def f(x): assert x == 2\ndef g(x): pass",
    "def g(x): return x",
    "f = 3",
    "seen = []\ndef f(x):\n    seen.append(x)\n    return seen",
    "def f(x, seen={}):\n    seen[len(seen)] = 1\n    return len(seen)",
    "def f(x):\n    if isinstance(x, list): x.append(7)\n    return x",
    "def f(x): return (1, 4)",
    "def f(x): return {1, 2}",
    "def f(x): return float('nan')",
    "def f(x): return x == 2",
    "import math\ndef f(x): return math.inf",
    "class N(int): pass\ndef f(x): return N(4)",
    "def f(x): return (i for i in range(3))",
    "def len(x): return 4\ndef f(x): return [1, 2]",
    "def f(x): return 10**5000",
    "import sys\ndef f(x): return [[]] * 3",
]


@pytest.mark.parametrize("test", LITERAL)
def test_a_plan_ends_as_one_interpreter_does(test: str) -> None:
    letters = [(by_its_plan(solution, test), in_one_interpreter(solution, test)) for solution in SOLUTIONS]
    decided = [pair for pair in letters if pair[0] is not None]
    assert [ours for ours, _ in decided] == [theirs for _, theirs in decided], test
    assert len(decided) >= 14


# fmt: off
literals = st.sampled_from([
    "0", "1", "True", "1.0", "2", "-3", "None", "'a'", "'ab'", "[1, 2]", "(1, 2)", "{1, 2}", "{'a': 1}", "[]", "''",
    "float('nan')", "b'a'", "2j", "[[1], (2,)]", "{1: [2]}",
])
around = st.sampled_from([
    "{}", "abs({})", "len({})", "sorted({})", "list({})", "tuple({})", "set({})", "str({})", "sum({})", "-{}", "{}[0]",
    "{}[1:]",
])
# fmt: on
calls = st.one_of(
    literals.map("f({})".format),
    st.tuples(literals, literals).map(lambda args: "f({}, y={})".format(*args)),
    st.just("g()"),
    st.just("f(g())"),
)
wrapped = st.tuples(around, calls).map(lambda pair: pair[0].format(pair[1]))
comparisons = st.one_of(
    st.tuples(wrapped, st.sampled_from(["==", "!=", "<", ">=", "in", "not in"]), literals).map(" ".join),
    st.tuples(literals, st.sampled_from(["==", "!=", "<=", ">", "in"]), wrapped).map(" ".join),
    st.tuples(wrapped, st.just("=="), wrapped).map(" ".join),
    st.tuples(calls, st.sampled_from(["is None", "is not True", "- 1 < 2", "== g() == 1"])).map(" ".join),
    st.tuples(calls, st.sampled_from(["int", "(list, tuple)", "str"])).map(
        lambda pair: "isinstance({}, {})".format(*pair)
    ),
    wrapped,
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(
            lambda parts: f"({parts[0]}{parts[1]}{parts[2]})"
        ),
        inner.map("not ({})".format),
    ),
    max_leaves=4,
)
generated_tests = st.lists(conditions.map("assert {}".format), min_size=1, max_size=3).map("\n".join)
results = st.one_of(
    literals,
    st.sampled_from(
        ["x", "seen", "len(seen)", "[x, y]", "x == y", "x + y", "not x", "seen.pop()", "f.z", "(x,)", "str(x)"]
    ),
)
generated_solutions = st.tuples(results, literals).map(
    lambda pair: (
        f"seen = []\ndef f(x, y=1):\n    seen.append(y)\n    return {pair[0]}\n"
        f"def g():\n    seen.append(3)\n    return {pair[1]}"
    )
)


@given(generated_solutions, generated_tests)
def test_any_plan_ends_as_one_interpreter_does(solution: str, test: str) -> None:
    assert by_its_plan(solution, test) in (None, in_one_interpreter(solution, test))


GUARDED = [
    ("10**4400", "assert len(str(f())) == 4401"),
    ("10**4400", "assert f() - 0.5 > 1"),
    ("'a'", "assert f() * 10**9 == 'a'"),
    ("'%1000000000d'", "assert f() % 1 == 'a'"),
    ("2", "assert round(f(), -10**6) == 0"),
    ("{3, 1, 2}", "assert list(f()) == [1, 2, 3]"),
    ("[{3, 1}]", "assert str(f()) == '[{1, 3}]'"),
    ("{(2, 1), (1, 2)}", "assert sorted(f()) == [(1, 2), (2, 1)]"),
    ("list(range(3000))", "assert len(set(f())) == 3000"),
    ("'9' * 2000", "assert int(f()) > 0"),
    ("'2'", "assert int(f() + 'x') == 2"),
    ("[1]", "assert f() == f()"),
    ("1", "assert f() == 2, (yield_ for yield_ in [1])"),
]


@pytest.mark.parametrize(("value", "test"), GUARDED)
def test_what_could_take_long_or_cannot_be_told_is_left_to_an_interpreter(value: str, test: str) -> None:
    assert by_its_plan(f"seen = []\ndef f(): return {value}", test) is None


NOT_LITERAL = {
    "nothing of the solution's": "assert True",
    "no statement": "'''nothing'''",
    "a function for the solution": "assert f(lambda x: x) == 1",
    "a generator for the solution": "assert f(x for x in [1]) == 1",
    "a comparison in an argument": "assert f(f(2) == 4)",
    "a comparison in a variable": "ok = f(2) == 4\nassert ok",
    "a comparison in a list": "ok = [f(2) == 4]\nassert ok[0]",
    "a comparison in a variable, through the module": "import solution\nok = [solution.f(2) == 4]\nassert ok[0]",
    "what is expected as a method's argument": "assert f(2).startswith('x')",
    "an operator's own name": "assert f(2).__eq__(4)",
    "a variable that an argument is computed of": "xs = [1, 2]\nassert f(len(xs)) == xs",
    "two names for one list": "xs = [1]\nys = xs\nassert f(xs) == ys",
    "identity of numbers": "assert f(2) is 4",
    "an unknown library": "import pytest\nassert f(2) == 4",
    "a library's name in a condition": "from collections import Counter\nassert f('ab') == Counter('ab')",
    "all names of a module": "from solution import *\nassert f(2) == 4",
    "a built-in that is not called by a condition": "assert hash(f(2)) == 4",
    "a decorator": "@f\ndef t(): pass\nassert f(2) == 4",
    "an exception that is expected": "try:\n    f(2)\nexcept ValueError:\n    pass",
    "a comprehension over calls": "assert all(f(x) == x for x in [1, 2])",
    "a loop over what changes": "for x, y in [(1, 2), (2, x)]:\n    assert f(x) == y",
    "a loop that runs long": "for x in range(100_000):\n    assert f(x) == x",
    "a name of a function that has ended": "def t():\n    r = f(2)\n    assert r == 4\nt()\nassert r",
    "a computed variable in a condition": "want = [x * x for x in [1, 2]]\nassert f(2) == want",
    "a change of a variable": "x = [1]\nx += [2]\nassert f(x) == 3",
    "a loop that is left": "for x in [1, 2]:\n    assert f(x) == 1\n    break",
    "a piece of text with what is expected, before the call": "print('expecting 4')\nassert f(2) == 4",
    "a function of the test's": "def h(x): return x\nassert f(h) == 4",
    "a parameter that is changed": "def check(g):\n    g = 3\n    assert f(2) == 4\ncheck(f)",
    "a large power": "assert f(2) == 10 ** 10 ** 10",
    "a large list": "assert f(2) == [0] * 10**9",
    "a large set": f"assert f(2) == {set(range(3000))}",
    "a large range": "assert f(2) == list(range(10**9))",
    "a large text": f"assert f(2) == '{'x' * 70_000}'",
    "a division by zero in what is expected": "assert f(2) == 1 / 0",
    "an order that only the set knows": "assert f(2) == list({3, 1, 2})",
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("what", NOT_LITERAL)
def test_what_needs_an_interpreter_is_no_plan(what: str) -> None:
    compile(NOT_LITERAL[what], TEST_FILE, "exec")
    assert plan(NOT_LITERAL[what], TEST_FILE) is None


def constants_in(code: types.CodeType) -> Iterator[Any]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from constants_in(each)
        else:
            yield each
    yield from code.co_names


@pytest.mark.parametrize("test", [each for each in LITERAL if "f'" not in each])
def test_pieces_hold_arguments_and_nothing_that_is_expected(test: str) -> None:
    secret, steps = "the secret", None
    for line in test.splitlines():
        if line.strip().startswith("assert"):
            steps = planned(
                test.replace(line, f"{line}\n{line[: len(line) - len(line.lstrip())]}assert f(1) == {secret!r}")
            )
    assert steps is not None
    for piece in steps["pieces"]:
        codes = [code for code in marshal.loads(base64.b64decode(piece)) if code is not None]
        assert all(secret not in str(found) for code in codes for found in constants_in(code))


def test_the_arguments_of_a_later_call_are_not_there_before_their_turn() -> None:
    steps = planned("b = 'cba'\nassert f('abc') == b\nassert f(b) == 'abc'")
    first, second = (marshal.loads(base64.b64decode(piece)) for piece in steps["pieces"])
    assert first[0] is None and "cba" not in [*constants_in(first[1])]
    assert "cba" in [*constants_in(second[0])]

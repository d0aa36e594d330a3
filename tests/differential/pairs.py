"""Honest (solution, test) pairs: programs as people and models write them, none of which means to cheat.

A problem has one or two solutions (the second with other numbers in it, so that tests of the first are now right, now
wrong about it) and some tests. Each test is a list of steps; what a step expects was asked of the reference.
"""

import ast
import textwrap
from dataclasses import dataclass

from hypothesis import strategies as st

from . import checks
from .feature import Feature
from .features import FEATURES
from .holes import fill
from .reference import Reference

_HEADERS = ["", "", "", "from solution import *\n", "import solution\n", "import solution as s, sys\n"]
_ENDS = [
    "import sys\nsys.exit(0)\n",
    "undefined_name\n",
    "raise ValueError('the test')\n",
    "assert False\n",
    "1 // 0\n",
]


@dataclass(frozen=True)
class Pair:
    """One cell."""

    solution: str
    test: str


@dataclass(frozen=True)
class Problem:
    """Some solutions and some tests of them."""

    solutions: tuple[str, ...]
    tests: tuple[str, ...]

    @property
    def pairs(self) -> list[Pair]:
        """Every cell, row by row."""
        return [Pair(solution, test) for solution in self.solutions for test in self.tests]


@st.composite
def problems(draw: st.DrawFn, reference: Reference, *, only_plain: bool = False) -> Problem:
    """A problem over one to three features."""
    known = [each for each in FEATURES if each.is_plain] if only_plain else FEATURES
    count = min(draw(st.sampled_from([1, 1, 2, 3])), len(known))
    indices = st.sampled_from(range(len(known)))
    features = [known[index] for index in draw(st.lists(indices, min_size=count, max_size=count, unique=True))]
    solutions = tuple(
        "\n\n".join(fill(draw, each.solution) for each in features) for _ in range(draw(st.sampled_from([1, 1, 2])))
    )
    tests = tuple(draw(_tests(reference, features, solutions[0])) for _ in range(draw(st.integers(2, 6))))
    return Problem(solutions, tests)


@st.composite
def _tests(draw: st.DrawFn, reference: Reference, features: list[Feature], solution: str) -> str:
    """A test that passes, one that is wrong at its last step, or one that ends in some other way."""
    intent = draw(st.sampled_from(["right", "right", "right", "right", "wrong", "wrong", "ends"]))
    steps = [draw(st.sampled_from(_HEADERS))]
    count = draw(st.sampled_from([1, 1, 2, 3]))
    for place in range(count):
        is_wrong = intent == "wrong" and place == count - 1
        steps.append(draw(_steps(reference, features, Pair(solution, "\n".join(steps)), is_wrong)))
    if intent == "ends":
        steps.append(draw(st.sampled_from(_ENDS)))
    elif draw(st.integers(0, 9)) == 7 and "import *" not in steps[0]:
        steps = [_UNITTEST.replace("    BODY\n", textwrap.indent("\n".join(steps), "    ") + "\n")]
    return "\n".join(step for step in steps if step)


@st.composite
def _steps(draw: st.DrawFn, reference: Reference, features: list[Feature], so_far: Pair, is_wrong: bool) -> str:
    """One use of one feature, checked. The reference is asked for what is so only after the steps so far."""
    use = fill(draw, draw(st.sampled_from(draw(st.sampled_from(features)).uses)))
    *lines, last = ast.parse(use).body
    if not isinstance(last, ast.Expr):  # a use that ends in a statement checks nothing but that it runs
        return _framed(draw, use)
    before = "".join(ast.unparse(line) + "\n" for line in lines)
    expression = ast.unparse(last)
    value = reference.value(so_far.solution, so_far.test + "\n" + before, expression)
    if "broken" in value:
        return _framed(draw, use)
    check = checks.wrong_check if is_wrong else checks.right_check
    return _framed(draw, before + check(draw, expression, value))


_UNITTEST = "import unittest\nclass TestIt(unittest.TestCase):\n  def test(self):\n    BODY\nunittest.main()\n"


def _framed(draw: st.DrawFn, text: str) -> str:
    """The step as it is, or within what tests put around their checks."""
    frame = draw(st.sampled_from(_FRAMES))
    if frame is None or "import *" in text:
        return text
    return frame.replace("    BODY", textwrap.indent(text.rstrip("\n"), "    ")) + "\n"


_FRAMES = [
    None,
    None,
    None,
    None,
    "if __name__ == '__main__':\n    BODY",
    "for attempt in range(1):\n    BODY",
    "for attempt in range(2):\n    BODY",
    "try:\n    BODY\nfinally:\n    after = True\n",
    "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    BODY\nout.getvalue()\n",
    "try:\n    BODY\nexcept (ImportError, ConnectionError):\n    raise\nelse:\n    went_well = 1\n",
    "while True:\n    BODY\n    break\n",
    "def test_it():\n    BODY\ntest_it()\n",
    "def check(candidate=None):\n    BODY\ncheck()\n",
    "class TestIt:\n  def test(self):\n    BODY\nTestIt().test()\n",
]

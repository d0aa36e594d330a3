"""The tests in a reply, one by one, with what each needs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.trainer.data import cut_tests
from python_programs import statements
from strategies import any_character


def codes(reply: str, entry_point: str | None = "f", **options: Any) -> list[str]:
    return [test.code for test in cut_tests(reply, entry_point, **options)]


@pytest.mark.parametrize(
    "reply",
    [
        "assert f(1) == 2\nassert f(2) == 3",
        "```python\nassert f(1) == 2\nassert f(2) == 3\n```",
        "Tests:\n```python\nassert f(1) == 2\n```\nand\n```python\nassert f(2) == 3  # three\n```\n",
        "```python\nassert f(1) == 2; assert f(2) == 3\nassert f(3) ==",
        "The first:\nassert f(1) == 2\nNote: the second\nassert f(2) == 3\nassert this holds\n",
        "<think>assert f(0) == 1</think>assert f(1) == 2\nassert f(2) == 3",
        "if __name__ == '__main__':\n    assert f(1) == 2\n    assert f(2) == 3\n    print('ok')",
        "assert f(1) == 2\nassert f( 1 )==2\nassert f(2) == 3\nassert f(1) == 2",
        "def f(x):\n    return 0\n\nassert f(1) == 2\nassert f(2) == 3\n",
        "from solution import f, g\nimport math\nassert f(1) == 2\nassert f(2) == 3\n",
        "assert f(1) == 2\nassert g(1) == 2\nassert f(2) == 3\nassert True\n",
    ],
)
def test_asserts_are_cut_apart(reply: str) -> None:
    assert codes(reply) == ["assert f(1) == 2", "assert f(2) == 3"]


def test_results_of_a_session_become_asserts() -> None:
    reply = ">>> xs = [1]\n>>> f(xs)\n[2,\n -3]\n>>> f(\n...   4)\n5\n\nDone:\n>>> f(6)\n<object>\n>>> assert f(7)\n"
    assert codes(reply) == ["xs = [1]\nassert f(xs) == [2, -3]", "assert f(4) == 5", "assert f(7)"]


def test_examples_in_a_docstring_are_not_the_model_s_tests() -> None:
    assert codes('def g(x):\n    """\n    >>> f(1)\n    2\n    """\nassert f(3) == 4') == ["assert f(3) == 4"]


def test_a_test_brings_the_lines_that_it_needs_and_no_others() -> None:
    reply = """
import math
import os
unused = f(0)
xs = [1]
other = []
other.append(2)
for x in [3]:
    xs.append(x)
def double(x):
    return 2 * x
result = f(double(xs))
assert result == 4
result = f(5)
result += 1
assert result == math.pi
print(result)
assert f(other) == 6
"""
    first, second, third = codes(reply)
    double = "def double(x):\n    return 2 * x"
    assert first == f"xs = [1]\nfor x in [3]:\n    xs.append(x)\n{double}\nresult = f(double(xs))\nassert result == 4"
    assert second == "import math\nresult = f(5)\nresult += 1\nassert result == math.pi"
    assert third == "other = []\nother.append(2)\nassert f(other) == 6"


def test_blocks_and_helpers_with_asserts_are_tests() -> None:
    loop = "for x in range(3):\n    assert f(x) == x"
    helper = "def check(candidate):\n    assert candidate(1) == 2"
    raising = "try:\n    f(None)\n    assert False\nexcept TypeError:\n    pass"
    assert codes(f"{loop}\n{helper}\ncheck(f)\n{raising}\n") == [loop, f"{helper}\ncheck(f)", raising]


def test_functions_and_classes_of_test_frameworks_stay_whole() -> None:
    fixture = "@pytest.fixture\ndef xs():\n    return [1]"
    function = "@pytest.mark.slow\ndef test_f(xs):\n    assert f(xs) == 2\n    assert f([]) == 0"
    case = "class FTest(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(f(1), 2)"
    reply = f"import pytest, unittest\nimport os\n{fixture}\n{function}\n{case}\ntest_f([1])\nunittest.main()\n"
    found = cut_tests(reply, "f")
    assert [test.kind for test in found] == ["pytest", "pytest"]
    assert found[0].code == f"import pytest, unittest\n{fixture}\n{function}"
    assert found[1].code == f"import pytest, unittest\n{case}"


def test_a_test_never_meets_what_its_author_made_of_the_entry_point() -> None:
    reply = "import mine.f as f\nf = lambda x: 2\nclass f: pass\nfor f in []: pass\nassert f(1) == 2"
    assert codes(reply) == ["assert f(1) == 2"]


def test_the_limit_and_the_demand_to_mention_the_entry_point_can_be_set() -> None:
    reply = "\n".join(f"assert f({number})" for number in range(100))
    assert len(codes(reply)) == 64
    assert codes(reply, limit=2) == ["assert f(0)", "assert f(1)"]
    assert codes(reply, limit=0) == []
    assert codes("assert 1 + 1 == 2\nassert solution.f(1)") == ["assert solution.f(1)"]
    assert codes("assert 1 + 1 == 2", must_use=False) == ["assert 1 + 1 == 2"]
    assert codes("assert 1 + 1 == 2", None) == ["assert 1 + 1 == 2"]


def test_where_there_are_no_tests_none_are_found() -> None:
    for reply in ("", "I would assert that f works.", "```python\ndef f(x): return 1\n```", "assert", "assert f("):
        assert codes(reply) == []


@given(st.lists(statements, max_size=4).map("\n".join), st.text(any_character, max_size=30))
def test_what_is_cut_compiles_and_is_never_the_same_twice(program: str, text: str) -> None:
    for reply in (program, f"{program}\n{text}", f"```python\n{text}\n{program}\nassert f(a)\n```"):
        found = codes(reply, None, limit=5)
        assert len(set(found)) == len(found) <= 5
        for code in found:
            compile(code, "test", "exec", dont_inherit=True, flags=0x400)  # to a tree: `return` is no error there


@pytest.mark.parametrize(
    "reply",
    ["(" * 5000, "[" * 90 + ":" + "]" * 90, "`" * 50_000, "@a\n" * 20_000, ">>> (\n" * 5_000, "'''\n" * 5_001,
     "f'{" * 5_000, "assert f(" + "(" * 150 + "1" + ")" * 150 + ")", "not " * 5_000 + "a", "assert f(1)\0",
     "<think>" * 5_000, "assert f('\ud800')", "x = [\n" * 5_000, "assert f(0x" + "f" * 20_000 + ")"],
)  # fmt: skip
def test_no_reply_is_an_error(reply: str) -> None:
    for text in (reply, f"```python\n{reply}", f"def test_f():\n    {reply}"):
        assert len(cut_tests(text, "f")) <= 1

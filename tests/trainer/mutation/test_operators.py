"""What each operator makes of an example, and what it leaves alone."""

import pytest

from crossjudge.trainer.mutation import OPERATORS, mutants


def afters(operator: str, source: str) -> list[str]:
    return [mutant.after for mutant in mutants(source, 100, operators=[operator])]


@pytest.mark.parametrize(
    ("operator", "source", "expected"),
    [
        ("arithmetic", "x = a + b", ["a - b"]),
        ("arithmetic", "x = a * b", ["a + b", "a // b"]),
        ("arithmetic", "x = a % b", ["a * b", "a // b"]),
        ("arithmetic", "x += a", ["x -= a"]),
        ("arithmetic", "x = 'a' + b\ny = [0] * n\nz = '%d' % n", []),
        ("bitwise", "x = a & b", ["a | b"]),
        ("bitwise", "x <<= 2", ["x >>= 2"]),
        ("unary", "x = -a + ~b", ["a", "b"]),
        ("comparison", "x = a < b", ["a <= b", "a >= b"]),
        ("comparison", "x = 0 < a == b", ["0 < a != b", "0 <= a == b", "0 >= a == b"]),
        ("comparison", "x = a not in b", ["a in b"]),
        ("connective", "x = a and b", ["a", "a or b", "b"]),
        ("connective", "x = a or b or c", ["a and b and c", "a or b", "a or c", "b or c"]),
        ("condition", "if a: b()", ["not a"]),
        ("condition", "x = [a for a in b if a]", ["not a"]),
        ("condition", "x = not a", ["a"]),
        ("condition", "if a < b: c()", []),
        ("constant", "x = 3", ["-3", "2", "4"]),
        ("constant", "x = True", ["False"]),
        ("constant", "x = 'yes'", ["''", "'yes?'"]),
        ("constant", "x = ''", ["'?'"]),
        ("constant", "x = 0.5", ["-0.5", "1.5"]),
        ("constant", "x: 3 = y", []),
        ("bound", "x = a[1:]", ["a[0:]", "a[1:-1]", "a[2:]"]),
        ("bound", "x = a[:n]", ["a[1:n]", "a[:n + 1]", "a[:n - 1]"]),
        ("bound", "x = a[::-1]", []),
        ("bound", "x = range(n)", ["range(n + 1)", "range(n - 1)"]),
        ("bound", "x = range(1, n)", ["range(0, n)", "range(1, n + 1)", "range(1, n - 1)", "range(2, n)"]),
        ("bound", "x = a[-1]", ["a[-2]", "a[0]"]),
        ("bound", "x = a['k'] + a[k]", []),
        ("bound", "for i in range: x = a[i]", []),
        ("bound", "for i, y in enumerate(a): x = a[i]", ["a[i + 1]", "a[i - 1]"]),
        ("deletion", "x = 1\nx = 2", ["pass"]),
        ("deletion", "x += 1", ["pass"]),
        ("deletion", "def f(x):\n  'doc'\n  if x: return 1\n  g(x)", ["pass", "pass"]),
        ("deletion", "if a: b = 1\nelif c: d = 1", []),
        ("returned", "def f(): return g()", ["return None"]),
        ("returned", "def f(): return len(g)", ["return None", "return len(g) + 1"]),
        ("returned", "def f(): return [a]", ["return None", "return []"]),
        ("returned", "def f(): return a and b", ["return None", "return not (a and b)"]),
        ("returned", "def f(): return\ndef g(): return None", []),
        ("argument", "x = f(a, b, k=c)", ["f(b, a, k=c)"]),
        ("argument", "x = min(a, b) + f(*a, b)", []),
        ("lookalike", "x = min(a, b)", ["max(a, b)"]),
        ("lookalike", "x = sum(a)", ["len(a)", "max(a)"]),
        ("lookalike", "x = any(a)", ["all(a)"]),
        ("lookalike", "x = abs(a)", ["a"]),
        ("lookalike", "x = sorted(a, key=f)", ["a", "list(a)"]),
        ("lookalike", "x = a.lower()", ["a.upper()"]),
        ("loop", "for x in a: break", ["continue", "pass"]),
        ("loop", "for x in a: continue", ["break", "pass"]),
    ],
)
def test_an_operator_makes_what_people_mix_up(operator: str, source: str, expected: list[str]) -> None:
    assert sorted(afters(operator, source)) == expected


def test_every_operator_has_an_example_above() -> None:
    marker = test_an_operator_makes_what_people_mix_up.pytestmark[0]  # type: ignore[attr-defined]
    assert {case[0] for case in marker.args[1]} == set(OPERATORS)


@pytest.mark.parametrize(
    "source",
    [
        '"""1 + 1"""',
        "def f():\n    '''-3'''",
        "def f(x: 3 < 4) -> -1: ...",
        "@d(1 + 1)\ndef f(): ...",
        "raise E('a' 'b', 3)",
        "x = f'{a + 1:>{b - 1}}'",
        "if __name__ == '__main__':\n    x = 3\n    y(x < 3)",
        "import a\nfrom b import c",
        "class A(b or c): ...",
        "try: a\nexcept (b or c): d",
    ],
)
def test_what_no_test_could_see_is_left_alone(source: str) -> None:
    assert mutants(source, 100) == []


def test_a_mutant_says_what_was_changed_where() -> None:
    source = "def f(a, b):\n    # kept\n    return a - b * (\n        2)\n"
    (mutant,) = mutants(source, 1, operators=["arithmetic"])
    assert str(mutant) == "line 3, arithmetic: a - b * ( … → a + b * 2"
    assert mutant.source == "def f(a, b):\n    # kept\n    return a + b * 2\n"


def test_a_change_does_not_reach_beyond_its_place() -> None:
    sources = {mutant.source for mutant in mutants("x = c - a * b", 100, operators=["arithmetic"])}
    assert sources == {"x = c + a * b", "x = c - (a + b)", "x = c - a // b"}

"""The laws of the engine, on random programs, on real ones and on text that nobody should have to parse."""

import ast
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossjudge.trainer.mutation import MAX_CHARS, OPERATORS, mutants
from python_programs import programs
from strategies import source_texts

EXAMPLES = Path(__file__).parents[3] / "examples" / "problems.jsonl"

LONG = """
def f(xs, n):
    best, total = None, 0
    for i, x in enumerate(xs):
        if x > n and not x == 3:
            continue
        total += x * 2 - (n - 1)
        best = xs[i] if best is None else max(best, x)
    return [total, best, sum(xs[1:]), "none", -n]
"""


def tree_of(source: str) -> str:
    return ast.dump(ast.parse(source))


@given(programs, st.integers(0, 30), st.integers(0, 5))
@settings(max_examples=60)
def test_mutants_parse_and_differ_from_the_source_and_from_each_other(source: str, k: int, seed: int) -> None:
    found = mutants(source, k, seed=seed)
    trees = [tree_of(mutant.source) for mutant in found]
    assert len({*trees, tree_of(source)}) == len(found) + 1 <= k + 1
    assert mutants(source, k, seed=seed) == found
    assert [mutant.line for mutant in found] == sorted(mutant.line for mutant in found)


@given(st.one_of(source_texts, st.text(st.sampled_from("ab1 =+-[(:\n\t\"'#\\{}"), max_size=60)))
def test_any_text_has_mutants_or_none_but_never_an_exception(text: str) -> None:
    for mutant in mutants(text, 3):
        assert tree_of(mutant.source) != tree_of(text)


def test_real_programs_have_many_mutants() -> None:
    sources = [text for line in EXAMPLES.read_text().splitlines() for text in json.loads(line)["solutions"]]
    counts = [len(mutants(text, 1000)) for text in sources]
    assert len(counts) >= 20
    assert sum(counts) >= 8 * len(counts)


def test_few_mutants_are_spread_over_operators_and_lines() -> None:
    found = mutants(LONG, 8, seed=1)
    assert len({mutant.operator for mutant in found}) == 8
    assert len({mutant.line for mutant in found}) >= 5
    many = mutants(LONG, 1000)
    few = Counter(mutant.operator for mutant in mutants(LONG, len(many) // 2))
    assert max(few.values()) - min(few.values()) < max(Counter(mutant.operator for mutant in many).values())


def test_another_seed_chooses_others() -> None:
    choices = [tuple(mutant.source for mutant in mutants(LONG, 5, seed=seed)) for seed in range(5)]
    assert len(set(choices)) == 5
    assert len({frozenset(tree_of(each.source) for each in mutants(LONG, 1000, seed=seed)) for seed in range(5)}) == 1


def test_operators_may_be_chosen() -> None:
    assert {mutant.operator for mutant in mutants(LONG, 9, operators=["loop", "bound"])} == {"loop", "bound"}
    with pytest.raises(ValueError, match=r"no mutation operator 'bounds'; there are arithmetic, .*bound"):
        mutants(LONG, 9, operators=["bounds"])
    with pytest.raises(ValueError, match="not -1"):
        mutants(LONG, -1)
    assert set(OPERATORS) >= {mutant.operator for mutant in mutants(LONG, 1000)}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("(" * 5000 + "1" + ")" * 5000, id="parentheses"),
        pytest.param("x = " + "-" * 40_000 + "1", id="signs"),
        pytest.param("x = " + "-" * 1000 + "1", id="fewer signs"),
        pytest.param("x = " + " + ".join(["a"] * 10_000), id="a long sum"),
        pytest.param("x = " + " or ".join(["a"] * 7_000), id="a long disjunction"),
        pytest.param("x = " + "not " * 3000 + "a", id="negations"),
        pytest.param("f(" + ",".join(["a"] * 20_000) + ")", id="many arguments"),
        pytest.param("x = a" + "[1:]" * 10_000, id="subscripts"),
        pytest.param("x = " + "lambda:" * 5000 + "1", id="lambdas"),
        pytest.param("".join(" " * depth + "if a:\n" for depth in range(200)), id="blocks"),
        pytest.param("x = " + "9" * 40_000, id="a long integer"),
        pytest.param("x = 0x" + "f" * 40_000, id="a long integer in hexadecimal"),
        pytest.param("x = 1\n" * 170_000, id="a megabyte"),
        pytest.param("x = 1\0", id="a null byte"),
        pytest.param("x = '\ud800'", id="a lone surrogate"),
        pytest.param("x = 1\n" * (MAX_CHARS // 6), id="as long as may be"),
    ],
)
def test_hostile_text_ends(source: str) -> None:
    for mutant in mutants(source, 3):
        assert mutant.source != source


def test_a_lone_surrogate_in_an_escape_is_text_like_any_other() -> None:
    assert [mutant.after for mutant in mutants(r"x = '\ud800'", 9)] == ["''", r"'\ud800?'"]


def test_text_over_the_limit_has_no_mutants() -> None:
    line = "x = 1\n"
    assert mutants(line * (MAX_CHARS // len(line)), 1)
    assert not mutants(line * (MAX_CHARS // len(line) + 1), 1)

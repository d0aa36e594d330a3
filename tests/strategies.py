"""Hypothesis strategies for what callers may post, the ugliest text that a model may write among it."""

import math

from hypothesis import strategies as st

from crossjudge.contracts import (
    AssertTest,
    Batch,
    CallTest,
    Detail,
    Isolation,
    Limits,
    Problem,
    PytestTest,
    StdioTest,
    Test,
)

any_character = st.characters(exclude_categories=())  # lone surrogates and NUL among them
source_texts = st.one_of(
    st.text(any_character, max_size=40),
    st.sampled_from(["", "\x00", "\ud800", "def f(:\n", "x = 1\r\n", "\u2028", "\ufeffx = 1", "é" * 50, "\\ud800"]),
)

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(any_character, max_size=10),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)

assert_tests = st.builds(AssertTest, code=source_texts)
call_tests = st.builds(
    CallTest,
    kind=st.just("call"),
    args=st.lists(json_values, max_size=3),
    kwargs=st.dictionaries(st.text(max_size=5), json_values, max_size=2),
    expected=json_values,
    tolerance=st.none() | st.floats(min_value=0, max_value=1e6),
)
stdio_tests = st.builds(
    StdioTest,
    kind=st.just("stdio"),
    stdin=source_texts,
    stdout=source_texts,
    compare=st.sampled_from(["lines", "tokens", "exact", "float"]),
)
pytest_tests = st.builds(PytestTest, kind=st.just("pytest"), code=source_texts)
tests: st.SearchStrategy[Test] = st.one_of(assert_tests, call_tests, stdio_tests, pytest_tests)

limits = st.builds(
    Limits,
    cpu_seconds=st.floats(0.01, 3600),
    wall_seconds=st.floats(0.01, 7200),
    memory_mb=st.integers(16, 1_048_576),
    processes=st.integers(1, 4096),
    disk_mb=st.integers(0, 65_536),
    output_kb=st.integers(0, 1_048_576),
)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """A problem whose `pairs`, where it has any, lie inside its matrix."""
    solutions = draw(st.lists(source_texts, min_size=1, max_size=4))
    its_tests = draw(st.lists(tests, min_size=1, max_size=4))
    inside = st.tuples(st.integers(0, len(solutions) - 1), st.integers(0, len(its_tests) - 1))
    return Problem(
        id=draw(st.none() | st.text(max_size=20)),
        entry_point=draw(st.none() | st.text(max_size=20)),
        prelude=draw(source_texts),
        solutions=solutions,
        tests=its_tests,
        pairs=draw(st.none() | st.lists(inside, max_size=6)),
    )


batches = st.builds(
    Batch,
    run=st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=200),
    problems=st.lists(problems(), min_size=1, max_size=3),
    limits=limits,
    isolation=st.sampled_from(Isolation),
    detail=st.lists(st.sampled_from(Detail), max_size=math.ceil(len(Detail) / 2)),
)

"""A body is read the fast way or, where that gives up, the thorough one: both must say the same of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossjudge.contracts import Batch, dump_json
from crossjudge.service.errors import ServiceError
from crossjudge.service.intake import read_batch
from crossjudge.service.settings import ServiceSettings
from strategies import batches, json_values, source_texts

roomy = ServiceSettings(
    max_cpu_seconds=1e9, max_wall_seconds=1e9, max_memory_mb=10**9, max_processes=10**9, max_disk_mb=10**9,
    max_output_kb=10**9,
)  # fmt: skip

odd = st.one_of(
    json_values,
    source_texts,
    st.sampled_from([[], {}, [[]], "", "1", "1.5", "true", 0, -1, 1.0, 1.5, True, 10**30, float("nan"), float("inf")]),
)
a_test = st.one_of(
    odd,
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["assert", "call", "stdio", "pytest"]) | odd},
        optional=dict.fromkeys(
            ("code", "args", "kwargs", "expected", "tolerance", "stdin", "stdout", "compare", "x"), odd
        ),
    ),
)
a_problem = odd | st.fixed_dictionaries(
    {"solutions": odd | st.lists(source_texts, max_size=3), "tests": odd | st.lists(a_test, max_size=3)},
    optional={
        "id": odd, "language": odd, "entry_point": odd, "prelude": odd,
        "pairs": odd | st.lists(st.lists(st.integers(-1, 2), max_size=3) | odd, max_size=2),
    },
)  # fmt: skip
limits = st.dictionaries(st.sampled_from(["cpu_seconds", "wall_seconds", "memory_mb", "processes", "x"]), odd)
documents = st.fixed_dictionaries(
    {"problems": odd | st.lists(a_problem, max_size=2)},
    optional={
        "run": odd, "limits": odd | limits, "isolation": odd | st.just("auto"),
        "detail": odd | st.lists(st.sampled_from(["messages", "outputs"]) | odd, max_size=2), "x": odd,
    },
)  # fmt: skip


@given(odd | documents)
def test_the_fast_way_takes_nothing_that_the_thorough_one_refuses(document: Any) -> None:
    try:
        fast = Batch.model_validate_json(json.dumps(document))
    except ValidationError:
        return
    assert repr(fast) == repr(Batch.model_validate(document))  # NaN is not equal to itself


@given(batches)
def test_whatever_a_caller_may_post_is_read_as_it_is(batch: Batch) -> None:
    calls = any(test.kind == "call" for problem in batch.problems for test in problem.tests)
    if calls and any(problem.entry_point is None for problem in batch.problems):
        batch = batch.model_copy(
            update={"problems": [p.model_copy(update={"entry_point": "f"}) for p in batch.problems]}
        )
    assert read_batch(dump_json(batch), roomy) == batch


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "123456789012345678901234567890", "-0.0", "1e400"])
@pytest.mark.parametrize("text", ["plain", "\ud800"])
def test_numbers_keep_their_value_on_both_ways(value: str, text: str) -> None:
    call = {"kind": "call", "expected": "VALUE"}
    body = json.dumps({"problems": [{"entry_point": "f", "solutions": [text], "tests": [call]}]})

    test = read_batch(body.replace('"VALUE"', value).encode(), roomy).problems[0].tests[0]

    assert test.kind == "call" and repr(test.expected) == repr(json.loads(value))


@pytest.mark.parametrize("ugly", ["\\ud800", "\\udfff", "\\ud800\\ud800", "\\u0000\\udc00"])
def test_lone_surrogates_are_taken_beside_what_is_wrong(ugly: str) -> None:
    body = f'{{"problems": [{{"solutions": ["{ugly}"], "tests": [1]}}]}}'

    with pytest.raises(ServiceError, match=r"problems\[0\]\.tests\[0\]"):
        read_batch(body.encode(), roomy)

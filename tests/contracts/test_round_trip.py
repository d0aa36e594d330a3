"""What a caller posts survives the wire to the last character, whatever a model wrote."""

import json
from typing import TypeVar

import pytest
from hypothesis import given
from pydantic import BaseModel, ValidationError

import strategies
from crossjudge.contracts import (
    AssertTest,
    Batch,
    Chunk,
    Columns,
    Detail,
    Order,
    Part,
    Problem,
    Row,
    dump_json,
    load_json,
)

M = TypeVar("M", bound=BaseModel)


def over_the_wire(message: M) -> M:
    return type(message).model_validate(load_json(dump_json(message)))


@given(strategies.batches)
def test_a_batch_survives_the_wire(batch: Batch) -> None:
    assert over_the_wire(batch) == batch


@given(strategies.batches)
def test_the_wire_is_ascii_whatever_the_text(batch: Batch) -> None:
    assert dump_json(batch).isascii()


@given(strategies.problems())
def test_what_the_queue_carries_of_a_problem_survives_it(problem: Problem) -> None:
    columns = Columns(entry_point=problem.entry_point, prelude=problem.prelude, tests=problem.tests)
    rows = [Row(solution=text, columns=[0]) for text in problem.solutions]
    chunk = Chunk(parts=[Part(problem=0, rows=rows)], cells=len(rows))
    assert (over_the_wire(columns), over_the_wire(chunk)) == (columns, chunk)


@given(strategies.limits)
def test_limits_survive_the_wire(limits: BaseModel) -> None:
    assert over_the_wire(limits) == limits


@given(strategies.source_texts)
def test_a_bare_string_is_short_for_an_assert(code: str) -> None:
    problem = Problem.model_validate({"solutions": [""], "tests": [code]})
    assert problem.tests == [AssertTest(code=code)]


def test_full_detail_is_short_for_all_of_it() -> None:
    batch = Batch.model_validate({"problems": [{"solutions": [""], "tests": [""]}], "detail": "full"})
    assert batch.detail == list(Detail)
    assert (
        Order(run=batch.run, limits=batch.limits, isolation=batch.isolation, detail=batch.detail).detail == batch.detail
    )


@pytest.mark.parametrize("ugly", ["", "\x00", "\ud800", "\udfff x", "def f(:", "x" * 5_000_000])
def test_nothing_that_a_model_writes_makes_a_batch_invalid(ugly: str) -> None:
    tests = [ugly, {"kind": "pytest", "code": ugly}, {"kind": "stdio", "stdin": ugly, "stdout": ugly}]
    posted = json.dumps({"problems": [{"prelude": ugly, "solutions": [ugly], "tests": tests}]})
    problem = Batch.model_validate(load_json(posted)).problems[0]
    assert problem.solutions == [ugly]
    assert problem.tests[0] == AssertTest(code=ugly)


@pytest.mark.parametrize("wrong", [None, 1, 1.5, True, [], {}, ["x"], b"x"])
def test_source_text_is_a_string_and_nothing_else(wrong: object) -> None:
    with pytest.raises(ValidationError, match="Input should be a valid string"):
        Problem.model_validate({"solutions": [wrong], "tests": [""]})

"""What a cell may say of itself, whatever it is: nothing breaks, and nothing passes that no honest cell would."""

import json
import math
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from crossjudge.contracts import AssertTest, CallTest, Limits, PytestTest, StdioTest, Test, Verdict
from crossjudge.worker.jail import compare, frames, judging, observing, values
from crossjudge.worker.outcome import RawOutcome
from crossjudge.worker.verdict import decide, explain
from fuzz.hostile_input import any_text, atoms, dumped, fuzzed, json_values, mutated, nested

LIMITS = Limits()
_WORDS = [
    "said",
    "phase",
    "message",
    "used",
    "output",
    "value",
    "passed",
    "returned",
    "error",
    "test",
    "load",
    "broken",
]
_TAGS = ["l", "d", "f", "i", "o"]
_TESTS: list[Test] = [
    AssertTest(code="assert f() == 1"),
    PytestTest(kind="pytest", code="def test(): assert f() == 1"),
    CallTest(kind="call", args=[], expected=1),
    StdioTest(kind="stdio", stdin="", stdout="1"),
]

fields = {
    "said": st.sampled_from(["passed", "failed", "error", "memory", "returned", "broken", "P"]) | atoms,
    "phase": st.sampled_from(["load", "entry", "call", "test", "end"]) | atoms,
    "message": any_text | atoms,
    "used": st.booleans() | atoms,
    "output": st.just("0123456789abcdef") | atoms,
    "value": json_values(_TAGS),
    "check": st.booleans(),
    "ended": st.just(["exit", 0]),
}
lines = st.fixed_dictionaries({}, optional=fields).map(dumped)
reports = st.lists(lines, max_size=12).map(b"\n".join)
hostile_reports = st.one_of(st.binary(max_size=300), reports, mutated(reports), json_values(_WORDS).map(dumped))


class Tail:
    """A drained pipe, as far as `observing.outcome` looks at it."""

    def __init__(self, data: bytes) -> None:
        self.head = bytearray(data)
        self.tail = observing.clean(data.decode("utf-8", "replace"), observing.TAIL_BYTES)


def outcome_of(report: bytes, **seen: Any) -> RawOutcome:
    """As supervisor and worker make it: what the keeper saw, what the cell said, over the wire as JSON."""
    observed = {"stopped": None, "over": None, "ended": ["exit", 0], "cpu_ns": 0, "wall_ns": 0} | seen
    said = observing.outcome(observed | {"report": Tail(report), "stdout": Tail(report)})
    return RawOutcome.model_validate(json.loads(json.dumps(said)))


@fuzzed(300)
@given(hostile_reports)
@example(nested(100_000))
@example(b'{"said": ' + b"9" * 10_000 + b"}")
@example(b'{"message": "' + b"\\ud800" * 10_000 + b'"}')
def test_whatever_a_cell_reports_the_worker_can_read_what_the_supervisor_makes_of_it(report: bytes) -> None:
    outcome = outcome_of(report)
    for test in _TESTS:
        message = explain(decide(test, outcome, LIMITS), outcome, LIMITS)
        assert message is None or len(message) <= 1000


@fuzzed(200)
@given(
    hostile_reports,
    st.sampled_from(["cpu", "wall", "memory", None]),
    st.sampled_from(["cpu", "wall", None]),
    st.sampled_from([None, ["exit", 0], ["exit", 1], ["signal", 9], ["signal", 24]]),
    st.integers(0, 4_000_000_000),
)
def test_no_report_makes_a_pass_of_a_cell_that_did_not_end_well(
    report: bytes, stopped: str | None, over: str | None, ended: list[Any] | None, cpu_ns: int
) -> None:
    outcome = outcome_of(report, stopped=stopped, over=over, ended=ended, cpu_ns=cpu_ns)
    ended_well = (stopped, over, ended) == (None, None, ["exit", 0]) and cpu_ns <= LIMITS.cpu_seconds * 1e9
    for test in _TESTS:
        assert ended_well or decide(test, outcome, LIMITS) is not Verdict.PASSED


@fuzzed(200)
@given(hostile_reports)
def test_no_report_passes_a_test_that_the_supervisor_compares(report: bytes) -> None:
    outcome = outcome_of(report)
    assert all(decide(test, outcome, LIMITS) is not Verdict.PASSED for test in _TESTS[2:])


@fuzzed(300)
@given(json_values(_TAGS), json_values(_TAGS), st.none() | st.floats(0, 1e6))
@example(0.5, ["f", "1" * 100_000], 1.0)
@example(0.5, ["i", "f" * 100_000], 1.0)
def test_any_value_is_compared_and_shown_without_a_crash(expected: Any, given: Any, tolerance: float | None) -> None:
    is_equal = judging._is_equal({"expected": expected, "tolerance": tolerance}, given)
    assert isinstance(is_equal, bool)
    assert len(judging._difference(expected, given, None)) <= 500


_expected = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, math.inf]), st.sampled_from("ab1")
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "1", "null", "true"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@fuzzed(300)
@given(_expected, st.data())
def test_only_the_expected_value_itself_is_equal_to_it(expected: Any, data: st.DataObject) -> None:
    given = data.draw(json_values([*_TAGS, "a", "1", "null", "1.0", "0x1"]) | _expected.map(values.encode), "given")
    if judging._is_equal({"expected": expected, "tolerance": None}, given):
        assert as_json(meaning(given)) == as_json(expected)


def meaning(tagged: Any) -> Any:
    """What a tagged value stands for, written a second time: a value of JSON's, or none at all."""
    if not isinstance(tagged, list):
        return tagged
    tag, body = tagged
    assert tag in ("l", "d", "f", "i"), f"{tag!r} stands for nothing that is equal to anything"
    if tag == "l":
        return [meaning(item) for item in body]
    if tag == "d":
        return {json_key(meaning(key)): meaning(item) for key, item in body}
    return float(body) if tag == "f" else int(body, 16)


def json_key(key: Any) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def as_json(value: Any) -> Any:
    """Numbers by value, everything else by type."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return float(value) if isinstance(value, (int, float)) else value


@fuzzed(200)
@given(
    st.binary(max_size=200)
    | mutated(st.lists(st.binary(max_size=20)).map(lambda bodies: b"".join(map(framed, bodies))))
)
def test_frames_are_taken_from_any_bytes_and_never_more_than_there_are(data: bytes) -> None:
    found = frames.split(data, 5)
    assert len(found) <= 5
    assert b"".join(framed(body) for body in found) == data[: sum(map(len, found)) + 4 * len(found)]


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


@fuzzed(200)
@given(any_text, any_text, st.sampled_from(["lines", "tokens", "exact", "float"]))
@example("1", "9" * 100_000, "float")
@example("1", "1e" * 100_000, "float")
@example("\n" * 100_000, " " * 100_000, "lines")
def test_any_two_outputs_are_compared_without_a_crash(expected: str, printed: str, how: str) -> None:
    assert compare.output_equal(expected, printed, how) in (True, False)

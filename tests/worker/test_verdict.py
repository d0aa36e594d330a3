"""The letters of contract §2, decided from what was observed."""

import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossjudge.contracts import AssertTest, CallTest, Limits, PytestTest, StdioTest, Test, Verdict
from crossjudge.worker.outcome import RawOutcome
from crossjudge.worker.verdict import decide, explain

ASSERT = AssertTest(code="assert f()")
PYTEST = PytestTest(kind="pytest", code="def test_f(): assert f()")
CALL = CallTest(kind="call", expected=1)
STDIO = StdioTest(kind="stdio", stdout="1")
LIMITS = Limits()
KINDS: list[Test] = [ASSERT, PYTEST, CALL, STDIO]
ENDED = st.one_of(
    st.none(),
    st.tuples(st.just("exit"), st.integers(0, 255)),
    st.tuples(st.just("signal"), st.integers(1, 64)),
)
OUTCOMES = st.builds(
    RawOutcome,
    stopped=st.sampled_from([None, "cpu", "wall", "memory"]),
    ended=ENDED,
    cpu_ns=st.integers(0, 10**11),
    said=st.sampled_from([None, "passed", "failed", "error", "memory", "returned", "broken"]),
    phase=st.sampled_from(["load", "entry", "call", "test"]),
    check=st.sampled_from([None, True, False]),
)


@pytest.mark.parametrize(
    ("test", "outcome", "letter"),
    [
        (ASSERT, RawOutcome(ended=("exit", 0), said="passed"), "P"),
        (ASSERT, RawOutcome(ended=("exit", 0), said="failed"), "F"),
        (ASSERT, RawOutcome(ended=("exit", 0), said="error"), "E"),
        (ASSERT, RawOutcome(ended=("exit", 0)), "E"),
        (ASSERT, RawOutcome(ended=("exit", 3), said="passed"), "E"),
        (ASSERT, RawOutcome(ended=("exit", 0), said="memory"), "M"),
        (ASSERT, RawOutcome(ended=("signal", signal.SIGSEGV)), "C"),
        (ASSERT, RawOutcome(ended=("signal", signal.SIGKILL), said="passed"), "C"),
        (ASSERT, RawOutcome(stopped="cpu"), "T"),
        (ASSERT, RawOutcome(stopped="wall"), "T"),
        (ASSERT, RawOutcome(stopped="memory"), "M"),
        (ASSERT, RawOutcome(ended=("signal", signal.SIGXCPU)), "T"),
        (ASSERT, RawOutcome(ended=("exit", 0), said="passed", cpu_ns=2_000_000_001), "T"),
        (ASSERT, RawOutcome(ended=("exit", 0), said="returned", check=True), "F"),
        (PYTEST, RawOutcome(ended=("exit", 0), said="passed"), "P"),
        (CALL, RawOutcome(ended=("exit", 0), said="returned", check=True), "P"),
        (CALL, RawOutcome(ended=("exit", 0), said="returned", check=False), "F"),
        (CALL, RawOutcome(ended=("exit", 0), said="passed"), "F"),
        (CALL, RawOutcome(ended=("exit", 0), said="error"), "E"),
        (STDIO, RawOutcome(ended=("exit", 0), check=True), "P"),
        (STDIO, RawOutcome(ended=("exit", 0), check=False), "F"),
        (STDIO, RawOutcome(ended=("exit", 1), said="error"), "E"),
        (STDIO, RawOutcome(ended=("exit", 2), check=True), "E"),
    ],
)
def test_each_observation_has_its_letter(test: Test, outcome: RawOutcome, letter: str) -> None:
    assert decide(test, outcome, LIMITS).value == letter


@given(st.sampled_from(KINDS), OUTCOMES, st.floats(0.01, 100), st.floats(0.01, 100))
def test_a_tighter_cpu_limit_never_makes_a_verdict_better(
    test: Test, outcome: RawOutcome, one: float, other: float
) -> None:
    tight, loose = sorted((one, other))
    if decide(test, outcome, Limits(cpu_seconds=tight)) is Verdict.PASSED:
        assert decide(test, outcome, Limits(cpu_seconds=loose)) is Verdict.PASSED


@given(st.sampled_from(KINDS), OUTCOMES)
def test_only_a_clean_end_passes_and_a_program_is_never_scored_as_our_failure(test: Test, outcome: RawOutcome) -> None:
    verdict = decide(test, outcome, LIMITS)
    if verdict is Verdict.PASSED:
        assert outcome.stopped is None
        assert outcome.ended == ("exit", 0)
    assert verdict.is_scored


@given(st.sampled_from(KINDS), OUTCOMES)
def test_every_cell_that_did_not_pass_is_explained_unless_a_check_failed_without_words(
    test: Test, outcome: RawOutcome
) -> None:
    verdict = decide(test, outcome, LIMITS)
    assert (explain(verdict, outcome, LIMITS) is None) == (verdict is Verdict.PASSED)

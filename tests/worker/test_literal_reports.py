"""What a process that knows nothing may write into its report of a literal test, and what is made of it."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossjudge.worker.jail.literal.asking import Asker, Listening, judged
from crossjudge.worker.jail.literal.deciding import Decision
from literals import JSON, planned

SECRET = "assert f(1) == ['the secret', 1]\nassert f(2) != 3"


@contextmanager
def conversation(test: str) -> Iterator[tuple[Decision, Callable[[bytes], None]]]:
    """A supervisor that listens, and the way to write the report that an untrusted process would write."""
    steps = planned(test)
    decision = Decision(steps, test)
    pieces = [base64.b64decode(piece) for piece in steps["pieces"]]
    link, ours = os.pipe()
    reading, writing = os.pipe()
    os.set_blocking(ours, False)
    os.set_blocking(reading, False)
    asker = Asker(decision, pieces, ours)
    drain = Listening(reading, 1 << 20, asker)
    assert decision.begin() == 0

    def write(report: bytes) -> None:
        for start in range(0, len(report), 30_000):  # less than a pipe holds
            os.write(writing, report[start : start + 30_000])
            drain.read()

    yield decision, write
    os.close(writing)
    drain.finish()
    asker.hang_up()
    os.close(link)


def answer(tagged: Any) -> bytes:
    return json.dumps({"answer": [tagged]}).encode() + b"\n"


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (answer(["l", ["the secret", 1]]) + answer(4), "passed"),
        (answer(["l", ["the secret", 1]]), None),
        (answer(["l", ["the secret", 1]]) + b'{"answer": [4', None),
        (answer(["l", ["the secret", 1]]) + answer(3), "failed"),
        (answer(["t", ["the secret", 1]]) + answer(4), "failed"),
        (answer(["l", ["the secret", 1.5]]) + answer(4), "failed"),
        (b'{"said": "passed"}\n{"check": true}\n', None),
        (b'{"answer": null}\n' + answer(["l", ["the secret", 1]]) + answer(4), "undecidable"),
        (b'{"answer": []}\n', "error"),
        (b'{"answer": [1, 2]}\n', "error"),
        (b'{"answer": {"0": 1}}\n', "error"),
        (b'{"answer": [\n', "error"),
        (b'{"answer": ' + b"[" * 100_000 + b"\n", "error"),
        (b'{"answer": [' + b"1," * 450_000 + b"1]}\n", "undecidable"),
        (b'{"answer": ["' + b"x" * (1 << 20), "undecidable"),
        (b"\n" * 1000 + answer(["l", ["the secret", 1]]) + answer(4), "error"),
        (b'{"answer": [' + b"9" * 5000 + b"]}\n", "error"),
        (answer(["i", "0x1" + "f" * 16_384]), "undecidable"),
    ],
)
def test_only_the_right_values_in_their_turn_pass(report: bytes, said: str | None) -> None:
    with conversation(SECRET) as (decision, write):
        write(report)
    assert decision.said == said


@given(
    st.lists(
        st.one_of(JSON.map(answer), st.binary(max_size=80), JSON.map(lambda each: json.dumps(each).encode())),
        max_size=6,
    )
)
@example([answer(["n", 0])] * 3)
def test_no_report_of_a_process_that_does_not_know_passes(lines: list[bytes]) -> None:
    with conversation(SECRET) as (decision, write):
        write(b"\n".join(lines) + b"\n")
    assert decision.said != "passed"


def test_what_a_cell_says_of_itself_is_no_verdict() -> None:
    outcome = {"said": "passed", "message": None, "phase": "test"}
    decision = Decision(planned(SECRET), SECRET)
    decision.begin()
    for said in ("passed", "failed", "returned"):
        assert judged(decision, outcome | {"said": said})["said"] is None
    assert judged(decision, outcome | {"said": "error"})["said"] == "error"


def test_messages_say_what_was_expected_and_what_came() -> None:
    def message(test: str, *answers: Any) -> str:
        decision = Decision(planned(test), test)
        decision.begin()
        for each in answers:
            decision.answer(each)
        return str(judged(decision, {"said": "returned", "message": None})["message"])

    assert message("assert f(2) == 4", 5) == "AssertionError: expected 4, got 5 (test.py line 1: assert f(2) == 4)"
    assert message("\nassert 4 == f(2), 'no'", 5) == (
        "AssertionError: no: expected 4, got 5 (test.py line 2: assert 4 == f(2), 'no')"
    )
    assert "AssertionError: got 5, 6 (" in message("assert f(2) > f(3)", 5, 6)
    assert "'<' not supported between instances of 'NoneType' and 'int'" in message("assert f(2) < 3", None)
    assert message("assert f(2) == 4", "\x1b" * 10**6).startswith("AssertionError: expected 4, got '\\x1b")
    assert len(message("assert f(2) == " + "[1, " * 60 + "]" * 60, ["l", ["y" * 10**6]])) <= 500

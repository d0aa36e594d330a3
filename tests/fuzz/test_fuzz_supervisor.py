"""A supervisor that is broken or taken over: the worker says that the jail broke, or reads what is in form."""

import shlex
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossjudge.contracts import AssertTest, Chunk, Columns, Detail, Isolation, Limits, Order, Part, Row
from crossjudge.worker.errors import JailError
from crossjudge.worker.pool import JailPool
from crossjudge.worker.settings import WorkerSettings
from fuzz.hostile_input import any_text, atoms, dumped, fuzzed, json_values, mutated, nested

OK = {"status": "ok"}
_TESTS = 2
_WORDS = ["ready", "alive", "broken", "prelude", "tests", "status", "message", "ok", "solution", "cells", "0", "1"]
_COLUMNS = Columns(entry_point=None, prelude="", tests=[AssertTest(code=f"assert f() == {n}") for n in range(_TESTS)])

right_reports = st.fixed_dictionaries(
    {"status": st.sampled_from(["ok"] * 8 + ["syntax_error", "load_error"])}, optional={"message": any_text}
)
right_outcomes = st.fixed_dictionaries(
    {},
    optional={
        "stopped": st.sampled_from([None, "cpu", "wall", "memory"]),
        "ended": st.sampled_from([None, ["exit", 0], ["exit", 3], ["signal", 9], ["signal", 1000]]),
        "cpu_ns": st.integers(0, 10**10),
        "said": st.sampled_from([None, "passed", "failed", "error", "memory", "returned", "broken"]),
        "phase": st.sampled_from(["load", "entry", "call", "test"]),
        "message": st.none() | any_text,
        "used": st.sampled_from([None, True, False]),
    },
)
outcomes = right_outcomes | st.dictionaries(st.sampled_from(["said", "ended", "cpu_ns", "verdict"]), atoms, max_size=3)
right_answers: list[st.SearchStrategy[Any]] = [
    st.just({"ready": True}),
    st.fixed_dictionaries(
        {"prelude": right_reports, "tests": st.lists(right_reports, min_size=_TESTS, max_size=_TESTS + 1)}
    ),
    st.fixed_dictionaries(
        {
            "solution": right_reports,
            "cells": st.dictionaries(st.sampled_from(["0", "1"]), right_outcomes)
            | st.dictionaries(st.sampled_from(["1", "2", "-1"]), right_outcomes)
            | st.dictionaries(st.sampled_from(["0", "1", "x"]), outcomes),
        }
    ),
]


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def conversation(*said: Any) -> bytes:
    return b"".join(framed(dumped(each)) for each in said)


conversations = st.builds(conversation, *right_answers)
nearly = [
    st.builds(conversation, *right_answers[:wrong], json_values(_WORDS), *right_answers[wrong + 1 :])
    for wrong in range(len(right_answers))
]
noise = st.one_of(
    conversations,
    conversations,
    conversations,
    *nearly,
    st.binary(max_size=100),
    mutated(conversations),
    st.binary(max_size=50).map(framed),
    st.just(framed(b'{"ready": true}') + framed(nested(100_000))),
    st.just(framed(b'{"ready": true}') + b"\xff\xff\xff\xff"),
    st.just(framed(b'{"ready": true}') + framed(b'{"broken": "why", "prelude": {}}')),
)


@pytest.fixture(scope="module")
def pretender(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is started in place of nsjail: it says what lies beside it, then listens until nobody speaks."""
    folder = tmp_path_factory.mktemp("pretender")
    script = folder / "nsjail"
    script.write_text(f"#!/bin/sh\ncat {shlex.quote(str(folder / 'said'))}\nexec 1>&-\nexec cat >/dev/null\n")
    script.chmod(0o755)
    return script


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@fuzzed(60)
@given(said=noise)
@example(conversation({"ready": True}, {"prelude": OK, "tests": [OK, OK]}, {"solution": OK, "cells": {"7": {}}}))
@example(conversation({"ready": True}, {"prelude": OK, "tests": [OK]}, {"solution": OK, "cells": {"1": {}}}))
def test_a_jail_that_says_anything_at_all_breaks_or_answers_in_form(pretender: Path, said: bytes) -> None:
    (pretender.parent / "said").write_bytes(said)
    before = open_descriptors()
    pool = JailPool(WorkerSettings(jails=1, nsjail_path=pretender, sandbox="nsjail"))
    order = Order(run="fuzz", limits=Limits(), isolation=Isolation.SHARED, detail=list(Detail))
    chunk = Chunk(parts=[Part(problem=0, rows=[Row(solution="def f(): return 0")])], cells=_TESTS)
    try:
        pool.start()
        result = pool.judge(order, {0: _COLUMNS}, chunk, threading.Event())
    except JailError as error:
        assert "the jail broke" in str(error) or "a jail answered" in str(error)
    else:
        assert len(result.parts[0].rows[0].verdicts) == _TESTS
        assert set(result.parts[0].rows[0].verdicts) <= set("PFETMC")
    finally:
        pool.close()
    assert open_descriptors() == before

"""Honest programs are judged alike whatever the isolation, and as an ordinary interpreter would have it.

The cells are in `cells/`, see `corpus` for how they are written. Wrong solutions stand beside the right ones, so that a
judge who passes everything is found out.
"""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from crossjudge.contracts import Chunk, Columns, Detail, Isolation, Limits, Order, Part, Row
from crossjudge.worker.pool import JailPool
from fidelity.corpus import TOPICS, Case, cases_of

LIMITS = Limits(cpu_seconds=10.0, wall_seconds=60.0)
PLAIN = Path(__file__).parent / "plain.py"


@pytest.mark.nsjail
@pytest.mark.parametrize("isolation", list(Isolation))
@pytest.mark.parametrize("topic", TOPICS)
def test_honest_cells_pass_and_their_wrong_twins_do_not(pool: JailPool, topic: str, isolation: Isolation) -> None:
    cases = [case for case in cases_of(topic) if isolation not in case.not_in]
    assert misjudged(cases, in_jail(pool, cases, isolation)) == []


@pytest.mark.slow
@pytest.mark.nsjail
@pytest.mark.parametrize("topic", TOPICS)
def test_so_they_are_where_there_are_enough_of_them_to_share_processes(pool: JailPool, topic: str) -> None:
    cases = [case for case in cases_of(topic) if Isolation.SPLIT not in case.not_in and "code" in case.test]
    found = in_jail(pool, cases, Isolation.SPLIT, copies=3)
    assert all(len(set(letters)) == 1 for cells in found for letters, _ in cells)
    assert misjudged(cases, [_firsts(cells) for cells in found]) == []


def _firsts(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(letters[:1], message) for letters, message in cells]


@pytest.mark.parametrize("topic", TOPICS)
def test_an_ordinary_interpreter_agrees(topic: str) -> None:
    cases = cases_of(topic)
    assert misjudged(cases, in_plain_interpreter(cases)) == []


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    cases = [case for topic in TOPICS for case in cases_of(topic)]
    split = [case for case in cases if not case.not_in]
    assert len({case.where for case in cases}) == len(cases)
    assert sum(len(case.right) for case in split) >= 150
    assert sum(len(case.wrong) for case in split) >= 50


def _copies(test: dict[str, Any], count: int) -> list[dict[str, Any]]:
    return [test] if count == 1 else [test | {"code": test["code"] + "\n" * number} for number in range(count)]


def in_jail(pool: JailPool, cases: list[Case], isolation: Isolation, *, copies: int = 1) -> list[list[tuple[str, str]]]:
    """For each case, the letters and the first message of each of its solutions, all out of one chunk.

    There is a letter for each of the `copies` of the test, which differ in nothing that counts.
    """
    order = Order(run="fidelity", limits=LIMITS, isolation=isolation, detail=[Detail.MESSAGES])
    columns = {
        number: Columns.model_validate(
            {"entry_point": case.entry_point, "prelude": "", "tests": _copies(case.test, copies)}
        )
        for number, case in enumerate(cases)
    }
    parts = [
        Part(problem=number, rows=[Row(solution=text) for text in case.solutions]) for number, case in enumerate(cases)
    ]
    chunk = Chunk(parts=parts, cells=sum(len(case.solutions) * copies for case in cases))
    result = pool.judge(order, columns, chunk, threading.Event())
    return [
        [(row.verdicts, row.cells[0].message or "" if row.cells else "") for row in part.rows] for part in result.parts
    ]


def in_plain_interpreter(cases: list[Case]) -> list[list[tuple[str, str]]]:
    """The same without a jail, from a script of its own."""
    cells = [
        {"solution": text, "test": case.test, "entry_point": case.entry_point}
        for case in cases
        for text in case.solutions
    ]
    done = subprocess.run(
        [sys.executable, str(PLAIN)], input=json.dumps(cells), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    said = iter(json.loads(done.stdout))
    return [[tuple(next(said)) for _ in case.solutions] for case in cases]


def misjudged(cases: list[Case], verdicts: list[list[tuple[str, str]]]) -> list[str]:
    """One line for each solution that did not get the letter it deserves."""
    return [
        f"{case.where}: a {'right' if is_right else 'wrong'} solution got {letter}: {message}"
        for case, row in zip(cases, verdicts, strict=True)
        for number, (letter, message) in enumerate(row)
        if letter not in (("P",) if (is_right := number < len(case.right)) else ("F", "E"))
    ]

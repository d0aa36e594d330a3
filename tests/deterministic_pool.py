"""A pool of jails in which everything is possible, and the same cell always comes out the same, as a digest has it.

So that all that surrounds the jails can be tried on thousands of batches, with every kind of verdict and of report.
"""

import hashlib
import threading
from collections.abc import Mapping

from crossjudge.contracts import Chunk, Columns, Order, SourceReport, SourceStatus, Test
from crossjudge.worker.outcome import ColumnsAnswer, RawOutcome, RowAnswer, TestAnswer
from crossjudge.worker.results import JudgedPart

FINE = SourceReport(status=SourceStatus.OK)
OUTCOMES = [
    RawOutcome(ended=("exit", 0), said="passed", phase="test", used=True),
    RawOutcome(ended=("exit", 0), said="passed", phase="test", used=False),
    RawOutcome(ended=("exit", 0), said="returned", phase="call", used=True, check=True, output="1"),
    RawOutcome(ended=("exit", 0), phase="test", check=True, stdout="out\n"),
    RawOutcome(ended=("exit", 0), said="failed", phase="test", message="AssertionError", used=True, output="2"),
    RawOutcome(ended=("exit", 1), said="error", phase="call", message="KeyError: 1", used=True, stdout="so far"),
    RawOutcome(ended=("exit", 0), said="error", phase="load", message="NameError: x"),
    RawOutcome(ended=("exit", 0), said="error", phase="entry", message="no function f"),
    RawOutcome(ended=("signal", 11), phase="test", used=True),
    RawOutcome(ended=("signal", 9), phase="load"),
    RawOutcome(stopped="cpu", phase="load"),
    RawOutcome(stopped="wall", phase="test", used=True),
    RawOutcome(stopped="memory", phase="test"),
    RawOutcome(over="cpu", ended=("exit", 0), said="passed", phase="test"),
]


class DeterministicPool:
    """Counts how often it was asked for which cell."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def observe(
        self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event
    ) -> list[JudgedPart]:
        answers = []
        for part in chunk.parts:
            about = columns[part.problem]
            compiled = ColumnsAnswer(prelude=_report(about.prelude), tests=[_test_report(test) for test in about.tests])
            rows = [self._row(order, about, compiled, str(row.solution), row.columns) for row in part.rows]
            answers.append(JudgedPart(compiled, rows))
        return answers

    def _row(
        self, order: Order, about: Columns, compiled: ColumnsAnswer, solution: str, wanted: list[int] | None
    ) -> RowAnswer:
        report, cells = _report(solution), {}
        for index in range(len(about.tests)) if wanted is None else wanted:
            test = about.tests[index]
            self.asked.append((solution, test.model_dump_json()))
            reports = (report, compiled.prelude, compiled.tests[index])
            if all(each.status is SourceStatus.OK for each in reports):
                what = (solution, about.prelude, about.entry_point, order.limits, order.isolation, test)
                number = _number(*map(repr, what))
                clocks = {"cpu_ns": number % 10**9, "wall_ns": number}
                cells[index] = OUTCOMES[number % len(OUTCOMES)].model_copy(update=clocks)
        return RowAnswer(solution=report, cells=cells)


def _report(text: str) -> SourceReport:
    kind = _number(text) % 8
    if kind == 0:
        return SourceReport(status=SourceStatus.SYNTAX_ERROR, message=f"line {len(text)}: SyntaxError")
    if kind == 1 and text:
        return SourceReport(status=SourceStatus.SYNTAX_ERROR, message="cannot be compiled: over the memory limit")
    return FINE


def _test_report(test: Test) -> TestAnswer:
    report = _report(repr(test))
    needs = "it patches the solution" if _number(repr(test)) % 3 == 0 else None
    return TestAnswer(status=report.status, message=report.message, needs=needs)


def _number(*texts: str) -> int:
    data = "\0".join(texts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.md5(data, usedforsecurity=False).digest()[:4], "big")

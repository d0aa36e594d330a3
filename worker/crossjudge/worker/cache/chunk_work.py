"""One chunk under way: what is known of its cells, what is left to ask the jails, and what is said in the end. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crossjudge.contracts import Chunk, ChunkResult, Columns, Order, Part, Row, Test
from crossjudge.worker.outcome import ColumnsAnswer, RowAnswer, TestAnswer
from crossjudge.worker.results import JudgedPart, chunk_result

from .claims import Tests, tests_of
from .digests import of_row, of_test
from .entries import KeptRow, KnownCell, read_cell, read_row, write_cell, write_row
from .shelf import ROW


@dataclass
class KnownRow:
    """One row of the chunk, and what is known of it so far."""

    part: int
    row: Row
    key: str
    """Its digest. Rows of several problems may have the same."""
    tests: Sequence[bytes]
    """The digest of each column of the problem."""
    wanted: Sequence[int]
    report: KeptRow | None = None
    cells: dict[int, KnownCell] = field(default_factory=dict)

    @property
    def missing(self) -> list[int]:
        """Columns whose cells are not known."""
        return [index for index in self.wanted if index not in self.cells]

    @property
    def is_known(self) -> bool:
        """Whether nothing of it is left to judge."""
        return self.report is not None and not self.missing


Plan = list[tuple[KnownRow, list[int]]]
"""Rows to ask the jails for, each with the columns to judge."""


class ChunkWork:
    """The rows of a chunk in their order."""

    def __init__(self, runtime: bytes, order: Order, columns: Mapping[int, Columns], chunk: Chunk) -> None:
        self._order = order
        self._columns = columns
        self._chunk = chunk
        self._compiled: dict[int, ColumnsAnswer] = {}
        self._executed = 0
        self._cpu_ns = self._wall_ns = 0
        self._parts = [self._rows(runtime, number, part) for number, part in enumerate(chunk.parts)]
        self.rows = [row for rows in self._parts for row in rows]

    def _rows(self, runtime: bytes, number: int, part: Part) -> list[KnownRow]:
        about = self._columns[part.problem]
        tests = [of_test(test) for test in about.tests]
        every = range(len(tests))
        return [
            KnownRow(
                number, row, of_row(runtime, self._order, about, row.solution), tests,
                every if row.columns is None else row.columns,
            )
            for row in part.rows
        ]  # fmt: skip

    def read(self, row: KnownRow, values: Sequence[bytes | None]) -> None:
        """Learn of a row what was kept: of the row itself, then of each column that is wanted."""
        report = read_row(values[0])
        if report is None:
            return
        row.report = row.report or report
        for index, value in zip(row.wanted, values[1:], strict=True):
            if index not in row.cells and (cell := read_cell(self._order, self._test(row, index), report, value)):
                row.cells[index] = cell

    def missing_tests(self, rows: Iterable[KnownRow]) -> dict[str, list[bytes]]:
        """By row, the digests of the tests whose cells are not known."""
        missing: dict[str, list[bytes]] = {}
        for row in rows:
            missing.setdefault(row.key, []).extend(row.tests[index] for index in row.missing)
        return missing

    def plan(self, rows: Iterable[KnownRow], others: Mapping[str, Tests]) -> Plan:
        """What to judge now: all that is not known and that nobody else judges, nor a row of this chunk like it."""
        busy = dict(others)
        plan: Plan = []
        for row in rows:
            taken = busy.get(row.key, frozenset())
            now = [index for index in row.missing if not tests_of([row.tests[index]]) <= taken]
            if now or not row.missing:  # the latter where no cell is wanted, but what the compiler says
                plan.append((row, now))
                busy[row.key] = taken | tests_of([row.tests[index] for index in now])
        return plan

    def rows_that_tell_of_tests(self) -> Plan:
        """A row, with no cell to judge, of each part in which a test was neither asked for nor compiled."""
        plan: Plan = []
        for number, rows in enumerate(self._parts):
            told = {index for row in rows for index in row.cells}
            if number not in self._compiled and len(told) < len(rows[0].tests):
                plan.append((rows[0], []))
        return plan

    def to_ask(self, plan: Plan) -> Chunk:
        """The chunk of what is planned."""
        parts: dict[int, list[Row]] = {}
        for row, now in plan:
            parts.setdefault(row.part, []).append(row.row.model_copy(update={"columns": now, "counts": None}))
        return Chunk(
            parts=[Part(problem=self._chunk.parts[part].problem, rows=rows) for part, rows in parts.items()],
            cells=sum(len(now) for _, now in plan),
        )

    def take_in(self, plan: Plan, judged: Sequence[JudgedPart]) -> None:
        """Learn what the jails said of `to_ask(plan)`."""
        parts = dict(zip(dict.fromkeys(row.part for row, _ in plan), judged, strict=True))
        answers = {part: iter(said.rows) for part, said in parts.items()}
        for row, now in plan:
            compiled, answer = parts[row.part].compiled, next(answers[row.part])
            self._compiled[row.part] = compiled
            row.report = KeptRow(solution=answer.solution, prelude=compiled.prelude)
            row.cells |= {index: KnownCell(compiled.tests[index], answer.cells.get(index)) for index in now}
            self._executed += len(now)
            self._cpu_ns += sum(outcome.cpu_ns for outcome in answer.cells.values())
            self._wall_ns += sum(outcome.wall_ns for outcome in answer.cells.values())

    def to_keep(self, plan: Plan) -> dict[str, dict[bytes, bytes]]:
        """By row, the fields to keep of what was planned and taken in."""
        kept: dict[str, dict[bytes, bytes]] = {}
        for row, now in plan:
            about = _report(row)
            report = write_row(about)
            cells = {
                row.tests[index]: data
                for index in now
                if (data := write_cell(self._order, self._test(row, index), about, row.cells[index])) is not None
            }
            if report is not None and cells:
                kept.setdefault(row.key, {ROW: report}).update(cells)
        return kept

    def result(self) -> ChunkResult:
        """All that is said of the chunk, now that all of it is known."""
        judged = [
            JudgedPart(self._compiled.get(number) or _told(rows), [_answer(row) for row in rows])
            for number, rows in enumerate(self._parts)
        ]
        said = chunk_result(self._order, self._columns, self._chunk, judged)
        took = {"cpu_seconds": self._cpu_ns / 1e9, "wall_seconds": self._wall_ns / 1e9}
        return said.model_copy(update={"executed": self._executed, **took})

    def _test(self, row: KnownRow, index: int) -> Test:
        return self._columns[self._chunk.parts[row.part].problem].tests[index]


def _told(rows: Sequence[KnownRow]) -> ColumnsAnswer:
    """What was kept with the cells of a part's rows."""
    tests: dict[int, TestAnswer] = {index: cell.test for row in rows for index, cell in row.cells.items()}
    return ColumnsAnswer(prelude=_report(rows[0]).prelude, tests=[tests[index] for index in range(len(rows[0].tests))])


def _answer(row: KnownRow) -> RowAnswer:
    outcomes = {index: row.cells[index].outcome for index in row.wanted}
    cells = {index: outcome for index, outcome in outcomes.items() if outcome is not None}
    return RowAnswer(solution=_report(row).solution, cells=cells)


def _report(row: KnownRow) -> KeptRow:
    assert row.report is not None, f"row {row.key} is not known"
    return row.report

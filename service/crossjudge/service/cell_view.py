"""One problem of a batch, or one cell, without reading the rest. Synchronous: called in a thread. Knows no HTTP."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from redis import Redis

from crossjudge.contracts import BatchStatus, PackedPart, SourceStatus, Verdict, encode_json, load_json
from crossjudge.contracts.queue import chunks_key, columns_key
from crossjudge.contracts.stats import CellView, ProblemPage, ProblemSummary, TestText

from .assemble import problem_pieces, verdict_counts
from .errors import NotFinal, SourcesGone, UnknownPlace
from .finished import StoredBatch
from .layout import ProblemLayout

_Document = dict[str, Any]
_AS_JSON = ("args", "kwargs", "expected")


def problem_page(connection: Redis, status: BatchStatus, first: int, limit: int) -> ProblemPage:
    """Some problems of a batch, in their order."""
    batch = StoredBatch(connection, status)
    found: list[ProblemSummary] = []
    total = 0
    for index, layout in enumerate(batch.problems()):
        total += 1
        if first <= index < first + limit:
            found.append(_summary(index, layout, batch, is_final=status.status.is_final))
    behind = first + len(found)
    return ProblemPage(batch=status, total=total, problems=found, next=behind if behind < total and found else None)


def _summary(index: int, layout: ProblemLayout, batch: StoredBatch, *, is_final: bool) -> ProblemSummary:
    verdicts = verdict_counts(layout, batch.results) if is_final else None
    return ProblemSummary(
        index=index, id=layout.id, solutions=len(layout.rows), tests=len(layout.columns), verdicts=verdicts
    )


def problem_answer_pieces(
    connection: Redis, status: BatchStatus, problem: int, *, has_details: bool
) -> Iterator[bytes]:
    """The JSON of one problem's result. Raises `NotFinal` where the batch is still at work."""
    if not status.status.is_final:
        raise NotFinal(status.id, status.status)
    batch = StoredBatch(connection, status)
    layout = _layout(batch, status.id, problem)
    yield from problem_pieces(layout, batch.order, batch.results, has_details=has_details)


def cell_view(connection: Redis, status: BatchStatus, problem: int, solution: int, test: int) -> CellView:
    """All that is known of one cell, its sources among it. Raises `UnknownPlace` and `SourcesGone`."""
    batch = StoredBatch(connection, status)
    layout = _layout(batch, status.id, problem)
    _check(status.id, "solutions", solution, len(layout.rows))
    _check(status.id, "tests", test, len(layout.columns))
    row, column = layout.rows[solution], layout.columns[test]
    place = None if row is None else _place(layout, row)
    sources = _Sources(connection, status.id)
    result = None if place is None else batch.results.get(place[0])
    judged = None if place is None or result is None else result.parts[place[1]]
    return CellView(
        batch=status.id, run=status.run, status=status.status, detail=[str(each) for each in batch.order.detail],
        problem=problem, problem_id=layout.id, solution_index=solution, test_index=test,
        solution=None if place is None else sources.solution(*place),
        **sources.columns(problem, column, is_needed=bool(layout.parts)),
        **_said(layout, solution, test, None if place is None else place[2], judged, is_final=status.status.is_final),
    )  # fmt: skip


def _layout(batch: StoredBatch, name: str, problem: int) -> ProblemLayout:
    layout = next(islice(batch.problems(), problem, None), None)
    if layout is None:
        raise UnknownPlace(name, "problems", problem, sum(1 for _ in batch.problems()))
    return layout


def _check(batch: str, what: str, index: int, count: int) -> None:
    if index >= count:
        raise UnknownPlace(batch, what, index, count)


def _place(layout: ProblemLayout, row: int) -> tuple[int, int, int] | None:
    """The chunk of a row, the part of that chunk, its place there; none where no cell of it was asked for."""
    for chunk, part, members in layout.parts:
        if row in members:
            return chunk, part, members.index(row)
    return None


def _said(
    layout: ProblemLayout, solution: int, test: int, place: int | None, judged: PackedPart | None, *, is_final: bool
) -> _Document:
    """What is said of a cell, its solution and its test: by us where one is too large, else by the worker."""
    if layout.asked is not None and layout.asked[solution][test] != "1":
        return {"verdict": Verdict.SKIPPED.value}
    column = layout.columns[test]
    large = {
        "solution_message": layout.large_solutions.get(solution),
        "test_message": layout.large_tests.get(test),
    }
    if said := large["solution_message"] or large["test_message"]:
        states = {name.replace("message", "status"): SourceStatus.TOO_LARGE for name, why in large.items() if why}
        return {"verdict": Verdict.ERROR.value, "message": said, **large, **states}
    if judged is None or place is None or column is None:
        return {"verdict": Verdict.SKIPPED.value if is_final else None}
    row, tests = judged.rows[place], judged.tests
    details = {
        name: values[column]
        for name in ("message", "cpu_ms", "wall_ms", "stdout", "output")
        if (values := getattr(row.cells, name, None)) is not None
    }
    return {
        "verdict": row.verdicts[column],
        "solution_status": row.solution.status, "solution_message": row.solution.message,
        "test_status": tests.status[column], "test_message": tests.message[column] if tests.message else None,
        **details,
    }  # fmt: skip


class _Sources:
    """What was posted, as far as it is kept: what went to the workers."""

    def __init__(self, connection: Redis, batch: str) -> None:
        self._connection = connection
        self._batch = batch

    def solution(self, chunk: int, part: int, place: int) -> Any:
        document = self._read(chunks_key(self._batch), chunk)
        return document["parts"][part]["rows"][place]["solution"]

    def columns(self, problem: int, column: int | None, *, is_needed: bool) -> _Document:
        """Prelude, entry point and test. A problem of which nothing runs has nothing that is kept."""
        if not is_needed:
            return {}
        document = self._read(columns_key(self._batch), problem)
        test = None if column is None else _as_text(document["tests"][column])
        return {"entry_point": document["entry_point"], "prelude": document["prelude"], "test": test}

    def _read(self, key: str, field: int) -> Any:
        raw = self._connection.hget(key, str(field))
        if raw is None:
            raise SourcesGone(self._batch)
        return load_json(raw)


def _as_text(test: _Document) -> TestText:
    """JSON numbers would not survive a reader such as a browser; their text does."""
    texts = {name: value for name, value in test.items() if name not in _AS_JSON and value is not None}
    if "tolerance" in texts:
        texts["tolerance"] = repr(texts["tolerance"])
    texts |= {name: str(encode_json(test[name]), "utf-8") for name in _AS_JSON if name in test}
    return TestText(**texts)

"""Laws of splitting a batch and putting its answer together, over batches of any shape."""

import itertools
import json
from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from assembled import assembled
from crossjudge.contracts import (
    Batch,
    BatchState,
    BatchStatus,
    CellCounts,
    Chunk,
    ChunkResult,
    Detail,
    ProblemResult,
    SourceStatus,
    dump_json,
    load_json,
    pack,
    unpack,
)
from crossjudge.contracts.stats import split_cells_field
from crossjudge.service.assemble import answer_pieces, problem_pieces, verdict_counts
from crossjudge.service.layout import LayoutWriter, ProblemLayout, read_layout
from crossjudge.service.settings import ServiceSettings
from crossjudge.service.split import Plan, key_of, split
from crossjudge.worker.commit import Task
from crossjudge.worker.counting import sums
from planned_work import chunks_of, columns_of
from played_worker import judged
from strategies import any_character, batches

settings = st.builds(
    ServiceSettings,
    chunk_cells=st.integers(1, 12),
    chunk_source_bytes=st.integers(1, 200),
    source_limit_bytes=st.sampled_from([1, 3, 10, 10_000]),
)


STATUS = BatchStatus(
    id="b_1", run="a \"problems\":null run", status=BatchState.DONE, cells=CellCounts(total=1),
    created_at=datetime(2030, 1, 2, tzinfo=UTC), problems=None, error='\ud800"problems":null',
)  # fmt: skip


def layout_of(plan: Plan) -> list[ProblemLayout]:
    return list(read_layout(plan.layout))


def results(plan: Plan) -> dict[int, ChunkResult]:
    columns = columns_of(plan)
    tasks = (Task("b", index, 1, plan.order, columns, chunk, ":r", "q") for index, chunk in enumerate(chunks_of(plan)))
    return {task.index: judged(task) for task in tasks}


def streamed(plan: Plan, results: dict[int, ChunkResult]) -> bytes:
    packed = {index: unpack(pack(result)) for index, result in results.items()}
    return b"".join(answer_pieces(STATUS, read_layout(plan.layout), plan.order, packed))


def answers(plan: Plan, results: dict[int, ChunkResult]) -> list[ProblemResult]:
    found = BatchStatus.model_validate(load_json(streamed(plan, results))).problems
    assert found is not None
    return found


def at_once(plan: Plan, results: dict[int, ChunkResult]) -> BatchStatus:
    return STATUS.model_copy(update={"problems": assembled(layout_of(plan), plan.order, results)})


def asked_for(batch: Batch) -> list[set[tuple[int, int]]]:
    return [
        {(s, t) for s in range(len(p.solutions)) for t in range(len(p.tests))} if p.pairs is None else set(p.pairs)
        for p in batch.problems
    ]


@given(batches, settings)
def test_every_cell_asked_for_is_answered_and_no_other(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    found = answers(plan, results(plan))

    for problem, answer, asked in zip(batch.problems, found, asked_for(batch), strict=True):
        assert len(answer.matrix) == len(answer.solutions) == len(problem.solutions)
        assert len(answer.tests) == len(problem.tests)
        for s, row in enumerate(answer.matrix):
            assert len(row) == len(problem.tests)
            judged_tests = {t for t, letter in enumerate(row) if letter != "S"}
            assert judged_tests == {t for t in range(len(row)) if (s, t) in asked}


@given(batches, settings)
def test_the_cells_of_the_chunks_and_the_large_ones_are_all_cells(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    assert plan.cells_total == sum(len(asked) for asked in asked_for(batch))
    assert plan.cells_total == plan.cells_done + sum(chunk.cells for chunk in chunks_of(plan))
    assert all(chunk.cells > 0 for chunk in chunks_of(plan))
    assert sum(result.executed for result in results(plan).values()) <= plan.cells_total


@given(batches, settings)
def test_equal_cells_run_once(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    for index, columns in columns_of(plan).items():
        parts = [part for chunk in chunks_of(plan) for part in chunk.parts if part.problem == index]
        rows = [row.solution for part in parts for row in part.rows]
        assert len(rows) == len(set(rows))
        assert len(columns.tests) == len({key_of(test) for test in columns.tests})


@given(batches, settings)
def test_equal_rows_and_columns_get_equal_verdicts(batch: Batch, settings: ServiceSettings) -> None:
    batch = batch.model_copy(update={"problems": [p.model_copy(update={"pairs": None}) for p in batch.problems]})
    plan = split(batch, settings)

    for problem, answer in zip(batch.problems, answers(plan, results(plan)), strict=True):
        by_solution = dict(zip(problem.solutions, answer.matrix, strict=True))
        assert all(by_solution[text] == row for text, row in zip(problem.solutions, answer.matrix, strict=True))


@given(batches, settings)
def test_a_copy_names_the_first_of_its_kind_and_nothing_else_names_any(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    for problem, answer in zip(batch.problems, answers(plan, {}), strict=True):
        keys = [key_of(test) for test in problem.tests]
        for sources, reports in ((problem.solutions, answer.solutions), (keys, answer.tests)):
            firsts = [list(sources).index(source) for source in sources]
            said = [(report.status is SourceStatus.TOO_LARGE, report.copy_of) for report in reports]
            assert [copy for _, copy in said] == [
                None if first == index or is_large else first
                for index, (first, (is_large, _)) in enumerate(zip(firsts, said, strict=True))
            ]


@given(batches, settings)
def test_chunks_are_bounded_unless_a_row_alone_is_over(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    all_columns = columns_of(plan)
    for chunk in chunks_of(plan):
        rows = [(row, len(all_columns[part.problem].tests)) for part in chunk.parts for row in part.rows]
        cells = sum(width if row.columns is None else len(row.columns) for row, width in rows)
        assert len(rows) == 1 or cells <= settings.chunk_cells
        assert len(rows) == 1 or sum(len(row.solution) for row, _ in rows) <= settings.chunk_source_bytes


@given(batches, settings)
def test_no_two_neighbouring_chunks_would_fit_in_one(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    all_columns = columns_of(plan)

    def measure(chunk: Chunk) -> tuple[int, int]:
        rows = [(row, len(all_columns[part.problem].tests)) for part in chunk.parts for row in part.rows]
        cells = sum(width if row.columns is None else len(row.columns) for row, width in rows)
        return cells, sum(len(row.solution) for row, _ in rows)

    def first(chunk: Chunk) -> Chunk:
        part = chunk.parts[0]
        return chunk.model_copy(update={"parts": [part.model_copy(update={"rows": part.rows[:1]})]})

    for chunk, following in itertools.pairwise(chunks_of(plan)):
        (cells, size), (more_cells, more_size) = measure(chunk), measure(first(following))
        is_over = cells + more_cells > settings.chunk_cells or size + more_size > settings.chunk_source_bytes
        assert is_over


@given(batches, settings)
def test_what_is_planned_for_redis_is_what_was_posted(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    for index, columns in columns_of(plan).items():
        problem = batch.problems[index]
        assert (columns.entry_point, columns.prelude) == (problem.entry_point, problem.prelude)
        assert all(test in problem.tests for test in columns.tests)
    sent = {(p.problem, r.solution) for chunk in chunks_of(plan) for p in chunk.parts for r in p.rows}
    assert sent <= {(index, text) for index, problem in enumerate(batch.problems) for text in problem.solutions}


@given(st.lists(st.integers(0, 200_000), max_size=4))
def test_a_layout_of_any_size_is_read_as_it_was_written(sizes: list[int]) -> None:
    layouts = [
        ProblemLayout(str(size), list(range(size)), [0, None], ["10"], [(0, 1, [0])], {}, {1: "é"}) for size in sizes
    ]
    writer = LayoutWriter()
    for layout in layouts:
        writer.add(layout)

    assert list(read_layout(writer.finish())) == layouts


@given(batches, settings)
def test_chunks_without_results_are_skipped_and_never_an_error(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)
    done = {index: result for index, result in results(plan).items() if index % 2}

    whole = answers(plan, results(plan))
    partly = answers(plan, done)

    for one, other in zip(whole, partly, strict=True):
        for full, row in zip(one.matrix, other.matrix, strict=True):
            assert all(letter in ("S", other_letter) for other_letter, letter in zip(full, row, strict=True))


@given(batches, settings, st.data())
def test_the_pieces_of_an_answer_are_the_whole_of_it(
    batch: Batch, settings: ServiceSettings, data: st.DataObject
) -> None:
    plan = split(batch, settings)
    there = data.draw(st.sets(st.sampled_from(range(len(plan.chunks)))) if plan.chunks else st.just(set()))
    judged = {index: result for index, result in results(plan).items() if index in there}

    found = load_json(streamed(plan, judged))

    assert found == load_json(dump_json(at_once(plan, judged), exclude_unset=True))


@given(batches, settings)
def test_one_problem_is_answered_as_it_stands_in_the_whole(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)
    judged = {index: unpack(pack(result)) for index, result in results(plan).items()}
    whole = load_json(streamed(plan, results(plan)))["problems"]

    for layout, expected in zip(layout_of(plan), whole, strict=True):
        assert load_json(b"".join(problem_pieces(layout, plan.order, judged))) == expected
        assert verdict_counts(layout, judged) == Counter("".join(expected["matrix"]))


@given(batches, settings)
def test_what_workers_count_is_what_stands_in_the_matrices(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)
    counted: Counter[tuple[str, str]] = Counter()
    for index, result in results(plan).items():
        said = json.loads(sums(":r", columns_of(plan), chunks_of(plan)[index], result, cached=0, failed=0))
        counted.update(
            {names: count for field, count in said["run"].items() if (names := split_cells_field(field)) is not None}
        )

    expected: Counter[tuple[str, str]] = Counter()
    for problem, answer in zip(batch.problems, answers(plan, results(plan)), strict=True):
        for report, row in zip(answer.solutions, answer.matrix, strict=True):
            for test, said_of, letter in zip(problem.tests, answer.tests, row, strict=True):
                if letter != "S" and SourceStatus.TOO_LARGE not in (report.status, said_of.status):
                    expected[test.kind, letter] += 1
    assert counted == expected


@given(batches, settings, st.text(any_character))
def test_what_a_program_said_goes_through_whatever_it_is(batch: Batch, settings: ServiceSettings, said: str) -> None:
    plan = split(batch.model_copy(update={"detail": [Detail.MESSAGES, Detail.STDOUT, Detail.OUTPUTS]}), settings)
    judged = {}
    for index, result in results(plan).items():
        document = load_json(dump_json(result))
        for cell in (c for part in document["parts"] for row in part["rows"] for c in row["cells"]):
            cell |= {"message": said, "stdout": said, "output": said}
        judged[index] = ChunkResult.model_validate(document)

    found = load_json(streamed(plan, judged))

    assert found == load_json(dump_json(at_once(plan, judged), exclude_unset=True))

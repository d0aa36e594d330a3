"""Laws of splitting a batch and putting its answer together, over batches of any shape."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from crossjudge.contracts import Batch, Chunk, ChunkResult, dump_json, load_json
from crossjudge.service.assemble import assemble
from crossjudge.service.layout import Layout
from crossjudge.service.settings import ServiceSettings
from crossjudge.service.split import Plan, key_of, split
from crossjudge.worker.commit import Task
from played_worker import judged
from strategies import batches

settings = st.builds(
    ServiceSettings,
    chunk_cells=st.integers(1, 12),
    chunk_source_bytes=st.integers(1, 200),
    source_limit_bytes=st.sampled_from([1, 3, 10, 10_000]),
)


def results(plan: Plan) -> dict[int, ChunkResult]:
    return {
        index: judged(Task("b", index, 1, plan.order, plan.columns, chunk)) for index, chunk in enumerate(plan.chunks)
    }


def asked_for(batch: Batch) -> list[set[tuple[int, int]]]:
    return [
        {(s, t) for s in range(len(p.solutions)) for t in range(len(p.tests))} if p.pairs is None else set(p.pairs)
        for p in batch.problems
    ]


@given(batches, settings)
def test_every_cell_asked_for_is_answered_and_no_other(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    answers = assemble(plan.layout, plan.order, results(plan))

    for problem, answer, asked in zip(batch.problems, answers, asked_for(batch), strict=True):
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
    assert plan.cells_total == plan.cells_done + sum(chunk.cells for chunk in plan.chunks)
    assert all(chunk.cells > 0 for chunk in plan.chunks)
    assert sum(result.executed for result in results(plan).values()) <= plan.cells_total


@given(batches, settings)
def test_equal_cells_run_once(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    for index, columns in plan.columns.items():
        parts = [part for chunk in plan.chunks for part in chunk.parts if part.problem == index]
        rows = [row.solution for part in parts for row in part.rows]
        assert len(rows) == len(set(rows))
        assert len(columns.tests) == len({key_of(test) for test in columns.tests})


@given(batches, settings)
def test_equal_rows_and_columns_get_equal_verdicts(batch: Batch, settings: ServiceSettings) -> None:
    batch = batch.model_copy(update={"problems": [p.model_copy(update={"pairs": None}) for p in batch.problems]})
    plan = split(batch, settings)

    for problem, answer in zip(batch.problems, assemble(plan.layout, plan.order, results(plan)), strict=True):
        by_solution = dict(zip(problem.solutions, answer.matrix, strict=True))
        assert all(by_solution[text] == row for text, row in zip(problem.solutions, answer.matrix, strict=True))


@given(batches, settings)
def test_chunks_are_bounded_unless_a_row_alone_is_over(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    for chunk in plan.chunks:
        rows = [(row, len(plan.columns[part.problem].tests)) for part in chunk.parts for row in part.rows]
        cells = sum(width if row.columns is None else len(row.columns) for row, width in rows)
        assert len(rows) == 1 or cells <= settings.chunk_cells
        assert len(rows) == 1 or sum(len(row.solution) for row, _ in rows) <= settings.chunk_source_bytes


@given(batches, settings)
def test_no_two_neighbouring_chunks_would_fit_in_one(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)

    def measure(chunk: Chunk) -> tuple[int, int]:
        rows = [(row, len(plan.columns[part.problem].tests)) for part in chunk.parts for row in part.rows]
        cells = sum(width if row.columns is None else len(row.columns) for row, width in rows)
        return cells, sum(len(row.solution) for row, _ in rows)

    def first(chunk: Chunk) -> Chunk:
        part = chunk.parts[0]
        return chunk.model_copy(update={"parts": [part.model_copy(update={"rows": part.rows[:1]})]})

    for chunk, following in itertools.pairwise(plan.chunks):
        (cells, size), (more_cells, more_size) = measure(chunk), measure(first(following))
        is_over = cells + more_cells > settings.chunk_cells or size + more_size > settings.chunk_source_bytes
        assert is_over


@given(batches, settings)
def test_the_layout_survives_its_json(batch: Batch, settings: ServiceSettings) -> None:
    layout = split(batch, settings).layout

    assert Layout.model_validate(load_json(dump_json(layout))) == layout


@given(batches, settings)
def test_chunks_without_results_are_skipped_and_never_an_error(batch: Batch, settings: ServiceSettings) -> None:
    plan = split(batch, settings)
    done = {index: result for index, result in results(plan).items() if index % 2}

    whole = assemble(plan.layout, plan.order, results(plan))
    partly = assemble(plan.layout, plan.order, done)

    for one, other in zip(whole, partly, strict=True):
        for full, row in zip(one.matrix, other.matrix, strict=True):
            assert all(letter in ("S", other_letter) for other_letter, letter in zip(full, row, strict=True))

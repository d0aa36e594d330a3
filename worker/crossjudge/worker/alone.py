"""A chunk that a worker did not come back from, judged row by row: so that one row takes no other along.

Before each row it is noted which one is under way. A worker that dies leaves its note, and the next knows what to
think of that row: one that was under way at two such ends is not judged any more (`X`), and the others are.
"""

import threading
from collections.abc import Sequence

import structlog

from crossjudge.contracts import Chunk, ChunkResult, ColumnReport, Part, PartResult, SourceStatus

from .bench import Bench
from .commit import Task
from .errors import Stopped
from .not_judged import not_judged
from .patience import patiently

log = structlog.get_logger(__name__)

MOST_ENDS = 2
"""So often may a row be under way when a worker, or its sandbox, ends. With the end that led here it is three times."""

MOST_POISON = 8
"""With so many rows of a chunk that end workers, there is more wrong than rows: the whole chunk is given up."""


class TooManyEnds(Exception):
    """The chunk is not worth a further attempt; says why."""


def judge_alone(tools: Bench, task: Task, stop: threading.Event, most_attempts: int) -> ChunkResult:
    """Judge each row by itself. Raises what the pool raises, and `TooManyEnds`."""
    ends = patiently(lambda: tools.ledger.ends_by_row(task), tools.shutdown)
    if task.attempt > most_attempts + sum(ends.values()):
        raise TooManyEnds(f"{task.attempt - 1} workers ended or were lost while they judged this chunk")
    parts: list[list[ChunkResult]] = []
    for number, part in enumerate(task.chunk.parts):
        parts.append([])
        for index, row in enumerate(part.rows):
            only = Chunk(parts=[Part(problem=part.problem, rows=[row])], cells=0)
            parts[-1].append(_judge_row(tools, task, only, f"{number}/{index}", ends, stop))
    return _together(parts)


def _judge_row(
    tools: Bench, task: Task, only: Chunk, place: str, ends: dict[str, int], stop: threading.Event
) -> ChunkResult:
    if ends.get(place, 0) < MOST_ENDS:
        _note(tools, task, place, ends)
        try:
            return tools.pool.judge(task.order, task.columns, only, stop)
        except Stopped:
            raise
        except Exception as error:
            ends[place] = ends.get(place, 0) + 1
            _note(tools, task, None, ends)
            if ends[place] < MOST_ENDS:
                raise
            log.exception("a row broke its sandbox again", row=place)
            why = f"its sandbox failed {MOST_ENDS + 1} times, the last time with: {error}"
    else:
        why = f"{MOST_ENDS + 1} workers ended or were lost while they judged it"
    if sum(count >= MOST_ENDS for count in ends.values()) > MOST_POISON:
        raise TooManyEnds(f"more than {MOST_POISON} rows of the chunk ended their workers")
    log.error("a row is given up", row=place, reason=why)
    return not_judged(task.order, task.columns, only, worker=tools.worker, why=why)


def _note(tools: Bench, task: Task, place: str | None, ends: dict[str, int]) -> None:
    patiently(lambda: tools.ledger.note_row(task, place, ends), tools.shutdown)


def _together(parts: Sequence[Sequence[ChunkResult]]) -> ChunkResult:
    """One result out of one for each row, part by part."""
    rows = [result for part in parts for result in part]
    return ChunkResult(
        parts=[
            PartResult(
                rows=[row for result in part for row in result.parts[0].rows],
                tests=[_column(said) for said in zip(*(result.parts[0].tests for result in part), strict=True)],
            )
            for part in parts
        ],
        executed=sum(result.executed for result in rows),
        cpu_seconds=sum(result.cpu_seconds for result in rows),
        wall_seconds=sum(result.wall_seconds for result in rows),
        worker=rows[0].worker,
    )


def _column(said: Sequence[ColumnReport]) -> ColumnReport:
    """What all rows taught of one test."""
    ran = [report for report in said if report.status is not SourceStatus.NOT_RUN]
    if not ran:
        return said[0]
    used = {report.used for report in ran} - {None}
    return ran[0].model_copy(update={"used": None if not used else True in used})

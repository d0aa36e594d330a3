"""Plays a worker of the service's tests: the real steps in Redis, with verdicts made up instead of a sandbox.

The verdict of a cell is the letter that the solution's text names for it: the solution `PF` gets P from the first test
and F from the second; the last letter counts for all further tests, and no letter at all is an E.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer

from crossjudge.contracts import (
    CellDetail,
    ChunkResult,
    ColumnReport,
    Part,
    PartResult,
    RowResult,
    SourceReport,
    SourceStatus,
    Verdict,
)
from crossjudge.contracts.queue import WORKER_INFO, WORKERS, SandboxName, WorkerInfo
from crossjudge.worker.commit import Ledger, Task
from crossjudge.worker.lanes import Lanes

LETTERS = frozenset(Verdict) - {Verdict.SKIPPED}  # no worker skips what it was asked for


class PlayedWorker:
    """Judges one chunk at a time, when told to."""

    def __init__(self, url: str) -> None:
        self.redis = Redis.from_url(url)
        self.ledger = Ledger(self.redis)
        self.lanes = Lanes(self.redis)
        self.name = "played"

    def close(self) -> None:
        self.redis.close()

    def show_up(self, sandbox: SandboxName = "nsjail", held_back: str | None = None) -> None:
        """Be seen as alive."""
        info = WorkerInfo(
            name=self.name, host="here", pid=1, version="0", jails=1, sandbox=sandbox, held_back=held_back
        )
        self.redis.hset(WORKER_INFO, self.name, info.model_dump_json())
        self.redis.zadd(WORKERS, {self.name: time.time()})

    def take(self) -> Task | None:
        """Start the next chunk that still needs judging; none where the queue is empty."""
        while (delivered := self.lanes.take()) is not None:
            job = Job.fetch(delivered.job, connection=self.redis, serializer=JSONSerializer)
            job.delete(remove_from_queue=False)
            if (task := self.ledger.start(*job.args)) is not None:
                return task
        return None

    def finish(self, task: Task) -> bool:
        return self.ledger.commit(task, judged(task))

    def work(self) -> int:
        """Judge all that is queued; how many chunks that was."""
        count = 0
        while (task := self.take()) is not None:
            self.finish(task)
            count += 1
        return count

    @contextmanager
    def working(self) -> Iterator[None]:
        """Judge whatever comes, in a thread, while the block runs."""
        stop = threading.Event()

        def body() -> None:
            while not stop.is_set():
                self.show_up()
                if not self.work():
                    stop.wait(0.01)

        thread = threading.Thread(target=body, name="played-worker")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(10)


def letter(solution: str, column: int) -> str:
    letters = [char for char in solution if char in LETTERS] or ["E"]
    return letters[min(column, len(letters) - 1)]


def judged(task: Task) -> ChunkResult:
    """A result of the right shape, with all details whatever the order asked."""
    parts = [judged_part(part, len(task.columns[part.problem].tests)) for part in task.chunk.parts]
    executed = sum(letter != Verdict.SKIPPED for part in parts for row in part.rows for letter in row.verdicts)
    return ChunkResult(parts=parts, executed=executed, cpu_seconds=0.01 * executed, worker="played")


def judged_part(part: Part, width: int) -> PartResult:
    rows: list[RowResult] = []
    for row in part.rows:
        asked = set(range(width)) if row.columns is None else set(row.columns)
        verdicts = "".join(letter(row.solution, column) if column in asked else "S" for column in range(width))
        cells = [
            CellDetail(message=f"message {v}", cpu_ms=1.5, wall_ms=2.5, stdout="said", output=f"{row.solution!r}:{c}")
            if c in asked else CellDetail()
            for c, v in enumerate(verdicts)
        ]  # fmt: skip
        rows.append(RowResult(verdicts=verdicts, solution=SourceReport(status=SourceStatus.OK), cells=cells))
    used = {column for row in part.rows for column in (range(width) if row.columns is None else row.columns)}
    tests = [
        ColumnReport(status=SourceStatus.OK, used=True) if column in used else ColumnReport(status=SourceStatus.NOT_RUN)
        for column in range(width)
    ]
    return PartResult(rows=rows, tests=tests)

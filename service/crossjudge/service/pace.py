"""How many cells go into one chunk: a fraction of a second's, and few enough for all workers. Pure but for `read`."""

import math
from dataclasses import dataclass

from redis import Redis

from crossjudge.contracts import Batch
from crossjudge.contracts.queue import WORKER_SILENT_SECONDS, WORKERS, run_usage_key

from .lanes import waiting_now

_CHUNK_MS_A_WORKER = 125.0
_SHORTEST_CHUNK_MS, _LONGEST_CHUNK_MS = 250.0, 1000.0
"""Who comes while all workers are busy waits for the first that has done: the more there are, the longer chunks may be,
and the fewer of them Redis has to carry."""

_NEW_CELL_MS = 3.0
"""What a cell takes of which nothing is known: its fork, its start, its end, and next to nothing else."""

_BESIDE_MS, _MOST_BESIDE_MS = 0.5, 3.0
"""What a cell needs beside its own CPU time: this, and as much again as that, up to what a process of its own takes."""

_ENOUGH_CELLS = 100
"""Judged cells of a run from which its mean says something."""

_FEWEST_CELLS = 16
"""A chunk costs some milliseconds by itself, so the smallest are not made smaller for the sake of idle workers."""


@dataclass(frozen=True)
class Pace:
    """What is known before a batch is split."""

    cell_cpu_ms: float = 0.0
    """Mean CPU time of the run's cells so far; 0 where too few are known."""

    workers: int = 1
    """Worker processes that are alive."""

    waiting: int = 0
    """Chunks that no worker has begun."""

    @property
    def cell_ms(self) -> float:
        """About how long a worker is busy with a cell."""
        if not self.cell_cpu_ms:
            return _NEW_CELL_MS
        return self.cell_cpu_ms + min(_BESIDE_MS + self.cell_cpu_ms, _MOST_BESIDE_MS)

    @property
    def chunk_ms(self) -> float:
        """How long a worker is to be busy with a chunk."""
        return max(_SHORTEST_CHUNK_MS, min(_CHUNK_MS_A_WORKER * self.workers, _LONGEST_CHUNK_MS))

    def chunk_cells(self, batch: Batch, most: int) -> int:
        """Cells of one chunk of this batch: `chunk_ms` of them, but no more than leaves each worker two chunks.

        Where the workers have enough to do without it, it is not cut up for their sake: each chunk of a problem has
        its tests compiled anew.
        """
        workers = max(1, self.workers)  # where there is none yet, one is about to come
        cells = min(most, math.ceil(self.chunk_ms / self.cell_ms))
        if self.waiting < workers:
            share = math.ceil(asked_at_most(batch) / (2 * workers))
            cells = min(cells, max(_FEWEST_CELLS, share))
        return max(1, cells)


def asked_at_most(batch: Batch) -> int:
    """Cells of a batch, equal ones and double mentions counted."""
    return sum(len(p.solutions) * len(p.tests) if p.pairs is None else len(p.pairs) for p in batch.problems)


def read(connection: Redis, scope: str) -> Pace:
    """The pace of a run so far; that of cells which do nothing for a run that is new."""
    seconds, micros = connection.time()
    with connection.pipeline(transaction=False) as pipe:
        pipe.hmget(run_usage_key(scope), ["executed", "cpu_ms"])
        pipe.zcount(WORKERS, seconds + micros / 1e6 - WORKER_SILENT_SECONDS, "+inf")
        usage, workers = pipe.execute()
    executed, cpu_ms = (int(value or 0) for value in usage)
    chunks = sum(each.chunks for each in waiting_now(connection))
    return Pace(cpu_ms / executed if executed >= _ENOUGH_CELLS else 0.0, workers, chunks)

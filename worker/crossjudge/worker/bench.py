"""What a job needs of the process that runs it. RQ calls jobs by dotted name, with ids alone, so one variable holds it.

The worker's main sets it up once, before it takes work. A job that runs in a process without it fails loudly.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from crossjudge.contracts import Chunk, ChunkResult, Columns, Order

from .commit import Ledger
from .errors import NotPrepared
from .leases import LeaseKeeper
from .shutdown import Shutdown


class Judge(Protocol):
    """What a job needs of a pool of jails."""

    def judge(
        self, order: Order, columns: Mapping[int, Columns], chunk: Chunk, stop: threading.Event
    ) -> ChunkResult: ...


@dataclass(frozen=True)
class Bench:
    """The tools of one worker process."""

    worker: str
    pool: Judge
    ledger: Ledger
    leases: LeaseKeeper
    shutdown: Shutdown


_bench: Bench | None = None


def set_up(bench: Bench | None) -> None:
    """Say what the jobs of this process work with; None takes it away."""
    global _bench
    _bench = bench


def bench() -> Bench:
    """Raises `NotPrepared` where no worker has been set up in this process."""
    if _bench is None:
        raise NotPrepared("no worker is set up in this process: jobs run under `crossjudge worker`, not `rq worker`")
    return _bench

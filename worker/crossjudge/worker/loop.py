"""One worker process: an RQ worker that takes chunks one after the other, until it is asked to end.

`ChunkWorker` is RQ's `SimpleWorker` with a loop of its own, because RQ's ends the worker when Redis goes away, waits up
to minutes for a job without looking up, and may drop the job at hand when a signal comes at the wrong moment.
"""

import signal
import uuid
from collections.abc import Callable
from types import FrameType
from typing import Protocol

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout, DeserializationError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty

from crossjudge.contracts.queue import QUEUE

from . import bench
from .cache.cached_pool import CachedPool, Observer
from .cache.claims import Claims
from .cache.runtime import runtime_digest
from .cache.shelf import Shelf
from .commit import Ledger
from .jobs import judge_chunk
from .leases import LeaseKeeper
from .patience import connect, pauses
from .registry import describe
from .settings import WorkerSettings
from .shutdown import Shutdown
from .strays import Strays
from .walls.none import WARNING

log = structlog.get_logger(__name__)

OURS = f"{judge_chunk.__module__}.{judge_chunk.__qualname__}"
"""The one function that we run. RQ itself would run whatever function a job names."""

LOOK_UP_S = 1
"""How long to wait for a job before looking whether to end. RQ takes whole seconds."""


class NoDeathPenalty(BaseDeathPenalty):
    """In place of RQ's alarm signal: the jails keep the time, and a chunk has none of its own."""

    def setup_death_penalty(self) -> None:
        pass

    def cancel_death_penalty(self) -> None:
        pass


class ChunkWorker(SimpleWorker):
    """An RQ worker on our queue. Lives as long as its connection: when Redis goes away, `serve` raises `RedisError`."""

    death_penalty_class = NoDeathPenalty

    def __init__(self, redis: Redis, ledger: Ledger, name: str) -> None:
        # A life has a name of its own: RQ refuses one that still stands in Redis from before the connection was lost.
        unique = f"{name}.{uuid.uuid4().hex[:8]}"
        super().__init__([QUEUE], unique, connection=redis, serializer=JSONSerializer, log_job_description=False)
        self._ledger = ledger
        self._strays = Strays(redis)

    def subscribe(self) -> None:
        """No thread that listens for commands: signals end us, and a batch is cancelled through its own status."""

    def serve(self, shutdown: Shutdown, *, burst: bool) -> None:
        """Take and run jobs until asked to end; with `burst`, until the queue is empty."""
        self.bootstrap(logging_level=None)
        try:
            while not shutdown.draining.is_set():
                if self.should_run_maintenance_tasks:
                    self.run_maintenance_tasks()  # type: ignore[no-untyped-call]  # so it is in RQ
                delivered = self._next(None if burst else LOOK_UP_S)
                if delivered and shutdown.draining.is_set():  # it came while we were asked to end
                    self._strays.put_back(delivered[0].id)
                elif delivered:
                    self._run(*delivered)
                elif burst:
                    return
        finally:
            self.teardown()  # type: ignore[no-untyped-call]  # so it is in RQ

    def _next(self, timeout: int | None) -> tuple[Job, Queue] | None:
        self.heartbeat()
        try:
            return self.queue_class.dequeue_any(
                self.queues,
                timeout,
                connection=self.connection,
                job_class=self.job_class,
                serializer=self.serializer,
                death_penalty_class=self.death_penalty_class,
            )
        except DequeueTimeout:
            return None

    def _run(self, job: Job, queue: Queue) -> None:
        chunk = _chunk_of(job)
        if chunk is None:
            log.error("refused a job that is not ours", job=job.id)
            queue.intermediate_queue.remove(job.id)
            job.delete()
            return
        self._ledger.lease(*chunk)
        self.execute_job(job, queue)  # the job leaves RQ's intermediate list in here


def _chunk_of(job: Job) -> tuple[str, int] | None:
    try:
        if job.func_name != OURS:
            return None
        batch, index = job.args
    except (DeserializationError, ValueError, TypeError):
        return None
    return (batch, index) if isinstance(batch, str) and isinstance(index, int) else None


class Pool(bench.Judge, Observer, Protocol):
    """What the worker needs of its jails."""

    @property
    def jail_starts(self) -> int: ...

    def start(self) -> None: ...

    def close(self) -> None: ...


def run_worker(settings: WorkerSettings, pool: Pool, name: str, *, burst: bool, ready: Callable[[], None]) -> None:
    """Be one worker process until asked to end. Calls `ready` once its jails stand.

    Raises `JailError` where they cannot, and then has taken no work.
    """
    shutdown = Shutdown()
    claims = Claims(connect(settings.redis_url))
    info = describe(name, settings.jails, settings.sandbox)
    pulse = connect(settings.redis_url)
    leases = LeaseKeeper(pulse, info, claims=claims, jail_starts=lambda: pool.jail_starts)
    _handle_signals(shutdown, leases)
    try:
        pool.start()
        ready()
        redis = connect(settings.redis_url)
        ledger = Ledger(redis)
        bench.set_up(bench.Bench(name, _with_cache(pool, settings, claims), ledger, leases, shutdown))
        leases.start()
        log.info("worker started", worker=name, jails=settings.jails, sandbox=settings.sandbox)
        if settings.sandbox == "none":
            log.warning(WARNING, worker=name)
        _work(redis, ledger, name, shutdown, burst=burst)
        log.info("worker ended", worker=name)
    finally:
        leases.close()
        pool.close()


def _with_cache(pool: Pool, settings: WorkerSettings, claims: Claims) -> bench.Judge:
    if settings.cache_mb == 0:
        return pool
    most_bytes, keep_seconds = settings.cache_mb << 20, settings.cache_days * 86_400
    shelf = Shelf(connect(settings.redis_url), most_bytes=most_bytes, keep_seconds=keep_seconds)
    return CachedPool(pool, shelf, claims, runtime_digest(settings))


def _work(redis: Redis, ledger: Ledger, name: str, shutdown: Shutdown, *, burst: bool) -> None:
    next_pause = pauses()
    is_away = False
    while not shutdown.draining.is_set():
        try:
            worker = ChunkWorker(redis, ledger, name)
            if is_away:
                log.info("redis is back", worker=name)
            next_pause, is_away = pauses(), False
            worker.serve(shutdown, burst=burst)
        except RedisError as error:
            if not is_away and not shutdown.draining.is_set():
                log.warning("redis does not answer, waiting for it", worker=name, error=str(error))
            is_away = True
            shutdown.draining.wait(next_pause())
        else:
            return


def _handle_signals(shutdown: Shutdown, leases: LeaseKeeper) -> None:
    """SIGTERM asks to end. SIGINT is left to the supervisor: a terminal sends it to all of us at once."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        shutdown.request()
        if shutdown.abandoned.is_set():
            leases.stop_all()

    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, signal.SIG_IGN)

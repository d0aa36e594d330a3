"""One worker process: an RQ worker that takes chunks one after the other, until it is asked to end.

`ChunkWorker` is RQ's `SimpleWorker` with a loop of its own, because RQ's ends the worker when Redis goes away, waits up
to minutes for a job without looking up, may drop the job at hand when a signal comes at the wrong moment, and empties
one queue before it looks at the next.
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
from rq.exceptions import DeserializationError, NoSuchJobError
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
from .compatibility import Compatibility
from .jobs import judge_chunk
from .lanes import Delivered, Lanes
from .leases import LeaseKeeper
from .patience import connect, pauses
from .registry import describe
from .settings import WorkerSettings
from .shutdown import Shutdown
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
    """An RQ worker on all our queues. Lives as long as its connection: `serve` raises `RedisError` when that breaks."""

    death_penalty_class = NoDeathPenalty

    def __init__(self, redis: Redis, ledger: Ledger, name: str, compatibility: Compatibility) -> None:
        # A life has a name of its own: RQ refuses one that still stands in Redis from before the connection was lost.
        unique = f"{name}.{uuid.uuid4().hex[:8]}"
        super().__init__([QUEUE], unique, connection=redis, serializer=JSONSerializer, log_job_description=False)
        self._ledger = ledger
        self._compatibility = compatibility
        self._lanes = Lanes(redis)

    def subscribe(self) -> None:
        """No thread that listens for commands: signals end us, and a batch is cancelled through its own status."""

    def serve(self, shutdown: Shutdown, *, burst: bool) -> None:
        """Take and run jobs until asked to end; with `burst`, until the queues are empty."""
        self.bootstrap(logging_level=None)
        try:
            while not shutdown.draining.is_set():
                self._look_after_rq()
                if not self._compatibility.holds(self.connection):
                    if burst:
                        return
                    shutdown.draining.wait(LOOK_UP_S)
                elif delivered := self._lanes.take():
                    self._run(delivered)
                elif burst:
                    return
                else:
                    self._lanes.wait(LOOK_UP_S)
        finally:
            self.teardown()  # type: ignore[no-untyped-call]  # so it is in RQ

    def _look_after_rq(self) -> None:
        """Say to RQ that we are alive; now and then tidy up what killed workers, and runs that are over, left there."""
        self.heartbeat()
        if not self.should_run_maintenance_tasks:
            return
        known, registered = Queue.all(connection=self.connection, serializer=self.serializer), self.queues
        self.queues = [queue for queue in known if queue.name.startswith(f"{QUEUE}:")]
        self.run_maintenance_tasks()  # type: ignore[no-untyped-call]  # so it is in RQ
        ours, self.queues = self.queues, registered  # it signs off as it has signed on
        for queue in ours:
            registries = (queue.started_job_registry, queue.failed_job_registry)
            if not self.connection.exists(queue.key, *(registry.key for registry in registries)):
                self.connection.srem(Queue.redis_queues_keys, queue.key)

    def _run(self, delivered: Delivered) -> None:
        queue = Queue(delivered.queue, connection=self.connection, serializer=self.serializer)
        try:
            job = Job.fetch(delivered.job, connection=self.connection, serializer=self.serializer)
        except NoSuchJobError:
            log.error("a queued job is gone", job=delivered.job)
            return
        if not _is_ours(job):
            log.error("refused a job that is not ours", job=job.id)
            job.delete()
            return
        self.execute_job(job, queue)


def _is_ours(job: Job) -> bool:
    try:
        if job.func_name != OURS:
            return False
        batch, index = job.args
    except (DeserializationError, ValueError, TypeError):
        return False
    return isinstance(batch, str) and isinstance(index, int)


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
    compatibility = Compatibility()
    info = describe(name, settings.jails, settings.sandbox)
    leases = LeaseKeeper(
        connect(settings.redis_url), info,
        claims=claims, compatibility=compatibility, jail_starts=lambda: pool.jail_starts,
    )  # fmt: skip
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
        _work(redis, ledger, name, shutdown, compatibility, burst=burst)
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


def _work(
    redis: Redis, ledger: Ledger, name: str, shutdown: Shutdown, compatibility: Compatibility, *, burst: bool
) -> None:
    next_pause = pauses()
    is_away = False
    while not shutdown.draining.is_set():
        try:
            worker = ChunkWorker(redis, ledger, name, compatibility)
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

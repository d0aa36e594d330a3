"""Writes a batch and its jobs to Redis: whole or not at all. Synchronous, as RQ is; called in a thread.

The payloads go first, in pieces and with a time to live, so that a crash in between leaves nothing for ever. Then one
transaction makes them lasting, makes the batch known, remembers its Idempotency-Key and enqueues its jobs.
"""

import hashlib
from collections.abc import Iterable, Iterator

from redis import Redis, WatchError
from redis.client import Pipeline

from crossjudge.contracts import BatchState, dump_json
from crossjudge.contracts.queue import (
    BATCHES,
    EVENTS,
    MOST_KNOWN,
    RUNS,
    BatchField,
    Event,
    batch_key,
    batches_key,
    chunks_key,
    columns_key,
    known_batches_key,
    open_batches_key,
    open_member,
    run_batches_key,
    run_usage_key,
)

from .errors import KeyReused, QueueFull
from .lanes import Lane, chunk_job, put, seconds_to_take, set_share
from .pace import Pace, read
from .settings import ServiceSettings
from .split import Plan

OPEN = "crossjudge:open"
"""Sorted set of the ids of batches that may not be final yet, scored like `BATCHES`; the reaper keeps it tidy."""

_Fields = dict[str | bytes | bytearray | memoryview | int | float, str | int | bytes]
_PIECE_BYTES = 2**20
_PAYLOAD_TTL = 600


def idempotency_key(tenant: str, key: str) -> str:
    """Where it is remembered for which of the tenant's batches an Idempotency-Key stands."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"crossjudge:idempotency:{tenant}:{digest}" if tenant else f"crossjudge:idempotency:{digest}"


class Acceptor:
    """Takes batches in."""

    def __init__(self, connection: Redis, settings: ServiceSettings) -> None:
        self._connection = connection
        self._settings = settings

    def pace(self, scope: str) -> Pace:
        """What is known of the run and the workers, to split a batch well."""
        return read(self._connection, scope)

    def earlier(self, tenant: str, key: str | None, body_digest: str) -> str | None:
        """The tenant's batch that the key stands for already; none where it is new or its batch is gone.

        Raises `KeyReused` where the key came with another body.
        """
        if key is None or not (noted := self._connection.get(idempotency_key(tenant, key))):
            return None
        return self._checked(noted, body_digest)

    def accept(
        self, batch: str, created_at: float, plan: Plan, lane: Lane, waiting: int, key: str | None, body_digest: str
    ) -> str:
        """Take the batch in; the id of the one that it is, which is an earlier one where the key stands for that.

        `waiting` chunks were queued before it. Raises `QueueFull` where these are too many, and `KeyReused`.
        """
        if plan.chunks:
            self._refuse_when_full(waiting, len(plan.chunks))
            self._write_payloads(batch, plan)
        guard = batch_key(batch) if key is None else idempotency_key(lane.tenant, key)
        while True:
            with self._connection.pipeline() as pipe:
                # Watching also keeps redis-py from sending a transaction twice when the connection breaks.
                pipe.watch(guard)  # type: ignore[no-untyped-call]  # redis-py has no types here
                noted = pipe.get(guard) if key is not None else None
                if key is not None and noted and (first := self._checked(noted, body_digest)):
                    self._connection.delete(columns_key(batch), chunks_key(batch))
                    return first
                pipe.multi()
                if key is not None:
                    note = f"{batch} {body_digest}"
                    pipe.set(guard, note, ex=max(self._settings.idempotency_seconds, self._settings.retention_seconds))
                self._write_batch(pipe, batch, created_at, plan, lane)
                try:
                    pipe.execute()
                except WatchError:
                    continue
                return batch

    def _checked(self, noted: bytes | str, body_digest: str) -> str | None:
        first, digest = (noted.decode("ascii") if isinstance(noted, bytes) else noted).split(" ")
        if not self._connection.exists(batch_key(first)):
            return None
        if digest != body_digest:
            raise KeyReused("this Idempotency-Key came with another body before: use a new key for a new batch")
        return first

    def _refuse_when_full(self, waiting: int, chunks: int) -> None:
        most = self._settings.max_queued_chunks
        if waiting >= most:
            seconds = seconds_to_take(self._connection, waiting - most + chunks)
            raise QueueFull(
                f"{waiting:,} chunks of work wait already, and {most:,} are the most: there should be room for this "
                f"batch in about {seconds} s",
                headers={"Retry-After": str(seconds)},
            )

    def _write_payloads(self, batch: str, plan: Plan) -> None:
        for key, fields in ((columns_key(batch), plan.columns.items()), (chunks_key(batch), enumerate(plan.chunks))):
            for piece in _pieces(fields):
                with self._connection.pipeline(transaction=False) as pipe:
                    pipe.hset(key, mapping=piece)
                    pipe.expire(key, _PAYLOAD_TTL)
                    pipe.execute()

    def _write_batch(self, pipe: Pipeline, batch: str, created_at: float, plan: Plan, lane: Lane) -> None:
        fields, scope = self._fields(created_at, plan, lane), lane.scope
        pipe.hset(batch_key(batch), mapping=dict(fields))
        pipe.zadd(BATCHES, {batch: created_at})
        pipe.zadd(RUNS, {scope: created_at}, gt=True)
        pipe.zadd(batches_key(lane.tenant), {batch: created_at})
        pipe.zadd(run_batches_key(scope), {batch: created_at})
        pipe.zadd(known_batches_key(lane.tenant), {batch: created_at})
        pipe.zremrangebyrank(known_batches_key(lane.tenant), 0, -MOST_KNOWN - 1)
        pipe.hincrby(run_usage_key(scope), "batches", 1)
        pipe.hincrby(run_usage_key(scope), "cells", plan.cells_total)
        if lane.tenant:
            pipe.zadd(open_batches_key(lane.tenant), {open_member(batch, plan.cells_total): 0})
        set_share(pipe, lane)
        if not plan.chunks:
            pipe.expire(batch_key(batch), self._settings.retention_seconds)
            return
        pipe.zadd(OPEN, {batch: created_at})
        pipe.persist(columns_key(batch))
        pipe.persist(chunks_key(batch))
        put(pipe, self._connection, lane, [chunk_job(batch, chunk) for chunk in range(len(plan.chunks))])
        event = Event(batch=batch, status=BatchState.QUEUED, total=plan.cells_total, done=plan.cells_done)
        pipe.publish(EVENTS, dump_json(event))

    def _fields(self, created_at: float, plan: Plan, lane: Lane) -> _Fields:
        fields: _Fields = {
            BatchField.TENANT: lane.tenant,
            BatchField.RUN: lane.run,
            BatchField.PRIORITY: lane.priority,
            BatchField.ORDER: dump_json(plan.order),
            BatchField.LAYOUT: plan.layout,
            BatchField.STATUS: BatchState.QUEUED if plan.chunks else BatchState.DONE,
            BatchField.CREATED_AT: f"{created_at:.3f}",
            BatchField.CELLS_TOTAL: plan.cells_total,
            BatchField.CELLS_DONE: plan.cells_done,
            BatchField.EXECUTED: 0,
            BatchField.CACHED: 0,
            BatchField.CHUNKS_TOTAL: len(plan.chunks),
            BatchField.CHUNKS_DONE: 0,
            BatchField.RETENTION: self._settings.retention_seconds,
        }
        if not plan.chunks:  # nothing of it needs a worker
            fields |= {BatchField.STARTED_AT: f"{created_at:.3f}", BatchField.FINISHED_AT: f"{created_at:.3f}"}
        return fields


def _pieces(fields: Iterable[tuple[int, bytes]]) -> Iterator[_Fields]:
    """Fields in pieces of about a MiB, so that no single command keeps Redis busy for long."""
    piece: _Fields = {}
    size = 0
    for name, value in fields:
        piece[name] = value
        size += len(value)
        if size >= _PIECE_BYTES:
            yield piece
            piece, size = {}, 0
    if piece:
        yield piece

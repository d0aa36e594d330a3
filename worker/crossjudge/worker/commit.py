"""The steps of a chunk's life in Redis, each atomic: start it, hand in its result, let go of it. Knows no sandbox.

Every step is one Lua script or one transaction, so a worker may die between any two of them and a chunk may be
delivered twice: a result counts once, and what is let go of is either queued again or still leased.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from crossjudge.contracts import Chunk, ChunkResult, Columns, Order, Priority, Verdict, load_json, pack
from crossjudge.contracts.queue import (
    EVENTS,
    JOB,
    LEASE_SECONDS,
    LEASES,
    PRIORITIES,
    BatchField,
    attempts_key,
    batch_key,
    batch_keys,
    chunks_key,
    columns_key,
    lease_member,
    queue_name,
    results_key,
    run_usage_key,
    scope_of,
)
from crossjudge.contracts.stats import TOTALS, TotalsField

from .counting import ADD_TO_STATISTICS, sums
from .errors import Unreadable
from .lanes import put

FAILURE_KEPT_S = 3600
"""How long RQ keeps a job that failed for reasons of its own; for a person to look at, nothing reads it."""

_PREAMBLE = """
local function now()
  local time = redis.call('TIME')
  return time[1] + time[2] / 1e6
end
local function stamp(seconds) return string.format('%.6f', seconds) end
local function is_open(batch)
  local status = redis.call('HGET', batch, 'status')
  return status == 'queued' or status == 'running'
end
local function publish(channel, batch, id)
  local fields = redis.call('HMGET', batch, 'status', 'cells_total', 'cells_done')
  redis.call('PUBLISH', channel, cjson.encode({
    batch = id, status = fields[1], total = tonumber(fields[2] or 0), done = tonumber(fields[3] or 0)}))
end
local function finish(batch, status, kept)
  redis.call('HSET', batch, 'status', status, 'finished_at', stamp(now()))
  local retention = tonumber(redis.call('HGET', batch, 'retention') or 0)
  if retention > 0 then
    for _, key in ipairs(kept) do redis.call('EXPIRE', key, math.ceil(retention)) end
  end
end
"""

# KEYS: batch, results, attempts, leases, the run's usage. ARGV: chunk, lease member, lease seconds, channel, batch id.
# Answers which attempt this is, or nil where there is nothing to do any more.
_START = (
    _PREAMBLE
    + """
if not is_open(KEYS[1]) or redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then
  redis.call('ZREM', KEYS[4], ARGV[2])
  return false
end
local at = now()
redis.call('ZADD', KEYS[4], stamp(at + ARGV[3]), ARGV[2])
if redis.call('HGET', KEYS[1], 'status') == 'queued' then
  redis.call('HSET', KEYS[1], 'status', 'running', 'started_at', stamp(at))
  local created = tonumber(redis.call('HGET', KEYS[1], 'created_at') or at)
  redis.call('HINCRBY', KEYS[5], 'started', 1)
  redis.call('HINCRBY', KEYS[5], 'wait_ms', math.max(0, math.floor((at - created) * 1000)))
  publish(ARGV[4], KEYS[1], ARGV[5])
end
return redis.call('HINCRBY', KEYS[3], ARGV[1], 1)
"""
)

# KEYS: leases, the run's usage, then all keys of the batch (its hash first, its results fourth).
# ARGV: chunk, lease member, result, cells, executed, cached, CPU ms, channel, batch id, what it adds to the statistics.
# Answers 1 if it counted.
_COMMIT = (
    _PREAMBLE
    + ADD_TO_STATISTICS
    + """
local leases, usage, batch, results = KEYS[1], KEYS[2], KEYS[3], KEYS[6]
redis.call('ZREM', leases, ARGV[2])
if not is_open(batch) or redis.call('HSETNX', results, ARGV[1], ARGV[3]) == 0 then return 0 end
redis.call('HINCRBY', batch, 'cells_done', ARGV[4])
redis.call('HINCRBY', batch, 'executed', ARGV[5])
redis.call('HINCRBY', batch, 'cached', ARGV[6])
redis.call('HINCRBY', usage, 'executed', ARGV[5])
redis.call('HINCRBY', usage, 'cached', ARGV[6])
redis.call('HINCRBY', usage, 'cpu_ms', ARGV[7])
add_to_statistics(ARGV[10], now())
local done = redis.call('HINCRBY', batch, 'chunks_done', 1)
if done == tonumber(redis.call('HGET', batch, 'chunks_total')) then finish(batch, 'done', {unpack(KEYS, 3)}) end
publish(ARGV[8], batch, ARGV[9])
return 1
"""
)

# KEYS: leases, then all keys of the batch. ARGV: lease member, what went wrong, channel, batch id.
_FAIL = (
    _PREAMBLE
    + """
redis.call('ZREM', KEYS[1], ARGV[1])
if not is_open(KEYS[2]) then return 0 end
redis.call('HSET', KEYS[2], 'error', ARGV[2])
finish(KEYS[2], 'failed', {unpack(KEYS, 2)})
publish(ARGV[3], KEYS[2], ARGV[4])
return 1
"""
)


@dataclass(frozen=True)
class Task:
    """One delivery of a chunk, and all that judging it takes. `attempt` counts from 1."""

    batch: str
    index: int
    attempt: int
    order: Order
    columns: dict[int, Columns]
    """The tests of each problem that the chunk has rows of."""
    chunk: Chunk
    scope: str
    """The run, of its tenant."""
    queue: str
    """The RQ queue that it goes back to where it is not judged."""


class Ledger:
    """The chunk's steps, over one connection."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._start = redis.register_script(_START)
        self._commit = redis.register_script(_COMMIT)
        self._fail = redis.register_script(_FAIL)

    def start(self, batch: str, index: int) -> Task | None:
        """Count the attempt, take the lease, and read what is to be judged; None where nothing is to be done any more.

        Raises `Unreadable`.
        """
        names = [BatchField.TENANT, BatchField.RUN, BatchField.PRIORITY, BatchField.ORDER]
        tenant, run, priority, order = cast(list[bytes | None], self._redis.hmget(batch_key(batch), names))
        scope = scope_of((tenant or b"").decode(), (run or b"").decode())
        keys = [batch_key(batch), results_key(batch), attempts_key(batch), LEASES, run_usage_key(scope)]
        attempt = self._start(keys, [index, lease_member(batch, index), LEASE_SECONDS, EVENTS, batch])
        if attempt is None:
            return None
        if attempt > 1:
            self._redis.hincrby(TOTALS, TotalsField.REDELIVERED, 1)
        raw_chunk = self._redis.hget(chunks_key(batch), str(index))
        try:
            chunk = Chunk.model_validate(_document(raw_chunk, f"chunk {index}"))
            columns = self._columns_of(batch, [part.problem for part in chunk.parts])
            how = Order.model_validate(_document(order, "the order"))
            queue = queue_name(scope, _priority(priority))
            return Task(batch, index, attempt, how, columns, chunk, scope, queue)
        except ValidationError as error:
            raise Unreadable(f"chunk {index} is not in this worker's format: {error}") from error

    def _columns_of(self, batch: str, problems: list[int]) -> dict[int, Columns]:
        raw = cast(list[bytes | None], self._redis.hmget(columns_key(batch), [str(problem) for problem in problems]))
        return {
            problem: Columns.model_validate(_document(document, f"the tests of problem {problem}"))
            for problem, document in zip(problems, raw, strict=True)
        }

    def commit(self, task: Task, result: ChunkResult) -> bool:
        """Hand in the result; false where it did not count: another's came first, or the batch is over or gone."""
        failed = sum(row.verdicts.count(Verdict.NOT_JUDGED) for part in result.parts for row in part.rows)
        cached = max(0, task.chunk.cells - result.executed - failed)
        cpu_ms = max(0, round(result.cpu_seconds * 1000))
        keys = [LEASES, run_usage_key(task.scope), *batch_keys(task.batch)]
        member = lease_member(task.batch, task.index)
        counts = [task.chunk.cells, result.executed, cached, cpu_ms]
        said = sums(task.scope, task.columns, task.chunk, result, cached=cached, failed=failed)
        return bool(self._commit(keys, [task.index, member, pack(result), *counts, EVENTS, task.batch, said]))

    def fail(self, batch: str, index: int, error: str) -> None:
        """End the whole batch as failed: for what no other attempt and no other worker would do better."""
        self._fail([LEASES, *batch_keys(batch)], [lease_member(batch, index), error, EVENTS, batch])

    def ends_by_row(self, task: Task) -> dict[str, int]:
        """By the place of a row of the chunk: how often it was under way, alone, when a worker or a sandbox ended."""
        at, ends = (f"{task.index}:{what}" for what in ("at", "ends"))
        under_way, known = cast(list[bytes | None], self._redis.hmget(attempts_key(task.batch), [at, ends]))
        counts: dict[str, int] = load_json(known) if known else {}
        if under_way:
            place = under_way.decode()
            counts[place] = counts.get(place, 0) + 1
            self.note_row(task, None, counts)
        return counts

    def note_row(self, task: Task, place: str | None, ends: dict[str, int]) -> None:
        """Note which row of a chunk is under way alone, and what `ends_by_row` is to say."""
        at, known = (f"{task.index}:{what}" for what in ("at", "ends"))
        self._redis.hset(attempts_key(task.batch), items=[at, place or "", known, json.dumps(ends)])

    def release(self, task: Task) -> None:
        """Let go of a chunk that nobody wants any more."""
        self._redis.zrem(LEASES, lease_member(task.batch, task.index))

    def requeue(self, task: Task, *, at_front: bool = False, count_attempt: bool = True) -> None:
        """Let go of the chunk and queue it again, in one step."""
        with self._redis.pipeline() as pipe:
            queue = Queue(task.queue, connection=self._redis, serializer=JSONSerializer)
            enqueue(queue, task.batch, task.index, pipe=pipe, at_front=at_front)  # first: RQ says MULTI itself
            put(pipe, task.scope)
            pipe.zrem(LEASES, lease_member(task.batch, task.index))
            if not count_attempt:
                pipe.hincrby(attempts_key(task.batch), str(task.index), -1)
                pipe.hdel(attempts_key(task.batch), f"{task.index}:at")
            pipe.execute()


def enqueue(queue: Queue, batch: str, index: int, *, pipe: Any, at_front: bool = False) -> None:
    """Queue one chunk, as the service does it. `pipe` is a pipeline of redis-py, whose types RQ and it do not share.

    The job's id names the chunk, for those who look for it, and is new: RQ deletes a job when an earlier one of its id
    ends.
    """
    queue.enqueue_call(
        JOB,
        (batch, index),
        job_id=f"{batch}-{index}-{secrets.token_hex(4)}",
        timeout=-1,
        result_ttl=0,
        failure_ttl=FAILURE_KEPT_S,
        at_front=at_front,
        pipeline=pipe,
    )


def _priority(raw: bytes | None) -> Priority:
    return cast(Priority, raw.decode()) if raw is not None and raw.decode() in PRIORITIES else "normal"


def _document(raw: bytes | str | None, what: str) -> Any:
    if raw is None:
        raise Unreadable(f"{what} is missing in Redis")
    try:
        return load_json(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{what} is not JSON: {error}") from error

"""The queues of all runs, as the service sees them: it puts jobs in and counts what waits. Workers choose the next."""

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from rq import Queue
from rq.queue import EnqueueData
from rq.serializers import JSONSerializer

from crossjudge.contracts import Priority
from crossjudge.contracts.queue import (
    BELL,
    JOB,
    LANE_STATE,
    LANES,
    MOST_RINGS,
    PRIORITIES,
    QUEUE,
    RATE_SECONDS,
    RQ_QUEUE,
    WOKEN,
    lane_key,
    lanes_key,
    queue_name,
    scope_of,
)

_JOB_FAILURE_TTL = 3600
_LONGEST_WAIT_S = 600


@dataclass(frozen=True)
class Lane:
    """Where a batch's chunks are queued, and what share its run has."""

    tenant: str = ""
    run: str = "default"
    priority: Priority = "normal"
    share: float = 1.0
    """The tenant's weight beside other tenants."""
    weight: float = 1.0
    """The run's weight beside the tenant's other runs."""

    @property
    def scope(self) -> str:
        return scope_of(self.tenant, self.run)

    @property
    def queue(self) -> str:
        return queue_name(self.scope, self.priority)


def put(pipe: Any, connection: Redis, lane: Lane, jobs: Sequence[EnqueueData]) -> None:
    """Queue jobs, and let the workers know. `pipe` is a transaction of redis-py, whose types RQ and it do not share."""
    queue = Queue(lane.queue, connection=connection, serializer=JSONSerializer)
    queue.enqueue_many(list(jobs), pipeline=pipe)
    pipe.sadd(WOKEN, lane.scope)
    pipe.rpush(BELL, *[1] * min(len(jobs), MOST_RINGS))
    pipe.ltrim(BELL, 0, MOST_RINGS - 1)


def set_share(pipe: Any, lane: Lane) -> None:
    """Note what share the run, and its tenant, has from now on."""
    for key, weight in ((lane_key(lane.tenant), lane.share), (lane_key(lane.scope), lane.weight)):
        pipe.hset(key, "weight", weight)
        pipe.persist(key)


def chunk_job(batch: str, chunk: int, *, again: bool = False) -> EnqueueData:
    """The job of one chunk. `again` sets a second delivery apart: RQ drops a job when an earlier one of its id ends."""
    job = f"{batch}-{chunk}" + (f"-{secrets.token_hex(4)}" if again else "")
    return Queue.prepare_data(
        JOB, args=[batch, chunk], job_id=job, description=f"{batch}/{chunk}",
        timeout=-1, result_ttl=0, failure_ttl=_JOB_FAILURE_TTL,
    )  # fmt: skip


def job_chunk(job: str) -> tuple[str, int] | None:
    """The batch and the chunk that a job is for; none where the id is not one of ours."""
    batch, _, rest = job.partition("-")
    chunk = rest.partition("-")[0]
    return (batch, int(chunk)) if chunk.isdecimal() else None


# KEYS: lanes, woken. Answers scope, priority and length of each queue that holds something.
_WAITING = f"""
local found, seen = {{}}, {{}}
local sets = {{redis.call('SMEMBERS', KEYS[2])}}
for _, tenant in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  sets[#sets + 1] = redis.call('ZRANGE', '{lanes_key("")}' .. tenant, 0, -1)
end
for _, scopes in ipairs(sets) do
  for _, scope in ipairs(scopes) do
    if not seen[scope] then
      seen[scope] = true
      for _, priority in ipairs({{{", ".join(f"'{priority}'" for priority in PRIORITIES)}}}) do
        local length = redis.call('LLEN', '{RQ_QUEUE}{QUEUE}:' .. priority .. ':' .. scope)
        if length > 0 then found[#found + 1] = {{scope, priority, length}} end
      end
    end
  end
end
return found
"""


@dataclass(frozen=True)
class Waiting:
    """Chunks in one of the queues."""

    scope: str
    priority: Priority
    chunks: int

    @property
    def key(self) -> str:
        """The list in Redis that holds the ids of their jobs."""
        return f"{RQ_QUEUE}{queue_name(self.scope, self.priority)}"


def waiting_now(connection: Redis) -> list[Waiting]:
    """Each queue that holds something."""
    return _read(connection.eval(_WAITING, 2, LANES, WOKEN))


async def waiting(connection: AsyncRedis) -> list[Waiting]:
    """Each queue that holds something."""
    return _read(await connection.eval(_WAITING, 2, LANES, WOKEN))


def seconds_to_take(connection: Redis, chunks: int) -> int:
    """About how long it takes the workers to take so many chunks, going by how many they took of late."""
    (seconds, micros), (rate, rate_at) = connection.time(), connection.hmget(LANE_STATE, ["rate", "rate_at"])
    if not rate or not rate_at:
        return _LONGEST_WAIT_S
    faded = math.exp(min(0.0, (float(rate_at) - seconds - micros / 1e6) / RATE_SECONDS))
    return max(1, min(_LONGEST_WAIT_S, math.ceil(chunks / max(float(rate) * faded, 1e-9))))


def _read(found: Any) -> list[Waiting]:
    return [Waiting(_text(scope), cast(Priority, _text(priority)), int(length)) for scope, priority, length in found]


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw

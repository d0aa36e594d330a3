"""Which chunk is next: the runs share the workers by weight, whatever each has queued. One Lua script decides.

Each run of a tenant (a scope) has a virtual time: the cells that were taken of it, divided by its weight. The scope
that is furthest behind is next, and so none waits for another's queue. Who was away comes back where the others are,
less a small credit: a run that asks now and then is served at once, and over a longer time has no more than its share.
An idle share is used by the others, since only scopes that have something queued are in the race.

A tenant's runs share what the tenant has. A cell counts as one; cells of a run whose mean is heavy count by their CPU
time, else a run of cells that take seconds would have the machine nearly to itself. This is start-time fair queueing
(Goyal, Vin and Cheng 1996) with self-clocked virtual time (Golestani 1994).
"""

from dataclasses import dataclass
from typing import Any, cast

from redis import Redis

from crossjudge.contracts.queue import (
    BELL,
    LANE_STATE,
    LANES,
    LEASE_SECONDS,
    LEASES,
    MOST_RINGS,
    PRIORITIES,
    QUEUE,
    RATE_SECONDS,
    RQ_JOB,
    RQ_QUEUE,
    WOKEN,
    batch_key,
    lane_key,
    run_usage_key,
)

CREDIT_CELLS = 512
"""What a scope that was away may have before those that were not: two matrices of 16 x 16."""

HEAVY_MS = 3.0
"""CPU time up to which a cell counts as one; about what a cell takes that does next to nothing."""

_FORGOTTEN_S = 7 * 86_400
_MOST_SKIPPED = 500
"""Chunks of batches that are over which one look may strike out: a script keeps everybody waiting."""

# KEYS: lanes, woken, what lanes have in common, leases. ARGV: lease seconds, and 1 where only what is owed is wanted.
# Answers the id of a job, whose chunk is then leased, and its queue; an empty id where it is to be asked again at once.
_TAKE = f"""
local lanes, woken, state, leases = unpack(KEYS)
local LANE, USAGE, BATCH = '{lane_key("")}', '{run_usage_key("@")}', '{batch_key("")}'
local virtual = tonumber(redis.call('HGET', state, 'now') or 0)

local function number(key, field, otherwise) return tonumber(redis.call('HGET', key, field) or otherwise) end
local function tenant_of(scope) return string.match(scope, '^[^:]*') end

local function count(scope, weight)
  local field = 'weight:' .. tenant_of(scope)
  local more = weight - number(LANE .. scope, 'counted', 0)
  if more == 0 then return end
  if tonumber(redis.call('HINCRBYFLOAT', state, field, string.format('%.9f', more))) < 1e-6 then
    redis.call('HDEL', state, field)
  end
  redis.call('HSET', LANE .. scope, 'counted', weight)
end

local function share_of(scope)
  local weight = number(LANE .. scope, 'weight', 1)
  count(scope, weight)
  return number(LANE .. scope, 'share', 1) * weight / number(state, 'weight:' .. tenant_of(scope), weight)
end

local function wake(scope)
  if redis.call('ZSCORE', lanes, scope) then return end
  local at = math.max(number(LANE .. scope, 'time', 0), virtual - {CREDIT_CELLS} / share_of(scope))
  redis.call('ZADD', lanes, string.format('%.17g', at), scope)
end

local function sleep(scope, at)
  redis.call('ZREM', lanes, scope)
  count(scope, 0)
  redis.call('HSET', LANE .. scope, 'time', string.format('%.17g', at))
  redis.call('EXPIRE', LANE .. scope, {_FORGOTTEN_S})
end

local skipped = 0
local function pop(queue)
  while skipped < {_MOST_SKIPPED} do
    local job = redis.call('LPOP', queue)
    if not job then return end
    local batch, chunk = string.match(job, '^(b[^-]*)-(%d+)')
    if not batch then return job end
    local fields = redis.call('HMGET', BATCH .. batch, 'status', 'cells_total', 'chunks_total')
    if fields[1] == 'queued' or fields[1] == 'running' then
      return job, batch .. '/' .. chunk, tonumber(fields[2] or 1) / math.max(1, tonumber(fields[3] or 1))
    end
    redis.call('DEL', '{RQ_JOB}' .. job)
    skipped = skipped + 1
  end
end

local function cost(scope, cells)
  local usage = string.gsub(USAGE, '@', function() return scope end)
  local executed = number(usage, 'executed', 0)
  local mean_ms = executed >= 100 and number(usage, 'cpu_ms', 0) / executed or 0
  return math.max(1, cells) * math.max(1, mean_ms / {HEAVY_MS})
end

for _, scope in ipairs(redis.call('SMEMBERS', woken)) do wake(scope) end
redis.call('DEL', woken)
while true do
  local scope, at = unpack(redis.call('ZRANGE', lanes, 0, 0, 'WITHSCORES'))
  if not scope then return false end
  at = tonumber(at)
  if ARGV[2] == '1' and at >= virtual then return false end
  for _, priority in ipairs({{{", ".join(f"'{priority}'" for priority in PRIORITIES)}}}) do
    local queue = '{QUEUE}:' .. priority .. ':' .. scope
    local job, lease, cells = pop('{RQ_QUEUE}' .. queue)
    if job then
      if lease then
        local now = redis.call('TIME')
        now = now[1] + now[2] / 1e6
        redis.call('ZADD', leases, string.format('%.6f', now + ARGV[1]), lease)
        redis.call('ZADD', lanes, string.format('%.17g', at + cost(scope, cells) / share_of(scope)), scope)
        local faded = math.exp((number(state, 'rate_at', now) - now) / {RATE_SECONDS})
        local rate = number(state, 'rate', 0) * math.min(1, faded) + 1 / {RATE_SECONDS}
        redis.call('HSET', state, 'now', string.format('%.17g', math.max(virtual, at)),
          'rate', string.format('%.6f', rate), 'rate_at', string.format('%.6f', now))
      end
      return {{job, queue}}
    end
  end
  if skipped >= {_MOST_SKIPPED} then return {{'', ''}} end
  sleep(scope, at)
end
"""


@dataclass(frozen=True)
class Delivered:
    """A job that was taken, and the RQ queue that it stood in. Where it is one of ours, its chunk is leased."""

    job: str
    queue: str


class Lanes:
    """The queues of all runs, as a worker sees them."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._take = redis.register_script(_TAKE)

    def take(self, *, owed_only: bool = False) -> Delivered | None:
        """The next chunk; None where nothing is queued.

        With `owed_only`, only one of a scope that has had less than its share of late, or was away.
        """
        while True:
            taken = self._take([LANES, WOKEN, LANE_STATE, LEASES], [LEASE_SECONDS, int(owed_only)])
            if taken is None:
                return None
            job, queue = (part.decode() for part in cast(list[bytes], taken))
            if job:
                return Delivered(job, queue)

    def wait(self, seconds: int) -> None:
        """Wait until something may have been queued, at most so long."""
        self._redis.blpop([BELL], timeout=seconds)


def put(pipe: Any, scope: str) -> None:
    """What whoever queues a job of a scope does in the same transaction, so that it is seen. `pipe` is a pipeline."""
    pipe.sadd(WOKEN, scope)
    pipe.rpush(BELL, 1)
    pipe.ltrim(BELL, 0, MOST_RINGS - 1)

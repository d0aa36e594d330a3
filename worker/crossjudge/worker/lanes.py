"""Which chunk is next: tenants, and the runs of each, share the workers by weight, whatever each has queued.

Each tenant, and among its runs each run, has a virtual time: the cells that were taken of it, divided by its weight.
The tenant that is furthest behind is next, and of its runs the one that is: none waits for another's queue, and nobody
gains by having many runs. Who was away comes back where the others are, less a small credit: who asks now and then is
served at once, and over a longer time has no more than his share. An idle share is used by the others, since only
those that have something queued are in the race.

A cell counts as one; cells of a run whose mean is heavy count by their CPU time, else a run of cells that take seconds
would have the machine nearly to itself. This is start-time fair queueing (Goyal, Vin and Cheng 1996), in two levels.
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
    lanes_key,
    run_usage_key,
)

CREDIT_CELLS = 512
"""What who was away may have before those that were not: two matrices of 16 x 16."""

HEAVY_MS = 3.0
"""CPU time up to which a cell counts as one; about what a cell takes that does next to nothing."""

_FORGOTTEN_S = 7 * 86_400
_MOST_SKIPPED = 500
"""Chunks of batches that are over which one look may strike out: a script keeps everybody waiting."""

# KEYS: lanes, woken, what lanes have in common, leases. ARGV: lease seconds.
# Answers the id of a job, whose chunk is then leased, and its queue; an empty id where it is to be asked again at once.
_TAKE = f"""
local lanes, woken, state, leases = unpack(KEYS)
local LANE, LANES_OF, USAGE, BATCH = '{lane_key("")}', '{lanes_key("")}', '{run_usage_key("@")}', '{batch_key("")}'

local function number(key, field, otherwise) return tonumber(redis.call('HGET', key, field) or otherwise) end
local function exact(value) return string.format('%.17g', value) end
local function weight_of(name) return number(LANE .. name, 'weight', 1) end

local function wake(set, name, clock)
  if redis.call('ZSCORE', set, name) then return end
  local credit = {CREDIT_CELLS} / weight_of(name)
  redis.call('ZADD', set, exact(math.max(number(LANE .. name, 'time', 0), number(state, clock, 0) - credit)), name)
end

local function sleep(set, name, at)
  redis.call('ZREM', set, name)
  redis.call('HSET', LANE .. name, 'time', exact(at))
  redis.call('EXPIRE', LANE .. name, {_FORGOTTEN_S})
end

local function charge(set, name, clock, at, cells)
  redis.call('ZADD', set, exact(at + cells / weight_of(name)), name)
  redis.call('HSET', state, clock, exact(math.max(number(state, clock, 0), at)))
end

local function first(set)
  local name, at = unpack(redis.call('ZRANGE', set, 0, 0, 'WITHSCORES'))
  return name, tonumber(at)
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

local function note_rate()
  local now = redis.call('TIME')
  now = now[1] + now[2] / 1e6
  local faded = math.exp((number(state, 'rate_at', now) - now) / {RATE_SECONDS})
  local rate = number(state, 'rate', 0) * math.min(1, faded) + 1 / {RATE_SECONDS}
  redis.call('HSET', state, 'rate', string.format('%.6f', rate), 'rate_at', string.format('%.6f', now))
  return now
end

for _, scope in ipairs(redis.call('SMEMBERS', woken)) do
  local tenant = string.match(scope, '^[^:]*')
  wake(LANES_OF .. tenant, scope, 'now:' .. tenant)
  wake(lanes, tenant, 'now')
end
redis.call('DEL', woken)
while true do
  local tenant, tenant_at = first(lanes)
  if not tenant then return false end
  local runs = LANES_OF .. tenant
  local scope, at = first(runs)
  if not scope then
    sleep(lanes, tenant, tenant_at)
  else
    for _, priority in ipairs({{{", ".join(f"'{priority}'" for priority in PRIORITIES)}}}) do
      local queue = '{QUEUE}:' .. priority .. ':' .. scope
      local job, lease, cells = pop('{RQ_QUEUE}' .. queue)
      if job then
        if lease then
          redis.call('ZADD', leases, string.format('%.6f', note_rate() + ARGV[1]), lease)
          local asked = cost(scope, cells)
          charge(runs, scope, 'now:' .. tenant, at, asked)
          charge(lanes, tenant, 'now', tenant_at, asked)
        end
        return {{job, queue}}
      end
    end
    if skipped >= {_MOST_SKIPPED} then return {{'', ''}} end
    sleep(runs, scope, at)
  end
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

    def take(self) -> Delivered | None:
        """The next chunk; None where nothing is queued."""
        while True:
            taken = self._take([LANES, WOKEN, LANE_STATE, LEASES], [LEASE_SECONDS])
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

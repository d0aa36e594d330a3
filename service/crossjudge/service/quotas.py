"""Whether a tenant may post one more batch, decided in one step in Redis, by Redis' clock. Synchronous.

What is in flight is read from the tenant's batches themselves each time, so no count of it can drift, whoever dies.
From the decision until the batch is there its cells are set aside, so that two services cannot both give the last of
them away; what a service that died had set aside is free again after a while.

A quota is the key's; what is used is the tenant's, whichever of its keys it used.
"""

import contextlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from crossjudge.contracts import Quotas
from crossjudge.contracts.queue import batch_key, batches_key, bucket_key, open_batches_key, open_member

from .caller import Caller
from .errors import QuotaExceeded, TooLarge
from .settings import ServiceSettings

SET_ASIDE_SECONDS = 600
"""How long cells are set aside for a batch that never comes: longer than it can take to write one."""

_UNKNOWN_SECONDS = 5
_MOST_TIDIED = 100

# KEYS: the tenant's open batches, all its batches, its bucket.
# ARGV: what batches' keys begin with, member, cells, seconds to set aside, how many to tidy, then the most cells in
# flight, cells a minute, stored batches; nothing where there is no such quota.
# Answers nothing where there is room, else the quota, how much of it is used, and in how many ms about there is room;
# -1 where that cannot be said.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local cells = tonumber(ARGV[3])
local most_in_flight, most_a_minute, most_stored = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])

local in_flight, cells_a_second = 0, 0
local entries = redis.call('ZRANGE', KEYS[1], 0, most_in_flight and -1 or ARGV[5] - 1, 'WITHSCORES')
for i = 1, #entries, 2 do
  local id, aside = string.match(entries[i], '^(%S+) (%d+)$')
  local batch = redis.call('HMGET', ARGV[1] .. id, 'status', 'cells_total', 'cells_done', 'started_at')
  if batch[1] == 'queued' or batch[1] == 'running' then
    in_flight = in_flight + batch[2] - batch[3]
    local started = tonumber(batch[4])
    if started and started < now then cells_a_second = cells_a_second + batch[3] / (now - started) end
  elseif not batch[1] and tonumber(entries[i + 1]) > now then
    in_flight = in_flight + aside
  else
    redis.call('ZREM', KEYS[1], entries[i])
  end
end

if most_stored then
  local coming = redis.call('ZCOUNT', KEYS[1], now, '+inf')
  local stored, soonest = redis.call('ZCARD', KEYS[2]) + coming, -1
  if stored >= most_stored then
    for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
      local left = redis.call('PTTL', ARGV[1] .. id)
      if left == -2 then redis.call('ZREM', KEYS[2], id)
      elseif left >= 0 and (soonest < 0 or left < soonest) then soonest = left end
    end
    stored = redis.call('ZCARD', KEYS[2]) + coming
  end
  if stored >= most_stored then return {'stored_batches', stored, soonest} end
end

if most_in_flight and in_flight + cells > most_in_flight then
  local wait = -1
  if cells_a_second > 0 then wait = math.ceil((in_flight + cells - most_in_flight) / cells_a_second * 1000) end
  return {'cells_in_flight', in_flight, wait}
end

if most_a_minute then
  local a_second = most_a_minute / 60
  local bucket = redis.call('HMGET', KEYS[3], 'used', 'at')
  local since = math.max(0, now - (tonumber(bucket[2]) or now))
  local used = math.max(0, (tonumber(bucket[1]) or 0) - since * a_second)
  if used + cells > most_a_minute then
    return {'cells_per_minute', math.ceil(used), math.ceil((used + cells - most_a_minute) / a_second * 1000)}
  end
  redis.call('HSET', KEYS[3], 'used', string.format('%.6f', used + cells), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', KEYS[3], math.ceil((used + cells) / a_second) + 60)
end
redis.call('ZADD', KEYS[1], string.format('%.6f', now + ARGV[4]), ARGV[2])
return false
"""

# KEYS: the tenant's open batches, its bucket, the batch. ARGV: member, cells taken from the bucket. Does nothing where
# the batch is there after all: the answer of Redis may have been lost, not the batch.
_GIVE_BACK = """
if redis.call('EXISTS', KEYS[3]) == 1 then return end
redis.call('ZREM', KEYS[1], ARGV[1])
local used = tonumber(redis.call('HGET', KEYS[2], 'used'))
if used then redis.call('HSET', KEYS[2], 'used', string.format('%.6f', math.max(0, used - ARGV[2]))) end
"""

_WHAT_IS_USED = {
    "cells_in_flight": "cells are not judged yet",
    "cells_per_minute": "cells of the last minute count still",
    "stored_batches": "batches are stored",
}


@dataclass
class Room:
    """What was set aside for a batch; it is given back unless `is_taken`."""

    is_taken: bool = False


class QuotaKeeper:
    """Lets a batch in, or says when to come again."""

    def __init__(self, connection: Redis, settings: ServiceSettings) -> None:
        self._retention_s = settings.retention_seconds
        self._take = connection.register_script(_TAKE)
        self._give_back = connection.register_script(_GIVE_BACK)

    @contextmanager
    def room(self, caller: Caller, batch: str, cells: int) -> Iterator[Room]:
        """Room for the batch while it is written. Raises `QuotaExceeded`, and `TooLarge` for what will never fit."""
        room = Room()
        if not caller.tenant:  # nobody in particular has no quotas
            yield room
            return
        refuse_what_never_fits(caller.quotas, cells)
        self._set_aside(caller, batch, cells)
        try:
            yield room
        finally:
            if not room.is_taken:
                with contextlib.suppress(RedisError, OSError):  # then it is free again after a while
                    self._free(caller, batch, cells)

    def _set_aside(self, caller: Caller, batch: str, cells: int) -> None:
        tenant, quotas = caller.tenant, caller.quotas
        keys = [open_batches_key(tenant), batches_key(tenant), bucket_key(tenant)]
        most = (quotas.cells_in_flight, quotas.cells_per_minute, quotas.stored_batches)
        arguments: list[str | int] = [batch_key(""), open_member(batch, cells), cells, SET_ASIDE_SECONDS, _MOST_TIDIED]
        refused: Any = self._take(keys, [*arguments, *("" if each is None else each for each in most)])
        if refused is not None:
            name, used, wait_ms = refused
            raise self._exceeded(tenant, quotas, name.decode(), used, cells, wait_ms)

    def _exceeded(self, tenant: str, quotas: Quotas, name: str, used: int, cells: int, wait_ms: int) -> QuotaExceeded:
        if wait_ms >= 0:
            wait_s = max(1, math.ceil(wait_ms / 1000))
        else:  # a batch that is not final yet is kept for as long as that once it is
            wait_s = self._retention_s if name == "stored_batches" else _UNKNOWN_SECONDS
        most = getattr(quotas, name)
        asked = "" if name == "stored_batches" else f", and this batch has {cells:,}"
        return QuotaExceeded(
            f"over the quota {name} of tenant {tenant}, {most:,}: {used:,} {_WHAT_IS_USED[name]}{asked}: "
            f"come again in {wait_s:,} s", wait_s,
        )  # fmt: skip

    def _free(self, caller: Caller, batch: str, cells: int) -> None:
        keys = [open_batches_key(caller.tenant), bucket_key(caller.tenant), batch_key(batch)]
        self._give_back(keys, [open_member(batch, cells), cells if caller.quotas.cells_per_minute else 0])


def refuse_what_never_fits(quotas: Quotas, cells: int) -> None:
    """Raises `TooLarge` for a batch that no waiting would help."""
    for name in ("batch_cells", "cells_in_flight", "cells_per_minute"):
        most: int | None = getattr(quotas, name)
        if most is not None and cells > most:
            raise TooLarge(f"{cells:,} cells are over this API key's quota {name} of {most:,}: send several batches")

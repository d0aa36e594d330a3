"""Where rows are kept in Redis: looked up, kept, and thrown out again, the longest unused first. Knows no verdict.

A hash a row (`cache_key`): `row` is what is kept of all of it, and a digest of each test holds its cell. What they take
is what Redis itself says that they take. All rows of a chunk are looked up in one round trip and kept in one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from redis import Redis

from crossjudge.contracts.queue import CACHE_INDEX, CACHE_SIZES, cache_key

ROW = b"row"
"""The field of the row itself; those of its cells are longer."""

INDEX_BYTES = 400
"""What a row takes besides its hash: its places in the index and among the sizes, and the time of its end."""

MOST_OUT_AT_ONCE = 10_000
"""So many rows are thrown out in some 50 ms, in which Redis does nothing else. A bound that was lowered takes more."""

LARGEST_SHARE = 8
"""A row that takes more than this part of the whole is thrown out at once, and begins anew."""

# KEYS: index, sizes, then rows. ARGV: most bytes, seconds for which a row is kept, the index's bytes a row, most of one
# row, most rows to throw out, whether to measure the rows (1) or only to note that they were used (0).
_NOTE = """
local index, sizes = KEYS[1], KEYS[2]
local most, kept, extra, largest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local function throw_out(key)
  redis.call('UNLINK', key)
  redis.call('ZREM', index, key)
  redis.call('HINCRBY', sizes, 'total', 0 - (redis.call('HGET', sizes, key) or 0))
  redis.call('HDEL', sizes, key)
end
for place = 3, #KEYS do
  local key = KEYS[place]
  if ARGV[6] == '1' then
    local size = redis.call('MEMORY', 'USAGE', key)
    if size and size <= largest then
      local before = tonumber(redis.call('HGET', sizes, key) or 0)
      redis.call('HSET', sizes, key, size + extra)
      redis.call('HINCRBY', sizes, 'total', size + extra - before)
      redis.call('ZADD', index, string.format('%.6f', now), key)
    else
      throw_out(key)
    end
  else
    redis.call('ZADD', index, 'XX', string.format('%.6f', now), key)
  end
  redis.call('EXPIRE', key, kept)
end
for _ = 1, tonumber(ARGV[5]) do
  local oldest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
  if not oldest[1] then break end
  local is_over = tonumber(redis.call('HGET', sizes, 'total') or 0) > most
  if not is_over and tonumber(oldest[2]) > now - kept then break end
  throw_out(oldest[1])
end
"""


@dataclass(frozen=True)
class Asked:
    """A row to look up, by its digest, and the digests of the tests whose cells are asked for."""

    row: str
    tests: Sequence[bytes]


class Shelf:
    """What is kept, over one connection."""

    def __init__(self, redis: Redis, *, most_bytes: int, keep_seconds: float) -> None:
        self._redis = redis
        self._most_bytes = most_bytes
        self._keep_seconds = math.ceil(keep_seconds)
        self._note = redis.register_script(_NOTE)

    def look_up(self, rows: Sequence[Asked]) -> list[list[bytes | None]]:
        """Of each row, what is kept of all of it and then of each cell; None where nothing is. Raises `RedisError`."""
        with self._redis.pipeline(transaction=False) as pipe:
            for each in rows:
                pipe.hmget(cache_key(each.row), [ROW, *each.tests])
            return cast(list[list[bytes | None]], pipe.execute())

    def used(self, rows: Sequence[str]) -> None:
        """Say of rows that they were of use. Raises `RedisError`."""
        if rows:
            self._note([CACHE_INDEX, CACHE_SIZES, *map(cache_key, rows)], self._bounds(is_new=False))

    def keep(self, rows: Mapping[str, Mapping[bytes, bytes]]) -> None:
        """Keep fields of rows, and throw out what has then become too much or too old. Raises `RedisError`."""
        with self._redis.pipeline() as pipe:
            for row, fields in rows.items():
                pipe.hset(cache_key(row), mapping=dict(fields.items()))
            self._note([CACHE_INDEX, CACHE_SIZES, *map(cache_key, rows)], self._bounds(is_new=True), client=pipe)
            pipe.execute()

    def _bounds(self, *, is_new: bool) -> list[int]:
        largest = self._most_bytes // LARGEST_SHARE
        return [self._most_bytes, self._keep_seconds, INDEX_BYTES, largest, MOST_OUT_AT_ONCE, int(is_new)]

"""Where samples wait for one another: in Redis, so that it does not matter which service each of them comes to.

A group is three keys that live and expire together: a hash (its state and counters), a hash from a sample's name to
its place, and a list of sources. Every step is one script, and Redis' own clock decides. An open group becomes

    complete   with its last sample: it can be judged, and is kept for as long as batches are
    over       once its deadline has passed: nothing can be added any more, and it vanishes after a while

Whoever waits is told of either on a channel. Knows nothing of HTTP, of batches or of what a sample says.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from redis.asyncio import Redis

from crossjudge.service.settings import ServiceSettings

from .sample import Sample, digest

GROUP_EVENTS = "crossjudge:groups:events"
"""Publish/subscribe channel of the ids of groups of which something has changed."""

LINGER_SECONDS = 600
"""How long it can be read of a group that its deadline has passed."""

_CLAIM_SECONDS = 15

_COMMON = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local function keep(seconds)
  for i = 1, #KEYS do redis.call('EXPIRE', KEYS[i], math.ceil(seconds)) end
end

local function deadline()
  return tonumber(redis.call('HGET', KEYS[1], 'deadline'))
end

local function state(group, channel)
  local found = redis.call('HGET', KEYS[1], 'state')
  if found == 'open' and now >= deadline() then
    redis.call('HSET', KEYS[1], 'state', 'over')
    redis.call('HDEL', KEYS[1], 'terms')
    redis.call('DEL', KEYS[3])
    redis.call('PUBLISH', channel, group)
    return 'over'
  end
  return found or 'gone'
end

local function seen(said, place)
  local found = redis.call('HMGET', KEYS[1], 'solutions', 'tests', 'deadline', 'batch', 'nonce')
  local left = found[3] and (tonumber(found[3]) - now) or 0
  return {said, place or '', found[1] or '0', found[2] or '0', tostring(left), found[4] or '', found[5] or ''}
end
"""

# ARGV: group, channel, name, digest of the source, source, kind, size, digest of the terms, terms, deadline in seconds,
# nonce, most bytes, seconds to linger, seconds to keep
_JOIN = (
    _COMMON
    + """
local said = state(ARGV[1], ARGV[2])
local same_terms = said == 'gone' or redis.call('HGET', KEYS[1], 'terms_digest') == ARGV[8]
local place = redis.call('HGET', KEYS[2], ARGV[3])
if place then
  if not same_terms then return seen('differs') end
  local split = string.find(place, ':')
  if string.sub(place, split + 1) ~= ARGV[4] then return seen('reused') end
  if said == 'complete' then keep(tonumber(ARGV[14])) end
  return seen(said, string.sub(place, 1, split - 1))
end
if said == 'complete' then return seen('full') end
if said == 'over' then return seen('over') end
if not same_terms then return seen('differs') end
local bytes = #ARGV[5] + (said == 'gone' and #ARGV[9] or tonumber(redis.call('HGET', KEYS[1], 'bytes')))
if bytes > tonumber(ARGV[12]) then return seen('large') end

local last = now + tonumber(ARGV[10])
if said == 'gone' then
  redis.call('HSET', KEYS[1], 'state', 'open', 'terms', ARGV[9], 'terms_digest', ARGV[8], 'nonce', ARGV[11],
             'deadline', string.format('%.6f', last), 'solutions', 0, 'tests', 0)
elseif last < deadline() then
  redis.call('HSET', KEYS[1], 'deadline', string.format('%.6f', last))
end
redis.call('HSET', KEYS[1], 'bytes', bytes)
local nth = redis.call('HINCRBY', KEYS[1], ARGV[6], 1) - 1
redis.call('HSET', KEYS[2], ARGV[3], nth .. ':' .. ARGV[4])
redis.call('RPUSH', KEYS[3], ARGV[5])
if redis.call('LLEN', KEYS[3]) >= tonumber(ARGV[7]) then
  redis.call('HSET', KEYS[1], 'state', 'complete')
  redis.call('PUBLISH', ARGV[2], ARGV[1])
  keep(tonumber(ARGV[14]))
  return seen('complete', nth)
end
keep(deadline() - now + tonumber(ARGV[13]))
return seen('open', nth)
"""
)

# ARGV: group, channel, seconds to keep
_LOOK = (
    _COMMON
    + """
local said = state(ARGV[1], ARGV[2])
if said == 'complete' then keep(tonumber(ARGV[3])) end
return seen(said)
"""
)

# The sources are in the batch from now on. ARGV: group, channel, nonce, batch
_NOTE = """
if redis.call('HGET', KEYS[1], 'nonce') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'batch', ARGV[4])
redis.call('HDEL', KEYS[1], 'terms')
redis.call('DEL', KEYS[3])
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
"""

# ARGV: group, channel, token
_LET_GO = """
if redis.call('GET', KEYS[1]) ~= ARGV[3] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
"""


class Said(StrEnum):
    """What a group says to a sample, or to who looks."""

    OPEN = "open"
    COMPLETE = "complete"
    OVER = "over"
    GONE = "gone"
    FULL = "full"
    """The sample is none of those that made the group complete."""
    DIFFERS = "differs"
    """Its terms are not those of the group."""
    REUSED = "reused"
    """Its name stands for another source."""
    LARGE = "large"
    """With it the group would take more than it may."""


@dataclass(frozen=True)
class Seen:
    """A group as it was a moment ago."""

    said: Said
    place: int | None
    """The sample's place among those of its kind; only who joins is told."""
    solutions: int
    tests: int
    seconds_left: float
    """Until the deadline."""
    batch: str | None
    nonce: str
    """Sets this group apart from earlier and later ones of its key; nobody outside knows it."""

    @property
    def came(self) -> int:
        return self.solutions + self.tests


def group_keys(group: str) -> list[str]:
    """Its state, the places of its samples, their sources."""
    base = f"crossjudge:group:{group}"
    return [base, f"{base}:samples", f"{base}:sources"]


def most_bytes(settings: ServiceSettings) -> int:
    """What a group may take: it becomes one batch, which must not be over that limit either."""
    return min(settings.max_group_bytes, settings.max_body_bytes)


class Barrier:
    """The groups of all services."""

    def __init__(self, connection: Redis, settings: ServiceSettings) -> None:
        self._connection = connection
        self._settings = settings
        self._most_bytes = most_bytes(settings)
        self._looking: dict[str, asyncio.Task[Seen]] = {}
        self._join = connection.register_script(_JOIN)
        self._look = connection.register_script(_LOOK)
        self._note = connection.register_script(_NOTE)
        self._let_go = connection.register_script(_LET_GO)

    async def join(self, group: str, sample: Sample) -> Seen:
        """Add a sample, unless it is there already; and what the group says of that."""
        member = sample.member
        return _seen(
            await self._join(
                keys=group_keys(group),
                args=[
                    group, GROUP_EVENTS, digest(member.name.encode("utf-8", "surrogatepass")), digest(sample.source),
                    sample.source, "solutions" if member.is_solution else "tests", member.size,
                    digest(sample.terms), sample.terms, sample.deadline_seconds, secrets.token_hex(16),
                    self._most_bytes, LINGER_SECONDS, self._settings.retention_seconds,
                ],
            )
        )  # fmt: skip

    async def look(self, group: str) -> Seen:
        """How the group stands now. Those who were woken together look once, and not with a connection each."""
        if (looking := self._looking.get(group)) is None:
            looking = self._looking[group] = asyncio.create_task(self._look_for_all(group))
        return await asyncio.shield(looking)

    async def _look_for_all(self, group: str) -> Seen:
        await asyncio.sleep(0)  # all who were woken with the first are here now
        del self._looking[group]  # who comes from now on may know of something newer
        kept = self._settings.retention_seconds
        return _seen(await self._look(keys=group_keys(group), args=[group, GROUP_EVENTS, kept]))

    async def terms(self, group: str) -> bytes | None:
        """What its samples agree about; none once it is judged or over."""
        found = await self._connection.hget(group_keys(group)[0], "terms")
        return None if found is None else str(found).encode("ascii")

    async def sources(self, group: str) -> list[bytes]:
        """Its samples in the order of their coming; none once it is judged or over."""
        found = await self._connection.lrange(group_keys(group)[2], 0, -1)
        return [str(source).encode("ascii") for source in found]

    async def note(self, group: str, nonce: str, batch: str) -> None:
        """The batch that a complete group has become; from now on that has its sources."""
        await self._note(keys=group_keys(group), args=[group, GROUP_EVENTS, nonce, batch])

    @asynccontextmanager
    async def claim(self, group: str) -> AsyncIterator[bool]:
        """True for one of all who want to make the group's batch at the same time.

        It spares the others the work and no more than that: a claim ends by itself where its holder is gone.
        """
        key, token = f"{group_keys(group)[0]}:claim", secrets.token_hex(8)
        if not await self._connection.set(key, token, nx=True, ex=_CLAIM_SECONDS):
            yield False
            return
        try:
            yield True
        finally:
            await self._let_go(keys=[key], args=[group, GROUP_EVENTS, token])


def _seen(answer: Sequence[str]) -> Seen:
    said, place, solutions, tests, left, batch, nonce = answer
    return Seen(
        Said(said), int(place) if place != "" else None, int(solutions), int(tests), float(left), batch or None, nonce
    )

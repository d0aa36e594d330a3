"""From an Authorization header to the caller behind it. Asynchronous; looks at Redis once a request, remembers nothing.

Once a key was made, nobody is answered without one, though all of them be revoked or expired by now: what was closed on
purpose must not open by itself.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from crossjudge.contracts import StoredKey
from crossjudge.contracts.queue import KEYS, KEYS_USED

from .caller import Caller
from .errors import Forbidden, QueueUnreachable, Unauthorized, queue_away
from .keys import KeyTrouble, id_of, is_key_of, read_record

_NOTED_SECONDS = 60.0
_NO_ID = "-"  # asked for where there is no id, so that each caller costs the same

MISSING = "this service answers only who has an API key: send it as `Authorization: Bearer KEY`"
WRONG = "this API key is not one of this service's: check it, or ask whoever runs the service for another"

log = structlog.get_logger(__name__)


class Authentication:
    """Knows callers by their keys. `required`: also where no key was ever made."""

    def __init__(self, connection: Redis, *, required: bool = False) -> None:
        self._connection = connection
        self._required = required
        self._in_force = required
        self._noted: dict[str, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def caller(self, authorization: Sequence[str]) -> Caller:
        """Who sends these Authorization headers; the tenant without a name where no key was ever made.

        Raises `Unauthorized`, `Forbidden` for a key that was one, and `QueueUnreachable`.
        """
        key = bearer(authorization)
        record = await self._look_up(id_of(key) or _NO_ID)
        if not self._in_force:
            return Caller()
        is_right = is_key_of(record, key)
        if not authorization:
            raise Unauthorized(MISSING)
        if not is_right or record is None:
            raise Unauthorized(WRONG, error="invalid_token")
        _refuse_what_is_over(record, datetime.now(UTC))
        self._note_use(record.id)
        return Caller(record.tenant, record.id, record.weight, record.quotas)

    async def is_in_force(self) -> bool:
        """Whether a key is needed; where Redis does not answer, what was last known."""
        with contextlib.suppress(QueueUnreachable):
            await self._look_up(_NO_ID)
        return self._in_force

    async def _look_up(self, name: str) -> StoredKey | None:
        try:
            async with self._connection.pipeline(transaction=False) as pipe:
                pipe.exists(KEYS)
                pipe.hget(KEYS, name)
                exists, raw = await pipe.execute()
        except (RedisError, OSError) as error:
            log.warning("Redis does not answer, so nobody can be let in", error=str(error))
            raise queue_away() from error
        self._in_force = self._required or bool(exists)
        try:
            return None if raw is None else read_record(name, raw)
        except KeyTrouble as error:
            log.error("an API key is refused", key=name, error=str(error))
            return None

    def _note_use(self, name: str) -> None:
        """At most once a minute, and the request does not wait for it."""
        now = time.monotonic()
        if now < self._noted.get(name, float("-inf")) + _NOTED_SECONDS:
            return
        self._noted[name] = now
        note = asyncio.create_task(self._write_use(name))
        self._notes.add(note)
        note.add_done_callback(self._notes.discard)

    async def _write_use(self, name: str) -> None:
        try:
            await self._connection.hset(KEYS_USED, name, f"{time.time():.0f}")
        except (RedisError, OSError) as error:
            self._noted.pop(name, None)
            log.debug("the use of an API key was not noted", key=name, error=str(error))


def bearer(authorization: Sequence[str]) -> str:
    """The key in the header; empty where there is none, or nothing that could be one."""
    if len(authorization) != 1:
        return ""
    scheme, _, key = authorization[0].strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _refuse_what_is_over(record: StoredKey, now: datetime) -> None:
    for what, at in (("was revoked", record.revoked_at), ("expired", record.expires_at)):
        if at is not None and at <= now:
            raise Forbidden(f"this API key {what} at {at:%Y-%m-%d %H:%M} UTC: ask whoever runs the service for another")

"""Says to the workers how this service speaks through Redis, so that those of another protocol take no work."""

import asyncio

from redis.asyncio import Redis
from redis.exceptions import RedisError

from crossjudge.contracts.queue import PROTOCOL, PROTOCOL_KEY

_PAUSE_SECONDS = 1.0


async def say_protocol(connection: Redis) -> None:
    """Once, as soon as Redis takes it. The service that started last counts: it is the one that is there to stay."""
    while True:
        try:
            await connection.set(PROTOCOL_KEY, PROTOCOL)
            return
        except (RedisError, OSError):
            await asyncio.sleep(_PAUSE_SECONDS)

"""Connections to Redis. RQ speaks synchronously and in bytes; all else is asynchronous and in text."""

from redis import Redis as SyncRedis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.retry import Retry as SyncRetry

# One more try heals a connection that Redis closed in the meantime; whoever waits for an answer should not wait longer.
_RETRIES = 1
_PAUSE_SECONDS = 0.1
_ANSWER_SECONDS = 15.0
_CONNECT_SECONDS = 3.0
_MOST_CONNECTIONS = 32


def connect(url: str) -> Redis:
    """The connections of the web side: they answer in text (all that we keep in Redis is ASCII JSON or names).

    Hundreds of callers may be woken by one event: their questions wait for a free connection, which takes no time, and
    do not fail for want of one.
    """
    pool = BlockingConnectionPool.from_url(
        url, decode_responses=True, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_CONNECT_SECONDS,
        retry=Retry(ConstantBackoff(_PAUSE_SECONDS), _RETRIES), max_connections=_MOST_CONNECTIONS,
        timeout=_ANSWER_SECONDS,
    )  # fmt: skip
    return Redis.from_pool(pool)


def connect_sync(url: str) -> SyncRedis:
    """The connections that jobs are enqueued by."""
    return SyncRedis.from_url(
        url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_CONNECT_SECONDS,
        retry=SyncRetry(ConstantBackoff(_PAUSE_SECONDS), _RETRIES),
    )  # fmt: skip

"""Talking to a Redis that may be away for a while: connect to it, and try again until it answers."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, OutOfMemoryError, ReadOnlyError, TimeoutError
from redis.retry import Retry

from .shutdown import Shutdown

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0

AWAY = (ConnectionError, TimeoutError, ReadOnlyError, OutOfMemoryError)
"""What is worth outwaiting: no connection, no answer, a server that loads, is full, or is failed over."""

Answer = TypeVar("Answer")


def connect(url: str) -> Redis:
    """A client for `url`; it connects with its first command. Raises `ValueError` for what is not a Redis URL."""
    # One retry at once hides a connection that went stale while idle. Waiting is `patiently`'s, which can be stopped.
    return Redis.from_url(
        url, socket_connect_timeout=5, socket_timeout=15, retry=Retry(NoBackoff(), 1), health_check_interval=30
    )


def pauses() -> Callable[[], float]:
    """How long to wait before each next attempt, in seconds: twice as long every time, up to a bound."""
    state = [FIRST_PAUSE_S / 2]

    def next_pause() -> float:
        state[0] = min(state[0] * 2, LONGEST_PAUSE_S)
        return state[0]

    return next_pause


def patiently(call: Callable[[], Answer], shutdown: Shutdown) -> Answer:
    """Call until Redis answers.

    Raises what Redis last failed with once `shutdown` is out of patience, and at once what waiting does not mend.
    """
    next_pause = pauses()
    failures = 0
    while True:
        try:
            answer = call()
        except AWAY as error:
            if shutdown.is_out_of_patience:
                raise
            failures += 1
            if failures == 1:
                log.warning("redis is away, waiting for it", error=str(error))
            shutdown.abandoned.wait(next_pause())
        else:
            if failures:
                log.info("redis is back", failed_attempts=failures)
            return answer

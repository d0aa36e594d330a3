"""Waiting for what is about to come up: Redis, and the service's own readiness. Synchronous."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from .redis_url import without_password

_PAUSE_SECONDS = 0.1


class RedisAway(Exception):
    """Redis does not answer; the message says where it was looked for."""


def wait_for_redis(url: str, seconds: float) -> None:
    """Return as soon as Redis answers. Raises `RedisAway`."""
    deadline = time.monotonic() + seconds
    with Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as connection:
        while True:
            try:
                connection.ping()
                return
            except (AuthenticationError, ResponseError) as error:  # it is there, and will not change its mind
                raise RedisAway(
                    f"the Redis at {without_password(url)} refuses us ({error}): mend user and password in REDIS_URL"
                ) from error
            except (RedisError, OSError) as error:
                if time.monotonic() > deadline:
                    raise RedisAway(
                        f"no Redis answers at {without_password(url)} ({error}): start one, or set REDIS_URL"
                    ) from error
            time.sleep(_PAUSE_SECONDS)


def readiness(url: str) -> dict[str, Any] | None:
    """What `/readyz` says; none where it does not say that all is well."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy would look for its own loopback
    try:
        with opener.open(f"{url}/readyz", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except (urllib.error.URLError, OSError, ValueError):
        return None

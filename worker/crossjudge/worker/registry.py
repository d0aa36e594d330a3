"""Which workers there are: each says so of itself every few seconds, and says goodbye. Knows nothing of chunks."""

import os
import socket
from importlib.metadata import version

from redis import Redis

from crossjudge.contracts import dump_json
from crossjudge.contracts.queue import WORKER_INFO, WORKERS, SandboxName, WorkerInfo

FORGOTTEN_AFTER_S = 60.0
"""A worker that was killed cannot say goodbye; the others take its name off the list after this time."""

# KEYS: workers, their info. ARGV: name, info, seconds after which a silent worker is forgotten.
_ANNOUNCE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
redis.call('ZADD', KEYS[1], string.format('%.6f', now), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])) do
  redis.call('ZREM', KEYS[1], name)
  redis.call('HDEL', KEYS[2], name)
end
"""


def describe(name: str, jails: int, sandbox: SandboxName = "nsjail") -> WorkerInfo:
    """What this process says of itself."""
    host, pid = socket.gethostname(), os.getpid()
    return WorkerInfo(name=name, host=host, pid=pid, version=version("crossjudge"), jails=jails, sandbox=sandbox)


class Registry:
    """This worker's line in the list."""

    def __init__(self, redis: Redis, info: WorkerInfo) -> None:
        self._redis = redis
        self._info = info
        self._announce = redis.register_script(_ANNOUNCE)

    def announce(self, held_back: str | None = None) -> None:
        """Say that this worker is alive, and why it takes no work where it takes none."""
        info = self._info.model_copy(update={"held_back": held_back})
        self._announce([WORKERS, WORKER_INFO], [info.name, dump_json(info), FORGOTTEN_AFTER_S])

    def sign_off(self) -> None:
        """Say that it is no more."""
        with self._redis.pipeline() as pipe:
            pipe.zrem(WORKERS, self._info.name)
            pipe.hdel(WORKER_INFO, self._info.name)
            pipe.execute()

"""Jobs that a worker took and lost before it could lease them, put back into the queue.

RQ moves a job from the queue to an "intermediate" list as it hands it out, and our worker takes the chunk's lease
before the job leaves that list. So a job that stays there was lost: its worker was killed, or the connection broke, in
between. RQ itself would call it failed after minutes; here it goes back to the front of the queue within seconds.
"""

import time
from collections.abc import Callable
from typing import cast

from redis import Redis
from rq import Queue
from rq.intermediate_queue import IntermediateQueue

from crossjudge.contracts.queue import LEASE_SECONDS, QUEUE

# KEYS: intermediate list, queue. ARGV: job id. Whoever removes it puts it back, so it comes back once.
_PUT_BACK = """
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 1 then redis.call('LPUSH', KEYS[2], ARGV[1]) return 1 end
return 0
"""


class Strays:
    """Remembers since when it has seen which job in between."""

    def __init__(
        self, redis: Redis, *, after_s: float = LEASE_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis
        self._after_s = after_s
        self._clock = clock
        self._queue_key = f"{Queue.redis_queue_namespace_prefix}{QUEUE}"
        self._between_key = IntermediateQueue.get_intermediate_queue_key(self._queue_key)
        self._put_back = redis.register_script(_PUT_BACK)
        self._seen_since: dict[bytes, float] = {}

    def return_to_queue(self) -> int:
        """Put back what has been in between for too long; answers how many."""
        now = self._clock()
        between = cast(list[bytes], self._redis.lrange(self._between_key, 0, -1))
        self._seen_since = {job: self._seen_since.get(job, now) for job in between}
        overdue = [job for job, since in self._seen_since.items() if now - since >= self._after_s]
        return sum(self.put_back(job) for job in overdue)

    def put_back(self, job: bytes | str) -> bool:
        """Put one job back to the front of the queue; false where it is not in between."""
        return bool(self._put_back([self._between_key, self._queue_key], [job]))

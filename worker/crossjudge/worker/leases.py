"""The worker's pulse: a thread that says that the worker is alive, renews what it holds, and hears of what to stop.

It has a Redis connection of its own, so that it beats while the main thread waits for a jail or for the queue. It knows
nothing of how a chunk is judged: it sets the `stop` of one that nobody wants any more.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from redis import Redis
from redis.exceptions import RedisError

from crossjudge.contracts.queue import (
    LEASE_SECONDS,
    LEASES,
    WorkerInfo,
    batch_key,
    lease_member,
    results_key,
)
from crossjudge.contracts.stats import TOTALS, TotalsField

from .cache.claims import Claims
from .compatibility import Compatibility
from .patience import pauses
from .registry import Registry

log = structlog.get_logger(__name__)

BEAT_S = LEASE_SECONDS / 3

# KEYS: batch, results, leases. ARGV: chunk, lease member, lease seconds. Answers 0 where nobody wants the chunk any
# more: its batch is gone or final, or another worker's result was there first. A lease that merely ran out (this
# worker, or Redis, was away for a while) is taken again: whoever is first counts, and we are further on than the next.
_RENEW = """
local status = redis.call('HGET', KEYS[1], 'status')
if (status ~= 'queued' and status ~= 'running') or redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[3], string.format('%.6f', time[1] + time[2] / 1e6 + ARGV[3]), ARGV[2])
return 1
"""


class LeaseKeeper:
    """Beats from `start` to `close`; what `hold` holds stays leased in between."""

    def __init__(
        self,
        redis: Redis,
        info: WorkerInfo,
        *,
        beat_s: float = BEAT_S,
        claims: Claims | None = None,
        compatibility: Compatibility | None = None,
        jail_starts: Callable[[], int] | None = None,
    ) -> None:
        self._redis = redis
        self._compatibility = compatibility or Compatibility()
        self._jail_starts = jail_starts
        self._told_starts = 0
        self._beat_s = beat_s
        self._claims = claims
        self._registry = Registry(redis, info)
        self._renew = redis.register_script(_RENEW)
        self._held: dict[tuple[str, int], threading.Event] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop beating and say goodbye. A Redis that is away hears nothing, and forgets us by itself."""
        self._closing.set()
        if self._thread.ident is None:
            return  # never started: nobody has heard of us
        self._thread.join()
        try:
            self._tell_jail_starts()
            self._registry.sign_off()
        except RedisError as error:
            log.warning("could not sign off", error=str(error))

    @contextmanager
    def hold(self, batch: str, index: int) -> Iterator[threading.Event]:
        """Keep the lease of a chunk while in here; what it yields is set when nobody wants the chunk any more."""
        stop = threading.Event()
        with self._lock:
            self._held[batch, index] = stop
        if self._is_ending:  # asked for between the taking of the chunk and here
            stop.set()
        try:
            yield stop
        finally:
            with self._lock:  # never in the middle of a beat: it would lease anew what is about to be let go of
                del self._held[batch, index]

    def stop_all(self) -> None:
        """Set the `stop` of all that is held, and of all that will be: the worker is to end now."""
        self._is_ending = True
        for stop in list(self._held.values()):
            stop.set()

    def beat(self) -> None:
        """One beat. Raises `RedisError`."""
        self._compatibility.holds(self._redis)
        self._registry.announce(self._compatibility.held_back)
        self._tell_jail_starts()
        with self._lock:
            for (batch, index), stop in self._held.items():
                keys = [batch_key(batch), results_key(batch), LEASES]
                if not self._renew(keys, [index, lease_member(batch, index), LEASE_SECONDS]):
                    stop.set()
        if self._claims is not None:
            self._claims.renew(self._redis)

    def _tell_jail_starts(self) -> None:
        """Add the jails that were started since the last beat to the statistics."""
        starts = 0 if self._jail_starts is None else self._jail_starts()
        if starts > self._told_starts:
            self._redis.hincrby(TOTALS, TotalsField.JAIL_STARTS, starts - self._told_starts)
            self._told_starts = starts

    def _run(self) -> None:
        next_pause = pauses()
        is_away = False
        wait_s = 0.0
        while not self._closing.wait(wait_s):
            try:
                self.beat()
            except RedisError as error:
                if not is_away:
                    log.warning("no pulse: redis does not answer", error=str(error))
                is_away, wait_s = True, next_pause()
            else:
                is_away, wait_s, next_pause = False, self._beat_s, pauses()

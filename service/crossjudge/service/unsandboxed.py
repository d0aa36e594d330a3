"""Whether some worker runs without a sandbox: then nobody from elsewhere may hand programs in. Knows no HTTP."""

import time

from redis.exceptions import RedisError

from crossjudge.contracts.queue import WorkerInfo

from .store import Store

_FRESH_SECONDS = 1.0


class Unsandboxed:
    """Asks the store at most once a second, however many ask us."""

    def __init__(self) -> None:
        self._worker: WorkerInfo | None = None
        self._asked_at = float("-inf")

    async def worker(self, store: Store) -> WorkerInfo | None:
        """One of the workers that have no sandbox."""
        if time.monotonic() > self._asked_at + _FRESH_SECONDS:
            try:
                workers = await store.workers()
            except (RedisError, OSError):  # then no program can be handed in either
                return None
            self._worker = next((each for each in workers if each.sandbox == "none"), None)
            self._asked_at = time.monotonic()
        return self._worker

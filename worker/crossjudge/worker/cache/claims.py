"""Who judges which cells at the moment, so that what two workers have to do at once is done by one of them.

A claim is a key that expires. Whoever holds it renews it with his pulse and takes it back when his results are kept;
one who dies is forgotten within seconds. It says which cells it is for, since most rows that two workers have at once
are the same solution with different tests. A claim stops nobody: it is a reason to wait a little, and no more.
"""

import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog
from redis import Redis
from redis.exceptions import RedisError

from crossjudge.contracts.queue import LEASE_SECONDS, claim_key

log = structlog.get_logger(__name__)

_TOKEN_BYTES = 16
_TEST_BYTES = 8
"""Of a test's digest. Two that look equal make somebody wait in vain, and no more."""

# KEYS: claims. ARGV: milliseconds, then what each is to hold. Answers what another's holds, or false where it is ours.
_TAKE = """
local others = {}
for place, key in ipairs(KEYS) do
  others[place] = redis.call('GET', key)
  if not others[place] then redis.call('SET', key, ARGV[place + 1], 'PX', ARGV[1]) end
end
return others
"""

# KEYS: claims. ARGV: the token that ours begin with, milliseconds, or 0 to give them back.
_RENEW = """
for _, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  if held and string.sub(held, 1, #ARGV[1]) == ARGV[1] then
    if ARGV[2] == '0' then redis.call('DEL', key) else redis.call('PEXPIRE', key, ARGV[2]) end
  end
end
"""

Tests = frozenset[bytes]
"""The beginnings of the digests of some tests."""


def tests_of(digests: Sequence[bytes]) -> Tests:
    """How a claim speaks of tests."""
    return frozenset(each[:_TEST_BYTES] for each in digests)


class Claims:
    """The claims of one worker process. The pulse renews them, in a thread and over a connection of its own."""

    def __init__(self, redis: Redis, *, seconds: float = LEASE_SECONDS) -> None:
        self._redis = redis
        self._milliseconds = round(seconds * 1000)
        self._token = secrets.token_bytes(_TOKEN_BYTES)
        self._take = redis.register_script(_TAKE)
        self._renew = redis.register_script(_RENEW)
        self._held: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, rows: Mapping[str, Sequence[bytes]]) -> Iterator[dict[str, Tests]]:
        """Claim cells while in here; it yields, for each row that others hold, the tests that they hold it for.

        Cells of a row that others hold are not claimed. Raises `RedisError` on entering.
        """
        others = self._take([claim_key(row) for row in rows], [self._milliseconds, *map(self._content, rows.values())])
        held = {row: _read(value) for row, value in zip(rows, others, strict=True) if value is not None}
        ours = frozenset(claim_key(row) for row in rows.keys() - held.keys())
        with self._lock:
            self._held = ours
        try:
            yield held
        finally:
            with self._lock:  # never in the middle of a renewal
                self._held = frozenset()
            self._give_back(ours)

    def renew(self, redis: Redis) -> None:
        """Say that what is held still is. Raises `RedisError`."""
        with self._lock:
            if self._held:
                self._renew([*self._held], [self._token, self._milliseconds], client=redis)

    def _content(self, tests: Sequence[bytes]) -> bytes:
        return self._token + b"".join(sorted(tests_of(tests)))

    def _give_back(self, ours: frozenset[str]) -> None:
        try:
            if ours:
                self._renew([*ours], [self._token, 0])
        except RedisError as error:
            log.warning("could not give claims back, they expire", error=str(error))


def _read(content: bytes) -> Tests:
    body = content[_TOKEN_BYTES:]
    return frozenset(body[at : at + _TEST_BYTES] for at in range(0, len(body), _TEST_BYTES))

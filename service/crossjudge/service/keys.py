"""API keys: how they look, how one is recognised, and what is kept of each. Synchronous, for the command `keys`.

A key reads `cj_<id>_<secret>`. The id finds its record; the secret is 32 random bytes, of which nothing is kept but a
digest of the whole key. No salt and no slow hash: nobody guesses 32 random bytes, however fast he is.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from redis import Redis, WatchError

from crossjudge.contracts import Quotas, StoredKey, dump_json
from crossjudge.contracts.queue import KEYS, KEYS_USED

_ID_BYTES = 5
_SECRET_BYTES = 32
_KEY = re.compile(rf"cj_([0-9a-f]{{{2 * _ID_BYTES}}})_[0-9a-f]{{{2 * _SECRET_BYTES}}}", re.ASCII)
_DIGEST_OF_NONE = "0" * 64


class KeyTrouble(Exception):
    """A key cannot be made, read or changed; the message says why, and never holds a key."""


def id_of(key: str) -> str | None:
    """The id in a key; none where this is no key of ours."""
    found = _KEY.fullmatch(key)
    return found[1] if found else None


def without_keys(text: str) -> str:
    """The text with the secrets of all keys in it left out."""
    return _KEY.sub(r"cj_\1_…", text)


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def is_key_of(record: StoredKey | None, key: str) -> bool:
    """Whether the record is that of this key. As much is computed and compared where there is no record."""
    kept = _DIGEST_OF_NONE if record is None else record.sha256
    is_equal = hmac.compare_digest(digest(key).encode(), kept.encode())
    return is_equal and record is not None


def read_record(name: str, raw: str) -> StoredKey:
    """What is kept of the key of that id. Raises `KeyTrouble` where it is not what we write."""
    try:
        return StoredKey.model_validate_json(raw)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, each["loc"])) or "all of it" for each in error.errors())
        raise KeyTrouble(
            f"what is kept of API key {name} cannot be read ({places}): remove it with "
            f"`redis-cli hdel {KEYS} {name}`, and make another"
        ) from None


class KeyStore:
    """The records in Redis, over a connection that answers in text."""

    def __init__(self, connection: Redis) -> None:
        self._connection = connection

    def create(
        self, tenant: str, *, note: str, weight: float, quotas: Quotas, expires_at: datetime | None
    ) -> tuple[StoredKey, str]:
        """A new key, and what is kept of it. Nobody will be able to say the key again.

        Raises pydantic's `ValidationError` for a tenant or a weight that cannot be.
        """
        while True:
            name = secrets.token_hex(_ID_BYTES)
            key = f"cj_{name}_{secrets.token_hex(_SECRET_BYTES)}"
            record = StoredKey(
                id=name, sha256=digest(key), tenant=tenant, note=note, created_at=datetime.now(UTC),
                expires_at=expires_at, weight=weight, quotas=quotas,
            )  # fmt: skip
            if self._connection.hsetnx(KEYS, name, dump_json(record).decode("ascii")):
                return record, key

    def all(self) -> list[StoredKey]:
        """Every key that was ever made, in that order; revoked ones too."""
        kept: Any = self._connection.hgetall(KEYS)
        return sorted((read_record(name, raw) for name, raw in kept.items()), key=lambda record: record.created_at)

    def last_used(self) -> dict[str, datetime]:
        """When keys were last used, to about a minute."""
        noted: Any = self._connection.hgetall(KEYS_USED)
        return {name: datetime.fromtimestamp(float(at), UTC) for name, at in noted.items()}

    def revoke(self, name: str) -> StoredKey:
        """Refuse this key from the next request on. Raises `KeyTrouble` where there is none of that id."""
        now = datetime.now(UTC)
        return self._change(name, lambda record: {} if record.revoked_at else {"revoked_at": now})

    def change(self, name: str, update: dict[str, Any], quotas: dict[str, int | None]) -> StoredKey:
        """Set fields of a record, and some of its quotas. Raises `KeyTrouble`, and pydantic's `ValidationError`."""
        return self._change(name, lambda record: {**update, "quotas": record.quotas.model_dump() | quotas})

    def forget_all(self) -> int:
        """Forget that there ever was a key; how many there were."""
        with self._connection.pipeline() as pipe:
            pipe.hlen(KEYS)
            pipe.delete(KEYS, KEYS_USED)
            count, _ = pipe.execute()
        return int(count)

    def _change(self, name: str, update: Callable[[StoredKey], dict[str, Any]]) -> StoredKey:
        """Two changes at once must not undo each other, least of all a revocation."""
        while True:
            with self._connection.pipeline() as pipe:
                pipe.watch(KEYS)  # type: ignore[no-untyped-call]  # redis-py has no types here
                raw: Any = pipe.hget(KEYS, name)
                if raw is None:
                    raise KeyTrouble("there is no API key of that id: `crossjudge keys list` shows them all")
                record = read_record(name, raw)
                changed = StoredKey.model_validate(record.model_dump() | update(record))
                pipe.multi()
                pipe.hset(KEYS, name, dump_json(changed).decode("ascii"))
                try:
                    pipe.execute()
                except WatchError:
                    continue
                return changed

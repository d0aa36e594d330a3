"""API keys: how they look, how one is recognised, and what is kept of each."""

import hmac
import threading
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from redis import Redis

from crossjudge.contracts import Quotas, StoredKey
from crossjudge.contracts.queue import KEYS, KEYS_USED
from crossjudge.service import keys
from crossjudge.service.keys import KeyStore, KeyTrouble, digest, id_of, is_key_of

from .conftest import MakeKey

GOOD = "cj_0123456789_" + "ab" * 32
NO_KEYS = [
    "", "cj_", "cj__", GOOD[:-1], GOOD + "0", GOOD.upper(), GOOD + "\n", " " + GOOD, GOOD.replace("_", "-"),
    GOOD.replace("0", "٠"), "cj_0123456789_" + "é" * 64, "\ud800", "x" * 100_000, GOOD * 1000,
]  # fmt: skip


def record_of(key: str, **more: object) -> StoredKey:
    told = {"id": "0123456789", "sha256": digest(key), "tenant": "acme", "created_at": datetime.now(UTC), **more}
    return StoredKey.model_validate(told)


def test_a_key_says_its_id_and_nothing_else_does() -> None:
    assert id_of(GOOD) == "0123456789"
    assert [id_of(text) for text in NO_KEYS] == [None] * len(NO_KEYS)


def test_only_the_very_key_is_that_of_its_record() -> None:
    record = record_of(GOOD)

    assert is_key_of(record, GOOD)
    assert not any(is_key_of(record, text) for text in NO_KEYS)
    assert not is_key_of(None, GOOD)


@pytest.mark.parametrize("text", [GOOD, GOOD[:-1] + "c", "é", ""])
@pytest.mark.parametrize("is_known", [True, False])
def test_every_key_is_compared_in_constant_time_whether_its_id_is_known_or_not(
    monkeypatch: pytest.MonkeyPatch, text: str, is_known: bool
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def noting(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(keys, "hmac", type("Hmac", (), {"compare_digest": staticmethod(noting)}))
    is_key_of(record_of(GOOD) if is_known else None, text)

    assert [(len(one), len(other)) for one, other in compared] == [(64, 64)]


def test_what_is_kept_of_a_key_is_not_the_key(key_store: KeyStore, redis_url: str) -> None:
    record, key = key_store.create(
        "acme", note="of the night run", weight=2.0, quotas=Quotas(batch_cells=5), expires_at=None
    )

    assert id_of(key) == record.id and is_key_of(record, key)
    assert key_store.all() == [record]
    secret = key.rpartition("_")[2]
    with Redis.from_url(redis_url, decode_responses=True) as redis:
        kept = repr([redis.hgetall(name) for name in redis.scan_iter()])
    assert record.id in kept and secret not in kept and secret not in repr(record)


def test_no_two_keys_are_alike(make_key: MakeKey, key_store: KeyStore) -> None:
    made = {make_key() for _ in range(50)}

    assert len(made) == 50 and len({record.id for record in key_store.all()}) == 50


@pytest.mark.parametrize("tenant", ["", "Acme", "a:b", "-a", "a b", "a\n", "a" * 64, "é"])
def test_a_tenant_has_a_plain_name(make_key: MakeKey, key_store: KeyStore, tenant: str) -> None:
    with pytest.raises(ValidationError, match="tenant"):
        make_key(tenant)
    assert key_store.all() == []


def test_a_change_leaves_alone_what_it_does_not_name(key_store: KeyStore) -> None:
    quotas = Quotas(batch_cells=5, stored_batches=7)
    record, _ = key_store.create("acme", note="a", weight=2.0, quotas=quotas, expires_at=None)

    key_store.change(record.id, {"note": "b"}, {"stored_batches": None, "cells_in_flight": 9})

    (changed,) = key_store.all()
    assert changed == record.model_copy(update={"note": "b", "quotas": Quotas(batch_cells=5, cells_in_flight=9)})
    with pytest.raises(ValidationError, match="weight"):
        key_store.change(record.id, {"weight": -1.0}, {})


def test_a_change_at_the_same_time_does_not_undo_a_revocation(key_store: KeyStore) -> None:
    record, _ = key_store.create("acme", note="", weight=1.0, quotas=Quotas(), expires_at=None)
    changes = [threading.Thread(target=key_store.change, args=(record.id, {"note": f"{n}"}, {})) for n in range(12)]
    for thread in changes:
        thread.start()
    revoked = key_store.revoke(record.id)
    for thread in changes:
        thread.join(30)

    assert revoked.revoked_at is not None and key_store.all()[0].revoked_at == revoked.revoked_at


def test_what_was_revoked_stays_so_and_keeps_its_time(key_store: KeyStore) -> None:
    record, _ = key_store.create("acme", note="", weight=1.0, quotas=Quotas(), expires_at=None)

    assert key_store.revoke(record.id) == key_store.revoke(record.id)


def test_an_unknown_id_is_said_without_repeating_it(key_store: KeyStore) -> None:
    with pytest.raises(KeyTrouble, match="no API key of that id") as error:
        key_store.revoke("cj_perhaps_a_secret")
    assert "secret" not in str(error.value)


def test_a_broken_record_is_said_with_its_remedy(key_store: KeyStore, redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.hset(KEYS, "0123456789", '{"id": 5, "sha256": "abcdef"}')
    with pytest.raises(KeyTrouble, match="hdel crossjudge:keys 0123456789") as error:
        key_store.all()
    assert "abcdef" not in str(error.value)


def test_forgetting_all_keys_forgets_their_use_too(make_key: MakeKey, key_store: KeyStore, redis_url: str) -> None:
    make_key("acme")
    make_key("other", datetime.now(UTC) + timedelta(days=1))
    with Redis.from_url(redis_url) as redis:
        redis.hset(KEYS_USED, "0123456789", "1")

        assert key_store.forget_all() == 2
        assert redis.exists(KEYS, KEYS_USED) == 0

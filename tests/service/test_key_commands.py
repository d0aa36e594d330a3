"""`crossjudge keys` as a person runs it, and as a script does."""

import fcntl
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from crossjudge.contracts.queue import KEYS
from crossjudge.service.embedded import free_port
from crossjudge.service.keys import KeyStore, id_of, is_key_of
from crossjudge.service.stack_folder import LOCK, forget_redis, note_redis, noted_redis

from .conftest import MakeKey

KEYS_COMMAND = [sys.executable, "-m", "crossjudge.service.key_commands"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.endswith("REDIS_URL")}


def keys(*words: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*KEYS_COMMAND, *words], capture_output=True, text=True, timeout=60, env={**ENVIRONMENT, **environment}
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_new_key_alone_is_on_standard_output(redis_url: str, key_store: KeyStore) -> None:
    made = keys("create", "acme", "--redis-url", redis_url)
    second = keys("create", "acme", "--note", "the second", REDIS_URL=redis_url)

    key = made.stdout.removesuffix("\n")
    records = key_store.all()
    assert [id_of(key), id_of(second.stdout.strip())] == [record.id for record in records]
    assert is_key_of(records[0], key) and key not in made.stderr
    assert "the first API key" in made.stderr and "the first API key" not in second.stderr
    assert [record.note for record in records] == ["", "the second"]


def test_what_a_key_is_made_with_stands_in_the_list_and_the_key_does_not(redis_url: str) -> None:
    words = ["--note", "[bold]night[/bold] run", "--weight", "2", "--cells-in-flight", "1000"]
    words += ["--cells-per-minute", "60000"]
    words += ["--stored-batches", "9", "--batch-cells", "500", "--expires", "1.5", "--json", "--redis-url", redis_url]
    made = json.loads(keys("create", "acme", *words).stdout)
    listed = keys("list", "--redis-url", redis_url, "--json").stdout
    table = keys("list", "--redis-url", redis_url).stdout

    (told,) = json.loads(listed)
    key = made.pop("key")
    assert told == made and id_of(key) == told["id"]
    assert told["quotas"] == {
        "cells_in_flight": 1000, "cells_per_minute": 60000, "stored_batches": 9, "batch_cells": 500
    }  # fmt: skip
    assert (told["tenant"], told["weight"], told["state"], told["last_used_at"]) == ("acme", 2.0, "active", None)
    assert told["expires_at"] > told["created_at"]
    assert "[bold]night[/bold] run" in table and "cells in flight 1,000" in table
    secret = key.rpartition("_")[2]
    assert secret not in listed + table and "sha256" not in listed


def test_a_key_is_changed_and_revoked_by_its_id_or_by_itself(redis_url: str, make_key: MakeKey) -> None:
    key = make_key(batch_cells=5, stored_batches=3)
    name = id_of(key) or ""
    where = ["--redis-url", redis_url, "--json"]

    changed = json.loads(keys("change", name, "--batch-cells", "0", "--cells-in-flight", "8", *where).stdout)
    revoked = json.loads(keys("revoke", key, *where).stdout)

    quotas = {"cells_in_flight": 8, "cells_per_minute": None, "stored_batches": 3, "batch_cells": None}
    assert changed["quotas"] == quotas and changed["state"] == "active"
    assert revoked["state"] == "revoked" and revoked["revoked_at"]
    assert "is revoked" in keys("revoke", name, "--redis-url", redis_url).stderr
    assert "say what to change" in keys("change", name, "--redis-url", redis_url, status=2).stderr


def test_all_keys_are_forgotten_only_on_purpose(redis_url: str, make_key: MakeKey, key_store: KeyStore) -> None:
    make_key()
    keys("reset", "--redis-url", redis_url, status=1)
    assert len(key_store.all()) == 1

    keys("reset", "--yes", "--redis-url", redis_url)

    assert "no API key was made yet" in keys("list", "--redis-url", redis_url).stderr
    assert key_store.all() == []


@pytest.mark.parametrize(
    ("words", "status", "why"),
    [
        (["create", "Big Corp"], 2, "tenant 'Big Corp'"),
        (["create", "acme", "--weight", "0"], 2, "weight"),
        (["create", "acme", "--batch-cells", "-1"], 2, "batch-cells"),
        (["create", "acme", "--expires", "soon"], 2, "expires"),
        (["revoke", "cj_nothing"], 1, "there is no API key of that id"),
        (["list", "--redis-url", "http://x"], 2, "the Redis URL 'http://x'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    redis_url: str, key_store: KeyStore, words: list[str], status: int, why: str
) -> None:
    said = keys(*words, status=status, REDIS_URL=redis_url, COLUMNS="200").stderr

    assert why in said and "cj_nothing" not in said
    assert key_store.all() == []


def test_a_broken_record_is_named(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        redis.hset(KEYS, "0123456789", "{}")
    assert "hdel crossjudge:keys 0123456789" in keys("list", "--redis-url", redis_url, status=1).stderr


def test_a_redis_that_is_away_is_named_without_its_password() -> None:
    port = free_port()
    said = keys("list", "--redis-url", f"redis://:secret@127.0.0.1:{port}/0", status=1).stderr

    assert f"no Redis answers at redis://127.0.0.1:{port}/0" in said and "secret" not in said


def test_without_a_redis_named_and_no_stack_running_it_says_what_to_do(tmp_path: Path) -> None:
    said = keys("list", status=1, XDG_STATE_HOME=str(tmp_path)).stderr

    assert f"no `crossjudge up` runs with its data in {tmp_path / 'crossjudge'}" in said
    assert "--redis-url" in said and "--data" in said


def test_the_redis_of_a_running_stack_is_noted_for_its_user_alone(tmp_path: Path) -> None:
    assert noted_redis(tmp_path) is None
    for url in ("redis://:secret@one/0", "redis://two/0"):
        note_redis(tmp_path, url)
    (note,) = tmp_path.iterdir()
    assert stat.S_IMODE(note.stat().st_mode) == 0o600
    with (tmp_path / LOCK).open("w") as lock:
        assert noted_redis(tmp_path) is None, "a stack that was killed has left its note"
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert noted_redis(tmp_path) == "redis://two/0"
        forget_redis(tmp_path)
        assert noted_redis(tmp_path) is None


def test_a_script_finds_the_stack_by_its_folder(tmp_path: Path, redis_url: str, make_key: MakeKey) -> None:
    make_key("acme")
    state = tmp_path / "crossjudge"
    state.mkdir()
    note_redis(state, redis_url)
    with (state / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found: list[Any] = [
            json.loads(keys("list", "--json", *words, status=0, **environment).stdout)
            for words, environment in (
                ([], {"XDG_STATE_HOME": str(tmp_path)}),
                (["--data", str(state)], {"REDIS_URL": "redis://127.0.0.1:1/0"}),
            )
        ]

    assert [[record["tenant"] for record in records] for records in found] == [["acme"]] * 2

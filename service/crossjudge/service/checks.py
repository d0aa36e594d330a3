"""What `crossjudge doctor` says of the queue and the port. Looks only; starts nothing and changes nothing."""

import os
import socket
import subprocess
from collections.abc import Iterator

from redis import Redis
from redis.exceptions import RedisError

from crossjudge.contracts import Check

from .embedded import EmbeddedRedisError, find_redis_server
from .redis_url import what_is_wrong, without_password

_PORT = 8000
_OLDEST = (6, 2)  # RQ moves jobs with LMOVE, and we ask ZMSCORE


def checks() -> Iterator[Check]:
    """Redis and the service's port."""
    yield _server()
    url = os.environ.get("CROSSJUDGE_REDIS_URL") or os.environ.get("REDIS_URL")
    if url:
        yield from _reachable(url)
    yield _port()


def _server() -> Check:
    try:
        path = find_redis_server()
    except EmbeddedRedisError as error:
        return Check(name="redis-server", status="warn", found="none found", mend=str(error))
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return Check(
            name="redis-server", status="fail", found=f"{path} does not run: {error}",
            mend="install one (Debian: apt install redis-server) or set REDIS_URL",
        )  # fmt: skip
    version = next((word.removeprefix("v=") for word in said.split() if word.startswith("v=")), said.strip())
    return Check(name="redis-server", status="ok", found=f"{path}, version {version}; `crossjudge up` starts it")


def _reachable(url: str) -> Iterator[Check]:
    shown = without_password(url)
    try:
        with Redis.from_url(url, socket_connect_timeout=3, socket_timeout=3) as redis:
            version = str(redis.info("server")["redis_version"])
            yield _version(shown, version)
            yield _append_only(redis)
    except ValueError as error:
        yield Check(name="REDIS_URL", status="fail", found=what_is_wrong(url, error), mend="correct REDIS_URL")
    except (RedisError, OSError) as error:
        mend = "start that Redis, correct REDIS_URL, or unset it: `crossjudge up` then starts one of its own"
        yield Check(name="REDIS_URL", status="fail", found=f"{shown} does not answer: {error}", mend=mend)


def _version(shown: str, version: str) -> Check:
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < _OLDEST:
        mend = "use Redis 6.2 or newer"
        return Check(name="REDIS_URL", status="fail", found=f"{shown} is Redis {version}, too old", mend=mend)
    return Check(name="REDIS_URL", status="ok", found=f"{shown} answers, Redis {version}")


def _append_only(redis: Redis) -> Check:
    try:
        value = redis.config_get("appendonly").get("appendonly")
    except RedisError:  # hosted ones hide their configuration
        return Check(name="append-only file", status="warn", found="this Redis does not say whether it keeps one")
    if value == "yes":
        return Check(name="append-only file", status="ok", found="on: batches survive a restart of Redis")
    mend = "redis-cli config set appendonly yes (and the same in redis.conf)"
    return Check(name="append-only file", status="warn", found="off: a restart of Redis loses batches", mend=mend)


def _port() -> Check:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", _PORT))
        except OSError as error:
            mend = f"stop what listens there, or choose another: crossjudge up --port {_PORT + 1}"
            return Check(name=f"port {_PORT}", status="warn", found=f"not free: {error.strerror}", mend=mend)
    return Check(name=f"port {_PORT}", status="ok", found="free")

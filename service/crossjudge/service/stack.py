"""The stack of one machine: Redis, the service and workers as child processes, from first to last.

Nothing is left behind, however it ends: on Ctrl-C or SIGTERM the workers are stopped first, Redis last; where this
process is killed outright, the kernel ends its children (see `children.end_with_parent`). The lock of the data folder
is held by this process and by Redis, so that a second stack waits until really nobody writes there.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from .children import Child
from .embedded import EmbeddedRedis, EmbeddedRedisError, free_port
from .patience import RedisAway, readiness, wait_for_redis
from .redis_url import without_password
from .server import PortTaken, listen
from .stack_folder import LOCK, forget_redis, note_redis
from .stack_screen import Running, Screen

_START_SECONDS = 90.0
_LOCK_SECONDS = 5.0
_LOOK_SECONDS = 0.2
_SERVICE_GRACE_SECONDS = 10.0
_WORKER_GRACE_SECONDS = 8.0


class StackError(Exception):
    """The stack cannot start or cannot go on; the message says why and what to do."""


class _Asked(Exception):
    """Somebody asked us to end."""


@dataclass(frozen=True)
class Plan:
    """What to start, where. No `redis_url` is a Redis of our own."""

    host: str
    port: int
    workers: int | None
    folder: Path
    redis_url: str | None
    redis_port: int | None
    redis_wait_s: float = 10.0
    sandbox: str = "nsjail"


class Stack:
    """Runs once."""

    def __init__(self, plan: Plan, screen: Screen) -> None:
        self._plan = plan
        self._screen = screen
        self._workers = plan.workers or len(os.sched_getaffinity(0))
        self._port = plan.port or free_port()
        self._redis: EmbeddedRedis | None = None
        self._redis_url = plan.redis_url or ""
        self._service: Child | None = None
        self._worker: Child | None = None

    def run(self) -> None:
        """Start everything, look after it until asked to end, stop everything. Raises `StackError`."""
        with _signals_raise(), _locked(self._plan.folder, self._address(), self._screen) as lock:
            try:
                self._start(lock)
                self._screen.ready(self._running())
                self._look_after()
            except _Asked:
                self._screen.note("stopping …")
            finally:
                with _deaf():
                    self._stop()

    def _address(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._plan.host, self._plan.host)
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    def _start(self, lock: int) -> None:
        try:
            listen(self._plan.host, self._port).close()  # said now, not by a child in its log
            if not self._redis_url:
                self._start_redis(lock)
            wait_for_redis(self._redis_url, self._plan.redis_wait_s)
            note_redis(self._plan.folder, self._redis_url)
        except (PortTaken, EmbeddedRedisError, RedisAway) as error:
            raise StackError(str(error)) from error
        python, logs = [sys.executable, "-m"], self._plan.folder / "logs"
        where = ["--host", self._plan.host, "--port", str(self._port)]
        redis = {"CROSSJUDGE_REDIS_URL": self._redis_url}
        self._service = Child(
            "service", [*python, "crossjudge.service", *where], logs / "service.log",
            grace_s=_SERVICE_GRACE_SECONDS, environment=redis,
        )  # fmt: skip
        self._worker = Child(
            "worker",
            [*python, "crossjudge.worker", "--workers", str(self._workers), "--sandbox", self._plan.sandbox],
            logs / "worker.log", grace_s=_WORKER_GRACE_SECONDS, environment=redis,
        )  # fmt: skip
        for child in (self._service, self._worker):
            child.start()
        self._wait_until_ready()

    def _start_redis(self, lock: int) -> None:
        self._redis = EmbeddedRedis(
            self._plan.folder / "redis", port=self._plan.redis_port, start_timeout_s=60.0, keep_open=(lock,),
            end_with_parent=True,
        )  # fmt: skip
        self._redis.start()
        self._redis_url = self._redis.url

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while readiness(self._address()) is None:
            for child in filter(None, (self._service, self._worker)):
                if (status := child.status()) is not None:
                    raise StackError(f"the {child.name} ended with status {status}; its log ends:\n{child.tail()}")
            if time.monotonic() > deadline:
                raise StackError(f"nothing is ready after {_START_SECONDS:.0f} s; see {self._plan.folder / 'logs'}")
            time.sleep(0.05)

    def _running(self) -> Running:
        pids = {child.name: child.pid for child in (self._service, self._worker) if child and child.pid}
        if self._redis is not None and self._redis.pid is not None:
            pids["redis"] = self._redis.pid
        return Running(
            url=self._address(), redis_url=without_password(self._redis_url), workers=self._workers,
            data=str(self._plan.folder), sandbox=self._plan.sandbox, pids={"up": os.getpid(), **pids},
        )  # fmt: skip

    def _look_after(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            if self._redis is not None and not self._redis.is_running:
                self._screen.warn("Redis died; it starts again with what it had written")
                self._start_again(self._redis)
            for child in filter(None, (self._service, self._worker)):
                if happened := child.look_after():
                    self._screen.warn(happened)

    def _start_again(self, redis: EmbeddedRedis) -> None:
        try:
            redis.start()
        except EmbeddedRedisError as error:
            raise StackError(str(error)) from error

    def _stop(self) -> None:
        forget_redis(self._plan.folder)
        for part in (self._worker, self._service, self._redis):
            if part is not None:
                part.stop()


@contextlib.contextmanager
def _locked(folder: Path, address: str, screen: Screen) -> Iterator[int]:
    """The data folder, for us alone. Raises `StackError` where another stack has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StackError(
            f"cannot keep data in {folder}: {error.strerror}; choose another folder with --data"
        ) from error
    try:
        _take(lock, folder)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"pid {os.getpid()}, {address}".encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _take(lock: int, folder: Path) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.pread(lock, 200, 0).decode("utf-8", "replace") or "unknown"
                raise StackError(
                    f"another `crossjudge up` ({holder}) has its data in {folder}: use that one, stop it, "
                    "or choose another folder with --data and another --port"
                ) from None
        time.sleep(0.1)


@contextlib.contextmanager
def _signals_raise() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end what runs in the block by `_Asked`; before the first child as after it."""

    def asked(number: int, frame: FrameType | None) -> None:
        raise _Asked

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, asked) for number in numbers}
    try:
        yield
    except _Asked:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """No signal breaks off the stopping: impatience would leave processes behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    yield

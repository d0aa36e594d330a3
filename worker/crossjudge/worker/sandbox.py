"""One jail: its process, its pipes, its clock. Knows nothing of what its walls are made of, of verdicts or queues."""

import json
import os
import select
import subprocess
import tempfile
import threading
import time
from typing import Any

from .errors import JailError, Stopped
from .settings import WorkerSettings
from .walls import WALLS
from .walls.launch import Launch

_SILENT_SECONDS = 120.0
_MAX_ANSWER_BYTES = 1 << 30
_STOP_CHECK_SECONDS = 0.2


class Jail:
    """A running jail. Not for several threads at once."""

    def __init__(self, settings: WorkerSettings, number: int = 0, *, silent_seconds: float = _SILENT_SECONDS) -> None:
        self._settings = settings
        self._number = number
        self._silent_seconds = silent_seconds
        self._launch: Launch | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`

    def start(self) -> None:
        """Start it and wait until its supervisor answers. Raises `JailError`."""
        self._launch = WALLS[self._settings.sandbox](self._settings, self._number)
        try:
            self._process = self._launch.start(self._log)
        except OSError as error:
            what = f"{self._settings.sandbox} ({self._launch.command[0]})"
            raise JailError(f"cannot run {what}: {error}; see `crossjudge doctor`") from error
        self._receive(threading.Event())

    def is_up(self) -> bool:
        """Whether it still runs, and is as silent as one that nobody has asked anything."""
        assert self._process is not None and self._process.stdout is not None
        return self._process.poll() is None and not select.select([self._process.stdout], [], [], 0)[0]

    def ask(self, message: dict[str, Any], stop: threading.Event) -> dict[str, Any]:
        """Send one request, return its answer. Raises `JailError` when it does not come, `Stopped` when `stop` is set.

        However long it takes, a sound jail says all the while that it is alive.
        After either the jail is of no more use, and `close` is all that can be done with it.
        """
        body = json.dumps(message).encode("ascii")
        try:
            self._send(len(body).to_bytes(4, "big") + body)
        except OSError as error:
            raise self._broken("it ended") from error
        answer = self._receive(stop)
        while "alive" in answer:
            answer = self._receive(stop)
        if "broken" in answer:
            raise self._broken(str(answer["broken"]))
        return answer

    def close(self) -> None:
        """Kill it, and with it everything that runs inside."""
        if self._process is not None:
            assert self._launch is not None
            self._launch.end(self._process)
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                try:
                    pipe.close()
                except BrokenPipeError:  # a request that was under way: nobody is there to read it
                    continue
            self._process = None
        if self._launch is not None:
            self._launch.clean()
        self._log.close()

    def _send(self, data: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _receive(self, stop: threading.Event) -> dict[str, Any]:
        deadline = time.monotonic() + self._silent_seconds
        size = int.from_bytes(self._read(4, deadline, stop), "big")
        if size > _MAX_ANSWER_BYTES:
            raise self._broken(f"it announced an answer of {size} bytes")
        try:
            answer = json.loads(self._read(size, deadline, stop))
        except (ValueError, RecursionError) as error:
            raise self._broken("it did not answer in JSON") from error
        if not isinstance(answer, dict):
            raise self._broken("it did not answer with an object")
        return answer

    def _read(self, size: int, deadline: float, stop: threading.Event) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        descriptor, pieces = self._process.stdout.fileno(), []
        while size:
            if stop.is_set():
                raise Stopped("given up while a row was being judged")
            if select.select([descriptor], [], [], _STOP_CHECK_SECONDS)[0]:
                piece = os.read(descriptor, min(size, 1 << 20))
                if not piece:
                    raise self._broken("it ended")
                pieces.append(piece)
                size -= len(piece)
            elif time.monotonic() > deadline:
                raise self._broken(f"it gave no sign of life for {self._silent_seconds:g} s")
        return b"".join(pieces)

    def _broken(self, what: str) -> JailError:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 2000))
        log = self._log.read().decode("utf-8", "replace").strip()
        return JailError(
            f"the jail broke: {what}; see `crossjudge doctor`{'. Its log ends:' if log else ''}\n{log}".strip()
        )

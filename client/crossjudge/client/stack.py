"""A stack of its own for as long as it is needed: `crossjudge up` as a child process on free ports.

Knows nothing of what `up` starts: it runs the command, waits until the service answers, and asks it to end.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .errors import CrossjudgeError

_PR_SET_PDEATHSIG = 1
_START_TIMEOUT_S = 90.0
_STOP_TIMEOUT_S = 30.0
_REDIS_VARIABLES = ("REDIS_URL", "CROSSJUDGE_REDIS_URL")
_COMMAND = [sys.executable, "-m", "crossjudge.client", "up"]


class StackError(CrossjudgeError):
    """The stack did not come up, or ended too early; the message quotes the end of its log."""


class Stack:
    """Redis, service and workers with their data in `folder`; up once entered, and no process of it is left after.

    `jails` is how many each worker process has. Raises `StackError` on entering.
    """

    def __init__(self, folder: Path, *, workers: int | None = None, jails: int | None = None) -> None:
        self.folder = folder
        self.log = folder / "stack.log"
        self.url = ""
        self.pids: dict[str, int] = {}
        """Process ids by part, as `up` said them once it was ready."""
        self._workers = workers
        self._jails = jails
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process that all others of the stack descend from."""
        return self._process.pid if self._process else None

    def log_tail(self, lines: int = 20) -> str:
        """The end of what the stack logged."""
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:]) or "(it wrote nothing)"

    def start(self) -> None:
        command = [*_COMMAND, "--json", "--port", "0", "--data", str(self.folder / "data")]
        command += [] if self._workers is None else ["--workers", str(self._workers)]
        # With a Redis of its own, whatever Redis others share: what is queued here is judged here.
        environment = {name: value for name, value in os.environ.items() if name not in _REDIS_VARIABLES}
        environment |= {} if self._jails is None else {"CROSSJUDGE_JAILS": str(self._jails)}
        said = self.folder / "stack.json"
        with said.open("wb") as answers, self.log.open("wb") as log:
            # A session of its own: Ctrl-C in a terminal reaches us alone, and we ask the stack to end.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=answers, stderr=log, env=environment,
                start_new_session=True, preexec_fn=end_with_parent,
            )  # fmt: skip
        ready = self._ready(said)
        self.url, self.pids = ready["url"], ready["pids"]

    def stop(self) -> None:
        """Ask it to end as Ctrl-C would, then less kindly. Ctrl-C in here takes us on to the next way of asking."""
        if self._process is None:
            return
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(number)
                try:
                    self._process.wait(_STOP_TIMEOUT_S)
                except (subprocess.TimeoutExpired, KeyboardInterrupt):
                    continue
        self._process = None

    def _ready(self, said: Path) -> dict[str, Any]:
        """What `up` says once everything listens: one line of JSON."""
        assert self._process is not None
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            for line in said.read_text("utf-8", "replace").splitlines(keepends=True):
                if line.startswith("{") and line.endswith("\n"):
                    answer: dict[str, Any] = json.loads(line)
                    return answer
            if self._process.poll() is not None:
                raise StackError(
                    f"the stack ended with status {self._process.returncode}; its log ends:\n{self.log_tail()}"
                )
            time.sleep(0.05)
        raise StackError(f"the stack was not up after {_START_TIMEOUT_S:.0f} s; its log ends:\n{self.log_tail()}")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def end_with_parent(number: signal.Signals = signal.SIGTERM) -> None:
    """In the child, before it becomes another program: when we are killed outright, it gets this signal."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)

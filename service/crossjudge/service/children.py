"""Child processes that are looked after: started, logged to a file, started again when they die, stopped for good."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
_STEADY_SECONDS = 60.0
_LARGE_LOG = 50 * 2**20


def end_with_parent() -> None:
    """For `preexec_fn`: the kernel sends the child SIGTERM when the thread that started it ends, by whatever means."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before we could ask
        os._exit(1)


class Child:
    """One program of a stack. In a session of its own, so that Ctrl-C reaches its parent alone, who then stops it."""

    def __init__(
        self, name: str, command: list[str], log: Path, *, grace_s: float, environment: dict[str, str] | None = None
    ) -> None:
        """`environment` is set on top of ours: what is secret belongs there, for everybody may read command lines."""
        self.name = name
        self.command = command
        self.log = log
        self.grace_s = grace_s
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._deaths = 0
        self._start_again_at: float | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LARGE_LOG:
            self.log.replace(self.log.with_suffix(".log.old"))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | self._environment,
                start_new_session=True, preexec_fn=end_with_parent,
            )  # fmt: skip
        self._started = time.monotonic()

    def status(self) -> int | None:
        """The exit status of a child that has died; none while it runs."""
        return self._process.poll() if self._process else None

    def look_after(self) -> str | None:
        """Start it again some time after it died. What happened, in words, where something did."""
        status, now = self.status(), time.monotonic()
        if self._process is None or status is None:
            return None
        if self._start_again_at is None:
            self._deaths = 0 if now - self._started > _STEADY_SECONDS else self._deaths + 1
            pause = _BACKOFF_SECONDS[min(max(self._deaths - 1, 0), len(_BACKOFF_SECONDS) - 1)]
            self._start_again_at = now + pause
            self._kill_the_rest()
            return f"the {self.name} died ({_how(status)}); it starts again in {pause:g} s; its log is {self.log}"
        if now < self._start_again_at:
            return None
        self._start_again_at = None
        self.start()
        return f"the {self.name} was started again"

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        text = self.log.read_text("utf-8", "replace")[-8000:] if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:]) or "(it wrote nothing)"

    def ask_to_end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self) -> None:
        """End it: kindly, then again, then at once; nothing of its session is left."""
        if self._process is None:
            return
        for _ in range(2):
            self.ask_to_end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.grace_s)
                break
        self._kill_the_rest()
        self._process.wait()
        self._process = None

    def _kill_the_rest(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def _how(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"

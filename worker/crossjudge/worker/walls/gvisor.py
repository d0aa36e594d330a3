"""gVisor: a kernel of its own between programs and the machine's. Slower, and a hole in Linux is not one in it.

The supervisor runs in an OCI bundle under `runsc run`, as root of gVisor's making. Where the worker is root and may do
as root does, runsc makes the sandbox a nobody outside; otherwise all of it happens in a user namespace of the worker's.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from crossjudge.worker.cgroups import JailGroup, make_group
from crossjudge.worker.errors import JailError
from crossjudge.worker.settings import WorkerSettings
from crossjudge.worker.users import has_capability

from . import contents
from .launch import Launch

_CAP_SYS_ADMIN = 21
# What the supervisor needs of gVisor: to make namespaces, mounts and devices, a second user for cells; to end them.
_CAPABILITIES = [
    "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_MKNOD", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL",
    "CAP_SYS_PTRACE",
]  # fmt: skip
# Where the supervisor reads the CPU time that Linux has counted for the sandbox; see jail/ground.py.
_CLOCK = Path("/sys/clock")
_UNLIMITED = (1 << 64) - 1
_LIMITS = {  # as in nsjail.cfg
    "RLIMIT_AS": _UNLIMITED,
    "RLIMIT_CORE": 0,
    "RLIMIT_CPU": _UNLIMITED,
    "RLIMIT_FSIZE": _UNLIMITED,
    "RLIMIT_NOFILE": 512,
    "RLIMIT_STACK": 64 << 20,
}
_SPARE = ["nosuid", "nodev", "size=4096"]
_HIDDEN = ["ro", *_SPARE, "mode=0700"]  # runsc mounts its own /sys where it is given none; cells are not to look here
# Where the worker is killed, the supervisor ends for want of input, and runsc with it; then the folder goes.
_THEN_REMOVE = 'folder=$1; shift; "$@"; status=$?; rm -rf "$folder"; exit $status'


def launch(settings: WorkerSettings, number: int) -> Launch:
    """runsc, and a bundle in a folder of this jail's own, which holds runsc's state too."""
    runsc = find_runsc(settings)
    folder = Path(tempfile.mkdtemp(prefix="crossjudge-gvisor-"))
    group = make_group(settings.cgroup)
    _make_bundle(folder, settings, group)
    group.close_files()  # none is handed in: what gVisor is given of them is one to read
    command = [str(runsc), f"--root={folder / 'state'}", "--network=none", "--ignore-cgroups"]
    if settings.gvisor_platform is not None:
        command += [f"--platform={settings.gvisor_platform}"]
    if not has_capability(_CAP_SYS_ADMIN):
        command += ["--rootless"]
    command += ["run", f"--bundle={folder}", folder.name]
    enter = [f"echo $$ > '{place / 'cgroup.procs'}'" for place in group.folders]
    script = "\n".join([*enter, _THEN_REMOVE])
    # Of the worker's environment runsc needs nothing else, and could misread some: it takes TMPDIR for a mount point.
    environment = {"PATH": os.environ.get("PATH", os.defpath)}
    return Launch(["/bin/sh", "-c", script, "sh", str(folder), *command], environment, folder=folder, group=group)


def find_runsc(settings: WorkerSettings) -> Path:
    """The runsc binary: the one of the settings, else the one on the PATH. Raises `JailError`."""
    found = settings.runsc_path or shutil.which("runsc")
    if found is None:
        raise JailError(
            "no runsc found: install gVisor (Debian and Ubuntu: `apt install runsc`; others: gvisor.dev/docs), "
            "or set CROSSJUDGE_RUNSC_PATH to its binary"
        )
    return Path(found)


def _make_bundle(folder: Path, settings: WorkerSettings, group: JailGroup) -> None:
    for place, text in contents.made_files().items():
        file = folder / "root" / place.relative_to("/")
        file.parent.mkdir(parents=True)
        file.write_text(text, "utf-8")
    (folder / "config.json").write_text(json.dumps(_bundle(settings, group)), "utf-8")


def _bundle(settings: WorkerSettings, group: JailGroup) -> dict[str, Any]:
    """The OCI runtime specification of the jail, as nsjail.cfg has it."""
    environment = [f"{name}={value}" for name, value in contents.environment().items()]
    return {
        "ociVersion": "1.0.0",
        "hostname": "jail",
        "root": {"path": "root", "readonly": True},
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": contents.supervisor_command("gvisor"),
            "env": environment,
            "cwd": "/",
            "noNewPrivileges": True,
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted", "inheritable"), _CAPABILITIES),
            "rlimits": [{"type": name, "hard": value, "soft": value} for name, value in _LIMITS.items()],
        },
        "mounts": list(_mounts(settings, group)),
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
    }


def _mounts(settings: WorkerSettings, group: JailGroup) -> list[dict[str, Any]]:
    bound = contents.system_mounts() | contents.mounts(settings.jail_packages)
    memory = [Path("/tmp"), *contents.covered()]
    counted = {_CLOCK: Path(f"/proc/self/fd/{group.files['cpu']}")} if "cpu" in group.files else {}
    return [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["ro", "nosuid", "nodev", "noexec"]},
        *(_bound(at, to) for to, at in bound.items()),
        *({"destination": str(place), "type": "tmpfs", "source": "none", "options": _SPARE} for place in memory),
        {"destination": "/sys", "type": "tmpfs", "source": "none", "options": _HIDDEN},
        *(_bound(at, to) for to, at in counted.items()),
    ]


def _bound(path: Path, place: Path) -> dict[str, Any]:
    options = ["ro", "nosuid", "nodev"]
    return {"destination": str(place), "type": "bind", "source": os.path.realpath(path), "options": options}

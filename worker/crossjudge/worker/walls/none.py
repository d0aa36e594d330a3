"""No wall at all, for debugging: the supervisor as a plain process of the worker's own user.

Programs can read and change all that this user can, reach the network, and signal this user's processes. Limits on CPU
time, wall time, memory and the number of processes hold; those on files do not.
"""

import tempfile
from pathlib import Path

from crossjudge.worker.settings import WorkerSettings

from . import contents
from .launch import Launch

WARNING = (
    "NO SANDBOX: programs run as the worker's own user and can read and change all that it can. "
    "For debugging with programs you trust; set CROSSJUDGE_SANDBOX=nsjail or gvisor for any others"
)
_GRACE_SECONDS = 10.0


def launch(settings: WorkerSettings, number: int) -> Launch:
    """The supervisor's command, and a folder that stands for the jail's root."""
    base = Path(tempfile.mkdtemp(prefix="crossjudge-none-"))
    for place, path in contents.mounts(settings.jail_packages).items():
        if place == contents.OUR_CODE or place.parent == contents.PACKAGES:
            link = base / place.relative_to("/")
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(path)
    files = str(base / "files")
    environment = contents.environment() | {"HOME": files, "TMPDIR": files}
    return Launch(contents.supervisor_command("none", str(base)), environment, folder=base, grace_s=_GRACE_SECONDS)

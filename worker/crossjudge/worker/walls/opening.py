"""A way for everybody to what lies in a folder that only root may enter, such as a Python under /root.

A supervisor that is nobody outside could not mount it from there. So the jail's command starts in a mount namespace of
its own, in which a folder that everybody may enter shows what is below the closed one; nobody else sees that, and it is
gone with the jail. Needs a worker that may mount.
"""

import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from crossjudge.worker.users import closed_folder, has_capability

_CAP_SYS_ADMIN = 21
_PLACE = Path("/mnt")  # something is there on every machine; what it is does not matter in a namespace of our own
_PRIVATE = ("unshare", "--mount", "--propagation", "private", "sh", "-ec")
_EMPTY = f"mount -t tmpfs -o mode=0755 none {_PLACE}\n"
_PROBE_SECONDS = 10
# Pairs of folder and place, then `--`, then the command.
_SCRIPT = f'{_EMPTY}while [ "$1" != -- ]; do mkdir "$2"; mount --bind "$1" "$2"; shift 2; done\nshift\nexec "$@"'


def opened(paths: Iterable[Path]) -> tuple[list[str], dict[Path, Path]]:
    """Words to put before the jail's command, and from where each of the paths can be mounted then."""
    paths = list(paths)
    closed = dict.fromkeys(closed for path in paths if (closed := _below_closed(path)) is not None)
    if not closed or not _may_mount() or any(path.is_relative_to(_PLACE) for path in paths):
        return [], {path: path for path in paths}
    places = {folder: _PLACE / str(number) for number, folder in enumerate(closed)}
    pairs = [str(word) for pair in places.items() for word in pair]
    return [*_PRIVATE, _SCRIPT, "sh", *pairs, "--"], {path: _moved(path, places) for path in paths}


def _below_closed(path: Path) -> Path | None:
    """The first folder on the way to a path from which on everybody may pass, where there is one who may not before."""
    path = path.resolve()
    closed = closed_folder(path)
    return None if closed is None else Path(*path.parts[: len(closed.parts) + 1])


def _moved(path: Path, places: dict[Path, Path]) -> Path:
    below = _below_closed(path)
    return path if below is None else places[below] / path.resolve().relative_to(below)


@cache
def _may_mount() -> bool:
    """Found out by doing it."""
    if not has_capability(_CAP_SYS_ADMIN) or not all(map(shutil.which, ("unshare", "mount", "sh", "mkdir"))):
        return False
    try:
        run = subprocess.run([*_PRIVATE, _EMPTY], capture_output=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return run.returncode == 0

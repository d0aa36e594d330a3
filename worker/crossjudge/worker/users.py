"""Which users of the machine a jail's processes are. Knows nothing of nsjail but the form of its options.

A worker that is root gives each jail two users that own nothing and are nobody else's: one for its supervisor, one for
its cells. The supervisor stays root where the interpreter, or a package, lies in a folder that only root may enter, and
no way can be made to it (see `walls.opening`), since it could not be mounted otherwise.

A worker that is not root, or may not map other users, has only its own: cells then differ from their supervisor in
their capabilities and their system call filter alone.
"""

import os
from pathlib import Path

_CAP_SETGID, _CAP_SETUID = 6, 7
_JAILS = 64  # of one worker process at a time
_FIRST = 1_000_000
_FIRST_IN_A_CONTAINER = 20_000  # where only the usual 65,536 users are there to be mapped
_INSIDE = 1000
"""What a cell's user is called inside."""


def user_options(number: int, *, is_open: bool) -> list[str]:
    """nsjail's options for the jail of this number; `is_open` where anybody may mount what is mounted there."""
    user, group = os.geteuid(), os.getegid()
    may_map = has_capability(_CAP_SETUID) and has_capability(_CAP_SETGID)
    cell = _spare_user(number) if user == 0 and may_map else None
    if cell is None:
        return ["-u", f"{_INSIDE}:{user}:1", "-g", f"{_INSIDE}:{group}:1"]
    ours = cell + 1 if is_open else 0
    options = []
    for option in ("-u", "-g"):
        options += [option, f"0:{ours}:1", option, f"{_INSIDE}:{cell}:1"]
    return options


def has_second_user() -> bool:
    """Whether cells are another user than their supervisor."""
    return (
        os.geteuid() == 0 and has_capability(_CAP_SETUID) and has_capability(_CAP_SETGID) and _spare_user(0) is not None
    )


def has_capability(number: int) -> bool:
    """Whether this process has a capability, by its number."""
    status = Path("/proc/self/status").read_text("ascii", "replace")
    effective = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff:")), 0)
    return bool(effective >> number & 1)


def _spare_user(number: int) -> int | None:
    """The first of two users that no other jail on this machine has; None where there are none to spare."""
    place = 2 * (os.getpid() % _FIRST * _JAILS + number % _JAILS)
    for candidate in (_FIRST + place, _FIRST_IN_A_CONTAINER + place % _FIRST_IN_A_CONTAINER):
        if all(_is_mapped(Path(f"/proc/self/{kind}_map"), candidate) for kind in ("uid", "gid")):
            return candidate
    return None


def _is_mapped(table: Path, first: int) -> bool:
    ranges = (tuple(map(int, line.split())) for line in table.read_text("ascii").splitlines())
    return any(inside <= first and first + 1 < inside + count for inside, _, count in ranges)


def closed_folder(path: Path) -> Path | None:
    """The last folder on the way to a path that not everybody may enter."""
    return next((folder for folder in path.resolve().parents if not folder.stat().st_mode & 0o001), None)

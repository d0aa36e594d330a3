"""Control groups, one for the cells of each jail, where this machine lets the worker make them (as root, mostly).

With them the kernel itself counts CPU time and memory, to the last child and page, and stops a cell that asks for too
much memory. Without them the keeper looks from outside, and sees what is alive at the moment of a look.

Version 1 has a hierarchy for each kind of counter; in version 2, or where both are mounted, each kind is taken from
where it is. Knows nothing of what the jail does with the files that it opens here (see `jail.meters`).
"""

import contextlib
import itertools
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

_PREFIX = "crossjudge"
_VERSION_1 = {
    "cpuacct": {"cpu": "cpuacct.usage"},
    "memory": {
        "held": "memory.usage_in_bytes",
        "stat": "memory.stat",
        "events": "memory.oom_control",
        "limit": "memory.limit_in_bytes",
        "hits": "memory.failcnt",
    },
}
_VERSION_2 = {
    "cpu": {"cpu": "cpu.stat"},  # counted in every group, whatever controllers it has
    "memory": {
        "held": "memory.current",
        "stat": "memory.stat",
        "events": "memory.events",
        "limit": "memory.max",
        "hits": "memory.events",
    },
}
_WRITTEN = ("limit",)
_NO_SWAP = {"memory.swappiness": "0", "memory.swap.max": "0"}  # a cell that swaps is as slow as one that hangs
_REMOVAL_SECONDS = 5.0
_REMOVAL_PAUSE_SECONDS = 0.01
_NUMBERS = itertools.count()


@dataclass
class JailGroup:
    """The groups of one jail: folders of the kernel's, and open files in them for the jail to use."""

    folders: list[Path] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    enter: list[int] = field(default_factory=list)

    @property
    def descriptors(self) -> list[int]:
        """What the jail's supervisor has to inherit."""
        return [*self.enter, *self.files.values()]

    @property
    def argument(self) -> dict[str, list[int] | int]:
        """What the supervisor has to be told."""
        return {"enter": self.enter, **self.files}

    def close_files(self) -> None:
        """The jail has them now."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.enter, self.files = [], {}

    def remove(self) -> None:
        """Remove the groups once their last process is gone, which may take the kernel a moment."""
        self.close_files()
        deadline = time.monotonic() + _REMOVAL_SECONDS
        while self.folders and time.monotonic() < deadline:
            self.folders = [folder for folder in self.folders if not _remove(folder)]
            if self.folders:
                time.sleep(_REMOVAL_PAUSE_SECONDS)


def make_group(within: Path | None = None) -> JailGroup:
    """Groups for one more jail, of as many kinds as can be had here, perhaps none; `within` a folder of version 2's."""
    group = JailGroup()
    name = f"{_PREFIX}-{_owner(os.getpid())}-{next(_NUMBERS)}"
    for parent, files in _parents(within):
        wanted = {name: file for name, file in files.items() if name not in group.files}
        with contextlib.suppress(OSError):
            _add(group, parent / name, wanted)
    return group


def _add(group: JailGroup, folder: Path, files: dict[str, str]) -> None:
    """Make one folder and open its files; all of them or none. Raises `OSError`."""
    if not files:
        return
    if "memory.max" in files.values():
        with contextlib.suppress(OSError):  # it may be enabled already, or not ours to enable
            (folder.parent / "cgroup.subtree_control").write_text("+memory")
    folder.mkdir(exist_ok=folder in group.folders)
    opened: dict[str, int] = {}
    try:
        for name, file in files.items():
            opened[name] = os.open(folder / file, os.O_RDWR if name in _WRITTEN else os.O_RDONLY)
        if folder not in group.folders:
            group.enter.append(os.open(folder / "cgroup.procs", os.O_WRONLY))
            group.folders.append(folder)
    except OSError:
        for descriptor in opened.values():
            os.close(descriptor)
        if folder not in group.folders:
            _remove(folder)
        raise
    group.files |= opened
    for name, value in _NO_SWAP.items():
        if (folder / name).exists():
            with contextlib.suppress(OSError):
                (folder / name).write_text(value)


def _parents(within: Path | None) -> list[tuple[Path, dict[str, str]]]:
    """In which folder a group of each kind belongs, by what the kernel says of this process; the best way first."""
    if within is not None:
        return [(within, files) for files in _VERSION_2.values()]
    own = [line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text("ascii", "replace").splitlines()]
    mounts = list(_mounts())
    found = []
    for controllers, path in own:
        for kinds, root, place in mounts:
            if set(controllers.split(",")) & kinds or (not controllers and "cgroup2" in kinds):
                folder = place / os.path.relpath(path, root)
                which = _VERSION_1 if controllers else _VERSION_2
                found += [(folder, which[kind]) for kind in which if not controllers or kind in controllers.split(",")]
    return found


def _mounts() -> list[tuple[set[str], str, Path]]:
    """Where groups are mounted: their kinds, the group that is seen there, and the folder."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines():
        words, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            root, place = words.split(" ")[3:5]
            kinds = {"cgroup2"} if kind == "cgroup2" else set(options.split(" ")[-1].split(","))
            found.append((kinds, root, Path(place)))
    return found


def sweep(within: Path | None = None) -> None:
    """Remove what workers have left that were killed before they could."""
    ours = f"{_PREFIX}-{_namespace()}-*"
    for parent, _ in _parents(within):
        # A worker that is started again may have been given another group beside the one before it.
        for folder in {*parent.glob(ours), *parent.parent.glob(f"*/{ours}")}:
            owner, _, _ = folder.name.removeprefix(f"{_PREFIX}-").rpartition("-")
            if owner != _owner(int(owner.split("-")[1])):
                _remove(folder)


def _owner(pid: int) -> str:
    """A process by its namespace, its number and the moment of its start, since numbers come again."""
    started = "gone"
    with contextlib.suppress(OSError):
        started = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
    return f"{_namespace()}-{pid}-{started}"


def _namespace() -> int:
    """The number of the namespace that process numbers belong to: those of other containers say nothing to us."""
    return Path("/proc/self/ns/pid").stat().st_ino


def _remove(folder: Path) -> bool:
    """Whether it is gone."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:  # a process is in it, or is about to be gone
        return False
    return True


def describe(within: Path | None = None) -> tuple[list[str], str]:
    """What can be counted here by the kernel (`cpu`, `memory`), found out by doing it; and the version that does it."""
    group = make_group(within)
    kinds = [kind for kind, name in (("cpu", "cpu"), ("memory", "limit")) if name in group.files]
    versions = {"v1" if (folder / "tasks").exists() else "v2" for folder in group.folders}
    group.remove()
    return kinds, " and ".join(sorted(versions))

"""What programs find in a jail, whatever the wall: the interpreter, packages, our own code, the environment.

The policy file is nsjail's own, `jail/nsjail.cfg`; what the other walls have in common with it is read from there.
"""

import os
import re
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib import metadata, resources
from pathlib import Path

OUR_CODE = Path("/crossjudge/jail")
PACKAGES = Path("/packages")
_ENTRY = "import sys; sys.path.append({0!r} + '/crossjudge'); from jail.supervisor import main; main({1!r}, {0!r})"
# No site packages, no current folder on the path, no bytecode; the environment is the jail's own.
_PYTHON_FLAGS = ["-s", "-S", "-P", "-B", "-X", "utf8"]
_PYTEST = "pytest"
_VARIABLE = re.compile(r'^envar: "(\w+)=(.*)"$', re.MULTILINE)
_MOUNT = re.compile(r'^mount \{ src: "(/[^"]+)" dst: "([^"]+)" is_bind: true', re.MULTILINE)
_FILE = re.compile(r'^mount \{ dst: "([^"]+)" src_content: "([^"]+)"', re.MULTILINE)


def supervisor_command(wall: str, base: str = "") -> list[str]:
    """The supervisor's own command line; `base` is where the folder lies that stands for the jail's root."""
    return [interpreter(), *_PYTHON_FLAGS, "-c", _ENTRY.format(base, wall)]


def mounts(packages: Iterable[str]) -> dict[Path, Path]:
    """Of every file or folder that is made for programs: where they find it, and where it is."""
    found = {path: path for path in _interpreter_files()} | {OUR_CODE: _jail_folder()}
    for name in package_roots(packages):
        found |= {PACKAGES / path.name: path for path in package_files(name)}
    return found


def package_roots(packages: Iterable[str]) -> list[str]:
    """The distributions that programs find, without those that they require."""
    return list(dict.fromkeys([*packages, _PYTEST]))


def policy() -> Path:
    """nsjail's policy file."""
    return _jail_folder() / "nsjail.cfg"


def environment() -> dict[str, str]:
    """The environment of programs, from the policy file."""
    return dict(_VARIABLE.findall(policy().read_text("utf-8")))


def system_mounts() -> dict[Path, Path]:
    """As in `mounts`, the machine's own libraries and data, from the policy file; devices left out."""
    found = _MOUNT.findall(policy().read_text("utf-8"))
    return {Path(place): Path(path) for path, place in found if Path(path).is_dir()}


def made_files() -> dict[Path, str]:
    """The files that the policy file makes up, and what is in them."""
    found = _FILE.findall(policy().read_text("utf-8"))
    return {Path(place): text.replace("\\n", "\n") for place, text in found}


def covered() -> list[Path]:
    """What is installed beside the standard library is no business of programs: an empty folder is put over it."""
    packages = _standard_library() / "site-packages"
    return [packages] if packages.is_dir() else []


def interpreter() -> str:
    """The interpreter that programs run under: the one below the worker's virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _jail_folder() -> Path:
    with resources.as_file(resources.files("crossjudge.worker.jail")) as folder:
        return folder


def _standard_library() -> Path:
    return Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))


def _interpreter_files() -> list[Path]:
    """What it takes to run the interpreter, apart from the machine's own libraries."""
    shared = Path(str(sysconfig.get_config_var("LIBDIR"))) / str(sysconfig.get_config_var("INSTSONAME"))
    return [path for path in (Path(interpreter()), _standard_library(), shared) if path.exists()]


def package_files(name: str) -> list[Path]:
    """Top-level files and folders of an installed distribution and of all that it requires, without extras."""
    found: list[Path] = []
    for distribution in distributions(name):
        tops = {file.parts[0] for file in distribution.files or () if not file.parts[0].startswith("..")}
        tops = {top for top in tops if not top.endswith((".dist-info", ".pth", ".data")) and top != "__pycache__"}
        found += [Path(str(distribution.locate_file(top))) for top in sorted(tops)]
    return [path for path in found if path.exists()]


def distributions(name: str) -> Iterator[metadata.Distribution]:
    """An installed distribution and all that it requires, without extras."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        distribution = _distribution(waiting.pop())
        if distribution is None or distribution.name in seen:
            continue
        seen.add(distribution.name)
        yield distribution
        waiting += [_required(line) for line in distribution.requires or () if "extra ==" not in line]


def _distribution(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _required(line: str) -> str:
    name = ""
    for letter in line:
        if not (letter.isalnum() or letter in "-_."):
            break
        name += letter
    return name

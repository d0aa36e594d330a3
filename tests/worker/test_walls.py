"""The same programs behind each wall: the same letters, the same sights, and nothing left afterwards.

Behind gVisor where it is installed; with no wall at all only as far as that can go.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import ValidationError

from crossjudge.contracts import Chunk, Columns, Detail, Isolation, Limits, Order, Part, PartResult, Row
from crossjudge.worker.errors import JailError, Stopped
from crossjudge.worker.pool import JailPool
from crossjudge.worker.sandbox import Jail
from crossjudge.worker.settings import WorkerSettings
from crossjudge.worker.walls import WALLS
from crossjudge.worker.walls.opening import opened

HAS_RUNSC = shutil.which("runsc") is not None
gvisor = pytest.mark.skipif(not HAS_RUNSC, reason="gVisor is not installed here (Debian: apt install runsc)")
LOCKED = [pytest.param("nsjail", marks=pytest.mark.nsjail), pytest.param("gvisor", marks=gvisor)]
# In gVisor it takes a while to touch so much memory: half a second of CPU time may be the first to run out.
LIMITS = Limits(cpu_seconds=0.7, wall_seconds=2.0, memory_mb=200, processes=20, disk_mb=8, output_kb=64)

DOUBLE = "def f(x): return x * 2\n"
CALL: dict[str, Any] = {"kind": "call", "args": [3], "expected": 6}
STDIO: dict[str, Any] = {"kind": "stdio", "stdin": "3\n", "stdout": "6\n"}
LETTERS: list[tuple[str, str, Any, str]] = [
    ("right", DOUBLE, "assert f(2) == 4", "P"),
    ("wrong", DOUBLE, "assert f(2) == 5", "F"),
    ("with numpy", "import numpy\ndef f(x): return int(numpy.int64(x) * 2)", "assert f(2) == 4", "P"),
    ("by pytest", DOUBLE, {"kind": "pytest", "code": "def test(tmp_path): assert f(2) == 4"}, "P"),
    ("not by pytest", DOUBLE, {"kind": "pytest", "code": "def test(): assert f(2) == 5"}, "F"),
    ("by call", DOUBLE, CALL, "P"),
    ("not by call", DOUBLE, CALL | {"expected": 7}, "F"),
    ("a program", "print(2 * int(input()))", STDIO, "P"),
    ("a wrong program", "print(input())", STDIO, "F"),
    ("a program that fails", "raise SystemExit(3)", STDIO, "E"),
    ("raising", "def f(x): raise ValueError(x)", "assert f(1) == 1", "E"),
    ("no Python", "def f(x: int", "assert f(1) == 1", "E"),
    ("leaving early", "import os\ndef f(x): os._exit(0)", "assert f(1) == 1", "E"),
    ("without an end", "def f(x):\n    while True: pass", "assert f(1) == 1", "T"),
    ("loading without an end", "while True: pass", "assert f(1) == 1", "T"),
    ("asleep", "import time\ndef f(x): time.sleep(60)", "assert f(1) == 1", "T"),
    ("greedy", "def f(x): return bytearray(1 << 30)", "assert f(1) == 1", "M"),
    ("aborted", "import os\ndef f(x): os.abort()", "assert f(1) == 1", "C"),
    ("killed", "import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGKILL)", "assert f(1) == 1", "C"),
    ("broken in C", "import ctypes\ndef f(x): ctypes.string_at(0)", "assert f(1) == 1", "C"),
    ("many files open", "def f(x): return [open('/dev/null') for _ in range(1000)]", "assert f(1)", "E"),
    ("a large file", "def f(x): open('x', 'wb').write(b'x' * (9 << 20))", "f(1)", "E"),
    ("chatty", "def f(x): print('x' * 1_000_000); return x", "assert f(1) == 1", "P"),
    ("with children", "import subprocess\ndef f(x): return subprocess.run(['/no']).args", "f(1)", "E"),
    ("with threads", "from concurrent.futures import ThreadPoolExecutor as E\n"
     "def f(x):\n    with E(8) as e: return sum(e.map(int, '12'))", "assert f(1) == 3", "P"),
    ("children that burn", "import os\ndef f(x):\n    for _ in range(3):\n        if os.fork() == 0:\n"
     "            while True: pass\n    os.wait()", "f(1)", "T"),
    ("children that hoard", "import os, time\ndef f(x):\n    for _ in range(3):\n        if os.fork() == 0:\n"
     "            x = bytearray(80 << 20); time.sleep(60)\n    os.wait()", "f(1)", "M"),
]  # fmt: skip

SEEN_BY_NOBODY = {
    "a network": "import socket\nfor kind in (socket.AF_INET, socket.AF_INET6):\n"
    "    s = socket.socket(kind); s.settimeout(1)\n"
    "    try: s.connect(('127.0.0.1' if kind == socket.AF_INET else '::1', 6379))\n"
    "    except OSError: continue\n    assert False",
    "other processes": "import os\ntry: assert os.listdir('/proc') == []\nexcept PermissionError: pass",
    "other processes to kill": "import os\ntry: os.kill(1, 9)\nexcept PermissionError: pass\nelse: assert False",
    "the environment": "import os\nassert not any('REDIS' in k or 'CROSSJUDGE' in k for k in os.environ)",
    "the machine": "import os, socket\nassert socket.gethostname() == 'jail'\n"
    "for path in ('/home', '/var', '/opt', '/etc/shadow', '/root/.ssh', '/sys/kernel', '/bin'):\n"
    "    assert not os.path.exists(path), path",
    "our own code": "import os\ntry: assert os.listdir('/crossjudge/jail') == []\nexcept PermissionError: pass",
    "a writable root": "for p in ('/x', '/usr/lib/x', '/dev/x', '/packages/x', '/etc/passwd'):\n"
    "    try: open(p, 'w')\n    except OSError: continue\n    assert False, p",
    "rights": "import os\nassert os.getuid() == 1000\ntry: os.setuid(0)\nexcept OSError: pass\nelse: assert False",
    "new namespaces": "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == -1",
    "mounts": "import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == -1",
}


@pytest.fixture(scope="module", params=[*LOCKED, "none"])
def pool(request: pytest.FixtureRequest) -> Iterator[JailPool]:
    with _pool(request.param) as jails:
        yield jails


@pytest.fixture(scope="module", params=LOCKED)
def locked(request: pytest.FixtureRequest) -> Iterator[JailPool]:
    """Behind a wall that is one."""
    with _pool(request.param) as jails:
        yield jails


@contextmanager
def _pool(sandbox: Any) -> Iterator[JailPool]:
    jails = JailPool(WorkerSettings(jails=2, sandbox=sandbox))
    try:
        jails.start()
        yield jails
    finally:
        jails.close()


def judge(pool: JailPool, solutions: list[str], tests: list[Any], columns: list[list[int]] | None = None) -> PartResult:
    order = Order(run="walls", limits=LIMITS, isolation=Isolation.SHARED, detail=[Detail.MESSAGES])
    asked = columns or [list(range(len(tests)))] * len(solutions)
    rows = [Row(solution=text, columns=wanted) for text, wanted in zip(solutions, asked, strict=True)]
    entry = {0: Columns.model_validate({"entry_point": "f" if CALL in tests else None, "prelude": "", "tests": tests})}
    return pool.judge(
        order, entry, Chunk(parts=[Part(problem=0, rows=rows)], cells=len(rows)), threading.Event()
    ).parts[0]


def test_a_program_gets_the_same_letter_behind_every_wall(pool: JailPool) -> None:
    programs = [each for each in LETTERS if isinstance(each[2], dict) and each[2]["kind"] == "stdio"]
    for cells in (programs, [each for each in LETTERS if each not in programs]):
        _, solutions, tests, _ = map(list, zip(*cells, strict=True))
        result = judge(pool, solutions, tests, [[index] for index in range(len(cells))])
        found = {cell[0]: row.verdicts[index] for index, (cell, row) in enumerate(zip(cells, result.rows, strict=True))}
        assert found == {name: letter for name, _, _, letter in cells}


def test_a_cell_behind_a_wall_sees_nothing_but_itself(locked: JailPool) -> None:
    result = judge(locked, ["x = 1"], list(SEEN_BY_NOBODY.values()))
    assert dict(zip(SEEN_BY_NOBODY, result.rows[0].verdicts, strict=True)) == dict.fromkeys(SEEN_BY_NOBODY, "P")


def test_cells_behind_a_wall_leave_nothing_for_the_next_one(locked: JailPool) -> None:
    dirty = (
        "import os\nopen('/tmp/a', 'w').write('x'); open('/dev/shm/b', 'w').write('x'); os.mkdir('c')\n"
        "os.environ['A'] = '1'; seen.append(1)\n"
        "try: os.utime('/dev/null')\nexcept OSError: pass\n"
        "if os.fork() == 0:\n    import time; time.sleep(60)\n"
    )
    clean = (
        "import os, time\nassert os.listdir('/tmp') == os.listdir('/dev/shm') == seen == [] and 'A' not in os.environ\n"
        "assert not time.time() - 60 < os.stat('/dev/null').st_mtime\n"
        "try: os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError: pass\nelse: assert False\n"
        "try: os.kill(-1, 0)\nexcept OSError: pass\nelse: assert False\n"
    )
    result = judge(locked, ["seen = []"] * 4, [clean, dirty, clean, dirty, clean])
    assert [row.verdicts for row in result.rows] == ["PPPPP"] * 4


def test_cells_without_a_wall_leave_no_files_and_no_children_for_the_next_one() -> None:
    dirty = "import os\nopen('a', 'w').write('x'); os.makedirs('c/d'); os.chmod('c', 0)\n"
    dirty += "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        import time; time.sleep(60)\n"
    clean = "import os\nassert os.listdir() == []\n"
    clean += "try: os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError: pass\nelse: assert False\n"
    with _pool("none") as pool:
        result = judge(pool, ["x = 1"] * 2, [clean, dirty, clean])
        assert [row.verdicts for row in result.rows] == ["PPP"] * 2


EVERY = [*LOCKED, pytest.param("none")]
ENDLESS = {
    "row": {"solution": "x = 1", "wanted": None, "isolation": "shared", "wants_output": False, "may_share": True}
}
STARTS_A_JAIL = """
import os, signal, sys, threading
from crossjudge.worker.sandbox import Jail
from crossjudge.worker.settings import WorkerSettings
jail = Jail(WorkerSettings(sandbox=sys.argv[1]))
jail.start()
limits = {"cpu_seconds": 60.0, "wall_seconds": 60.0, "memory_mb": 200, "processes": 20, "disk_mb": 8, "output_kb": 64}
code = "import os, time\\nfor _ in range(2): os.fork()\\nos.setsid() if os.fork() == 0 else None\\ntime.sleep(60)"
test = {"kind": "assert", "code": code}
jail.ask({"columns": {"entry_point": None, "prelude": "", "tests": [test]}, "limits": limits}, threading.Event())
print("started", flush=True)
row = {"solution": "x = 1", "wanted": None, "isolation": "shared", "wants_output": False, "may_share": True}
jail.ask({"row": row, "limits": limits}, threading.Event())
"""


@pytest.mark.parametrize("sandbox", EVERY)
def test_a_worker_that_is_killed_leaves_nothing_running_and_nothing_on_disk(sandbox: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS_A_JAIL, sandbox]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as worker:
        assert worker.stdout is not None and worker.stdout.readline() == b"started\n"
        before = psutil.Process(worker.pid).children(recursive=True)
        _wait_until(lambda: len(psutil.Process(worker.pid).children(recursive=True)) > len(before))
        inside = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
    _, alive = psutil.wait_procs([*before, *inside], timeout=30)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
    _wait_until(lambda: not any(tmp_path.iterdir()))


@pytest.mark.parametrize("sandbox", EVERY)
def test_closing_a_jail_in_the_middle_of_a_cell_leaves_nothing(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    known = set(psutil.pids())
    jail = Jail(WorkerSettings(sandbox=sandbox))
    stop = threading.Event()
    try:
        jail.start()
        tests = [{"kind": "assert", "code": "import os, time\nif os.fork() == 0: os.setsid()\ntime.sleep(60)"}]
        limits = LIMITS.model_dump() | {"wall_seconds": 60.0}
        jail.ask({"columns": {"entry_point": None, "prelude": "", "tests": tests}, "limits": limits}, stop)
        threading.Timer(1.0, stop.set).start()
        with pytest.raises(Stopped):
            jail.ask(ENDLESS | {"limits": limits}, stop)
        ours = [each for each in psutil.Process().children(recursive=True) if each.pid not in known]
        assert ours
    finally:
        jail.close()
    _, alive = psutil.wait_procs(ours, timeout=30)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]
    assert not any(tmp_path.iterdir())


def _wait_until(holds: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


@pytest.mark.parametrize("sandbox", LOCKED)
def test_a_jail_that_is_killed_in_the_middle_of_a_cell_is_our_failure_and_is_replaced(sandbox: Any) -> None:
    others = psutil.Process().children()
    with _pool(sandbox) as pool, ThreadPoolExecutor(1) as threads:
        before = len(psutil.Process().children(recursive=True))
        task = threads.submit(judge, pool, [DOUBLE] * 4, ["import os, time; os.fork(); time.sleep(1.5)"])
        _wait_until(lambda: len(psutil.Process().children(recursive=True)) > before)
        _kill_jails_but(others)
        with pytest.raises(JailError):
            task.result()
        assert [row.verdicts for row in judge(pool, [DOUBLE] * 4, ["assert f(1) == 2"]).rows] == ["P"] * 4


@pytest.mark.parametrize("sandbox", LOCKED)
def test_a_jail_that_is_killed_while_it_is_idle_is_replaced_before_anything_is_lost(sandbox: Any) -> None:
    others = psutil.Process().children()
    with _pool(sandbox) as pool:
        _kill_jails_but(others)
        assert [row.verdicts for row in judge(pool, [DOUBLE] * 4, ["assert f(1) == 2"]).rows] == ["P"] * 4


def _kill_jails_but(others: list[psutil.Process]) -> None:
    """Kill every jail that was started since, and wait until all that was of them is gone."""
    whole = []
    for started in psutil.Process().children():
        if started not in others:
            whole += [started, *started.children(recursive=True)]
    for process in whole:
        if _program(process) in ("nsjail", "runsc-sandbox"):
            process.kill()
    _wait_until(lambda: all(map(_has_ended, whole)))


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _program(process: psutil.Process) -> str:
    try:
        return Path(process.cmdline()[0]).name
    except (psutil.Error, IndexError):  # ended, or without a command line
        return ""


@pytest.mark.skipif(os.geteuid() != 0, reason="a worker that is not root has but one user to give")
@pytest.mark.parametrize("sandbox", LOCKED)
def test_the_jails_of_a_root_worker_run_nothing_of_ours_as_root_that_models_talk_to(sandbox: Any) -> None:
    others = psutil.Process().children(recursive=True)
    with _pool(sandbox):
        processes = [each for each in psutil.Process().children(recursive=True) if each not in others]
        untrusted = [each for each in processes if _program(each).startswith(("python", "runsc-sandbox"))]
        assert untrusted
        assert not [each for each in untrusted if 0 in each.uids()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root closes a folder to all others and may still mount")
def test_what_lies_in_a_closed_folder_is_shown_to_the_jails_command_alone(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "library").mkdir(parents=True)
    (closed / "library" / "module.py").write_text("found = True")
    closed.chmod(0o700)
    before, sources = opened([closed / "library", Path("/usr/lib")])
    if not before:
        pytest.skip("this root may not mount")
    place = sources[closed / "library"]
    nobody = ["setpriv", "--reuid", "65534", "--clear-groups", "cat", str(place / "module.py")]
    assert subprocess.run([*before, *nobody], capture_output=True, text=True, check=True).stdout == "found = True"
    assert sources[Path("/usr/lib")] == Path("/usr/lib")
    assert not place.exists()


def test_where_all_is_open_nothing_is_put_before_the_command() -> None:
    assert opened([Path("/usr/lib"), Path("/lib")]) == ([], {Path(each): Path(each) for each in ("/usr/lib", "/lib")})


def test_a_missing_runsc_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(JailError, match=r"apt install runsc.*CROSSJUDGE_RUNSC_PATH"):
        WALLS["gvisor"](WorkerSettings(sandbox="gvisor"), 0)


def test_a_runsc_that_does_not_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    jail = Jail(WorkerSettings(sandbox="gvisor", runsc_path=Path("/bin/false")))
    with pytest.raises(JailError, match="doctor"):
        jail.start()
    jail.close()
    assert not any(tmp_path.iterdir())


def test_a_sandbox_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValidationError, match="'nsjail', 'gvisor' or 'none'"):
        WorkerSettings.model_validate({"sandbox": "docker"})


@pytest.mark.redis
def test_a_worker_without_a_sandbox_says_so_loudly(redis_url: str) -> None:
    command = [sys.executable, "-m", "crossjudge.worker", "--sandbox", "none", "--workers", "1", "--burst"]
    run = subprocess.run([*command, "--redis-url", redis_url], capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr.startswith("NO SANDBOX")  # to whom it was started by
    assert '"event": "NO SANDBOX' in run.stderr  # and in the log

"""After any program, and after a worker that was killed, nothing of it is left: no process, mount, group or file."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from crossjudge.worker import cgroups
from crossjudge.worker.pool import JailPool
from judged_cells import jail_pool, judge, letters

pytestmark = pytest.mark.nsjail

HOSTILE = {
    "a fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "daemons": "import os, time\nfor _ in range(5):\n    if os.fork() == 0:\n        os.setsid()\n"
    "        if os.fork() == 0: time.sleep(60)\n        os._exit(0)\nos._exit(0)",
    "zombies": "import os\nfor _ in range(10):\n    if os.fork() == 0: os._exit(0)",
    "a child that cannot be asked to end": "import os, signal, time\nif os.fork() == 0:\n"
    "    for n in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}: signal.signal(n, signal.SIG_IGN)\n"
    "    time.sleep(60)",
    "a child that is stopped": "import os, signal\nif os.fork() == 0: os.kill(os.getpid(), signal.SIGSTOP)",
    "files": "import os\nos.makedirs('a/' * 50)\nfor i in range(500): open(f'/dev/shm/{i}', 'w').write('x')\n"
    "os.chmod('/tmp', 0); os.symlink('/', '/tmp/b')",
    "shared memory": "import ctypes, mmap\nlibc = ctypes.CDLL(None)\nlibc.shmget(1, 4096, 0o1666)\n"
    "libc.msgget(1, 0o1666)\nlibc.semget(1, 1, 0o1666)\nm = mmap.mmap(-1, 1 << 20)\n"
    "from multiprocessing import shared_memory\nshared_memory.SharedMemory('left', create=True, size=4096)",
    "sockets": "import socket\nkept = [socket.socket(socket.AF_UNIX) for _ in range(50)]\n"
    "for i, each in enumerate(kept): each.bind(f'\\0left{i}'); each.listen()",
    "descriptors in flight": "import array, os, socket\na, b = socket.socketpair()\n"
    "both = array.array('i', [a.fileno(), b.fileno()])\n"
    "for _ in range(20): a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, both)])",
    "mounts": "import ctypes, os\nlibc = ctypes.CDLL(None)\nlibc.unshare(0x10020000)\n"
    "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)\nlibc.mount(b'/tmp', b'/dev/shm', None, 4096, None)",
    "memory": "import os\nfor _ in range(5): os.fork()\nx = bytearray(b'x') * (200 << 20)",
    "threads that spin": "import threading\ndef spin():\n    while True: pass\n"
    "for _ in range(10): threading.Thread(target=spin).start()",
}


def descendants(process: int) -> set[int]:
    """Everything that was started by a process, through whatever was between."""
    try:
        return {each.pid for each in psutil.Process(process).children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def groups(worker: int) -> set[Path]:
    """The control groups that this process made."""
    return {folder for parent, _ in cgroups._parents(None) for folder in parent.glob(f"crossjudge-*-{worker}-*")}


def machine() -> dict[str, object]:
    """What a program could leave on the machine, apart from processes."""
    folders = (tempfile.gettempdir(), "/dev/shm", "/dev/mqueue")  # those that are not there hold nothing
    sysv = [Path("/proc/sysvipc", kind).read_text() for kind in ("shm", "msg", "sem")]
    return {
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "System V": [len(table.splitlines()) for table in sysv],
        "files": {path for folder in folders for path in Path(folder).glob("*left*")},
        "sockets": [line for line in Path("/proc/net/unix").read_text().splitlines() if "@left" in line],
    }


def settled(look: Callable[[], object], wanted: object) -> object:
    """What `look` says, once it is what is wanted; or what it says after all of a minute."""
    deadline = time.monotonic() + 60
    while (found := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.fixture(scope="module")
def pool() -> Iterator[JailPool]:
    with jail_pool(jails=1) as jails:
        yield jails


def test_hostile_programs_leave_nothing(pool: JailPool) -> None:
    limits = {"cpu_seconds": 0.3, "wall_seconds": 1.0, "processes": 12, "memory_mb": 128}
    judge(pool, ["x = 1"], ["assert x == 1"])
    processes, before = descendants(os.getpid()), machine()
    honest = "import os, socket\nassert os.listdir('/tmp') == os.listdir('/dev/shm') == []\n"
    honest += "socket.socket(socket.AF_UNIX).bind('\\0left0')"
    tests = [each for code in HOSTILE.values() for each in (code, honest)]
    (row,) = letters(judge(pool, ["x = 1"], tests, limits=limits))
    assert dict(zip(HOSTILE, row[1::2], strict=True)) == dict.fromkeys(HOSTILE, "P")
    assert settled(lambda: descendants(os.getpid()), processes) == processes
    assert machine() == before


def test_closing_a_pool_leaves_nothing() -> None:
    before = groups(os.getpid()), descendants(os.getpid())
    with jail_pool(jails=2) as jails:
        judge(jails, ["x = 1"] * 2, [HOSTILE["daemons"]])
    assert settled(lambda: (groups(os.getpid()), descendants(os.getpid())), before) == before


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from judged_cells import jail_pool, judge
with jail_pool(jails=2) as pool:
    judge(pool, ["x = 1"] * 2, ["assert x == 1"])
    print("ready", flush=True)
    limits = {{"cpu_seconds": 600, "wall_seconds": 600}}
    judge(pool, ["x = 1"] * 2, ["import os\\nos.fork()\\nwhile True: pass"], limits=limits)
"""


def test_a_worker_that_is_killed_leaves_nothing() -> None:
    code = KILLED.format(tests=str(Path(__file__).parent.parent))
    before = machine()
    worker = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with worker:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
        assert settled(lambda: len(descendants(worker.pid)) >= 12, True)  # both cells have forked
        started = descendants(worker.pid)
        assert bool(groups(worker.pid)) == bool(cgroups.describe()[0])
        worker.send_signal(signal.SIGKILL)
    assert settled(lambda: {pid for pid in started if psutil.pid_exists(pid) and not is_zombie(pid)}, set()) == set()
    cgroups.sweep()  # as the next worker does that starts
    assert groups(worker.pid) == set()
    assert machine() == before


def is_zombie(pid: int) -> bool:
    """Over, and waiting for the machine's first process to notice, which in some containers takes its time."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

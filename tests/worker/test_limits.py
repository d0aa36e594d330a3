"""Each limit of a cell at its edge, in real jails: what keeps to it passes, what does not gets the limit's own letter.

No test here is timed: programs measure their own CPU time, and whatever is slow on a busy machine is only slow.
"""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from crossjudge.contracts import Isolation
from crossjudge.worker import cgroups
from crossjudge.worker.pool import JailPool
from judged_cells import jail_pool, judge, letters, message

pytestmark = pytest.mark.nsjail


def burn(seconds: float | str, indent: int = 0) -> str:
    """Lines that use so much CPU time, by the clock of the process that they run in."""
    lines = f"import time\nend = time.process_time() + {seconds}\nwhile time.process_time() < end: pass\n"
    return textwrap.indent(lines, "    " * indent)


COUNTED = cgroups.describe()[0]
"""What the kernel counts here; the rest is only looked at from time to time."""


@contextmanager
def spinning(count: int, core: int | None = None) -> Iterator[None]:
    """So many processes that never wait, all of them on one core if named."""
    pin = f"import os\nos.sched_setaffinity(0, [{core}])\n" if core is not None else ""
    with ExitStack() as stack:
        for _ in range(count):
            spinner = stack.enter_context(subprocess.Popen([sys.executable, "-c", pin + "while True: pass"]))
            stack.callback(spinner.kill)
        yield


# CPU time


def test_cpu_time_is_judged_to_a_few_milliseconds(pool: JailPool) -> None:
    # To the clock of the cell's own process come a fork, and the end of it.
    tests = [burn(0.285), burn(0.301)]
    assert letters(judge(pool, ["x = 1"], tests, limits={"cpu_seconds": 0.3})) == ["PT"]


def test_the_cpu_time_of_all_processes_counts_together(pool: JailPool) -> None:
    child = f"    if os.fork() == 0:\n{burn(0.12, 2)}        os._exit(0)\n"
    tests = [f"import os\nfor _ in range({n}):\n{child}for _ in range({n}): os.wait()" for n in (2, 3)]
    assert letters(judge(pool, ["x = 1"], tests, limits={"cpu_seconds": 0.32})) == ["PT"]


def test_children_that_nobody_waits_for_use_the_cpu_time_of_the_cell(pool: JailPool) -> None:
    code = "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nfor _ in range(40):\n"
    code += f"    if os.fork() == 0:\n{burn(0.02, 2)}        os._exit(0)\n    time.sleep(0.01)\n"
    result = judge(pool, ["x = 1"], [code], limits={"cpu_seconds": 0.4})
    assert letters(result) == ["T" if "cpu" in COUNTED else "P"], message(result)


@pytest.mark.parametrize("isolation", [Isolation.SHARED, Isolation.SPLIT])
def test_both_sides_of_a_cell_use_its_cpu_time(pool: JailPool, isolation: Isolation) -> None:
    solution = f"def f(seconds):\n{burn('seconds', 1)}    return 1\n"
    tests = [f"assert f({own}) == 1\n{burn(other)}" for own, other in ((0.2, 0.2), (0.35, 0.3), (0.7, 0))]
    result = judge(pool, [solution], tests, limits={"cpu_seconds": 0.5}, isolation=isolation)
    assert letters(result) == ["PTT"]


def test_a_cell_that_is_near_a_limit_on_a_busy_machine_is_judged_again_alone(pool: JailPool) -> None:
    # A program that is slow for a moment only, as one is that shares its core.
    soon = time.time() + 2
    slow = f"import time\nif time.time() < {soon}:\n{burn(0.55, 1)}"
    solution = "import time\ndef f(seconds): time.sleep(seconds)"
    limits = {"cpu_seconds": 0.5, "wall_seconds": 3.0}
    with spinning(2):
        result = judge(pool, [solution], [slow, burn(0.55), "f(3.1)", "f(0)"], limits=limits)
    assert letters(result) == ["PTTP"]
    assert "CPU-time" in message(result, 0, 1)
    assert "wall-clock" in message(result, 0, 2)


# Wall time


def test_a_sleeper_is_over_the_wall_limit_and_a_napper_is_not(pool: JailPool) -> None:
    tests = [f"import time\ntime.sleep({seconds})" for seconds in (0.5, 30)]
    result = judge(pool, ["x = 1"], tests, limits={"wall_seconds": 1.5})
    assert letters(result) == ["PT"]
    assert "wall-clock" in message(result, 0, 1)


def test_time_in_which_a_cell_waited_for_a_core_is_not_wall_time() -> None:
    allowed = os.sched_getaffinity(0)
    core = min(allowed)
    os.sched_setaffinity(0, [core])  # the jail's processes inherit it
    try:
        with jail_pool(jails=1) as crowded, spinning(5, core):
            child = f"import os\nif os.fork() == 0:\n{burn(0.3, 1)}    os._exit(0)\nos.wait()"
            tests = [burn(0.3), child, "import time\ntime.sleep(30)"]
            limits = {"cpu_seconds": 0.5, "wall_seconds": 0.7}
            assert letters(judge(crowded, ["x = 1"], tests, limits=limits)) == ["PPT"]
    finally:
        os.sched_setaffinity(0, allowed)


# Memory

TAKE = "x = bytearray(b'x') * ({} << 20)\n"
SHARE = "import mmap, os, time\nm = mmap.mmap(-1, {0} << 20)\nfor i in range(0, {0} << 20, 4096): m[i] = 1\n"
CHILD = "import os, time\nif os.fork() == 0:\n    {}    time.sleep(0.5)\n    os._exit(0)\n"
MEMORY = {
    "most of it": (TAKE.format(200), "P"),
    "more than all": (TAKE.format(300), "M"),
    "half of it twice, in two processes": (CHILD.format(TAKE.format(150)) + TAKE.format(150) + "os.wait()", "M"),
    "a third of it twice, in two processes": (CHILD.format(TAKE.format(80)) + TAKE.format(80) + "os.wait()", "P"),
    "shared mappings": (
        "import os\nif os.fork() == 0:\n    "
        + SHARE.format(150).replace("\n", "\n    ")
        + "time.sleep(0.5)\n    os._exit(0)\n"
        + SHARE.format(150)
        + "os.wait()",
        "M",
    ),
    "one mapping shared by many": (SHARE.format(150) + "for _ in range(3):\n    os.fork()\nm[0] = 2", "P"),
    "a child that killed itself": ("import os\nif os.fork() == 0:\n    os.kill(os.getpid(), 9)\nos.wait()", "P"),
    "a process that killed itself": ("import os\nos.kill(os.getpid(), 9)", "C"),
    "memory that is there for a moment": (
        "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n        "
        + TAKE.format(120).strip()
        + "; time.sleep(0.04); os._exit(0)\nfor _ in range(4): os.wait()",
        "M" if "memory" in COUNTED else "MP",
    ),
    "files": (
        "f = open('/tmp/a', 'wb')\nfor _ in range(300): f.write(b'x' * (1 << 20))",
        "M" if "memory" in COUNTED else "P",
    ),
    "the buffers of sockets": (
        "import os, socket, time\n"
        "def fill():\n    kept = []\n    while len(kept) < 200:\n        kept += socket.socketpair()\n"
        "        for each in kept[-2:]:\n            each.setblocking(False)\n            try:\n"
        "                while True: each.send(b'x' * 65536)\n            except BlockingIOError: pass\n"
        "    return kept\n"
        "for _ in range(14):\n    if os.fork() == 0:\n        kept = fill(); time.sleep(0.5); os._exit(0)\n"
        "for _ in range(14): os.wait()",
        "M" if "memory" in COUNTED else "P",
    ),
}


@pytest.mark.parametrize("what", MEMORY)
def test_memory_counts_wherever_it_is(pool: JailPool, what: str) -> None:
    code, allowed = MEMORY[what]
    limits = {"disk_mb": 400, "processes": 20, "cpu_seconds": 5.0}
    (row,) = letters(judge(pool, ["x = 1"], [code, TAKE.format(200)], limits=limits))
    assert row[0] in allowed and row[1] == "P", row


@pytest.mark.skipif("memory" not in COUNTED, reason="no control group of memory can be made here")
def test_a_cell_whose_files_leave_no_memory_for_its_keeper_is_over_memory() -> None:
    code = "import time\ntime.sleep(1)\n" + MEMORY["files"][0]
    with jail_pool(jails=1) as jails, ThreadPoolExecutor(1) as threads:
        task = threads.submit(judge, jails, ["x = 1"], [code, "assert True"], limits={"disk_mb": 400})
        while (cell := _cell_of_some_age()) is None and not task.done():
            time.sleep(0.02)
        assert cell is not None
        keeper = cell.parent()
        assert keeper is not None
        _score(keeper).write_text("1000")
        _score(cell).write_text("0")
        assert letters(task.result()) == ["MP"]


def _cell_of_some_age() -> psutil.Process | None:
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error, OSError):
            if _score(process).read_text() == "1000\n" and time.time() - process.create_time() > 0.3:
                return process
    return None


def _score(process: psutil.Process) -> Path:
    """How soon it is killed where memory runs out: a cell as soon as can be."""
    return Path(f"/proc/{process.pid}/oom_score_adj")


def test_an_innocent_cell_is_not_charged_for_what_others_left() -> None:
    reading = (
        "import glob, os\nfor path in glob.glob(os.path.dirname(os.__file__) + '/**/*.py', recursive=True)[:500]:\n"
        "    open(path, 'rb').read()"
    )
    left = "with open('/tmp/a', 'wb') as file:\n    for _ in range(90): file.write(b'x' * (1 << 20))"
    over = TAKE.format(60) + "import os\nos.fork()\nx[:] = b'y' * len(x)\nos.fork()\nx[:] = b'z' * len(x)"
    limits = {"memory_mb": 100, "disk_mb": 95, "cpu_seconds": 5.0}
    with jail_pool(jails=1) as jails:
        for _ in range(2):
            (row,) = letters(judge(jails, ["x = 1"], [reading, left, over, TAKE.format(80)] * 2, limits=limits))
            assert row[0] == row[1] == row[3] == row[5] == row[7] == "P", row


# Processes, files, output

HOLD = "import os, time\nfor _ in range({}):\n    if os.fork() == 0:\n        time.sleep(30)\n"
THREADS = "import threading\nstop = threading.Event()\nfor _ in range({}): threading.Thread(target=stop.wait).start()\n"
ERRNO = (
    "import errno\ntry:\n    {}\nexcept OSError as error:\n    assert error.errno == errno.{}, error\n"
    "else:\n    assert False, 'nothing was raised'"
)
EDGES = {
    "as many processes as there may be": (HOLD.format(7), "P"),
    "more processes": (ERRNO.format(HOLD.format(20).strip().replace("\n", "\n    "), "EAGAIN"), "P"),
    "as many threads as there may be": (THREADS.format(7) + "stop.set()", "P"),
    "more threads": ("try:\n    " + THREADS.format(20).strip().replace("\n", "\n    ") + "\nfinally: stop.set()", "E"),
    "all of the disk": ("open('/tmp/a', 'wb').write(b'x' * (3 << 20)); open('b', 'wb').write(b'x' * (4 << 20))", "P"),
    "more disk": (ERRNO.format("for _ in range(9): open(f'{_}', 'wb').write(b'x' * (1 << 20))", "ENOSPC"), "P"),
    "one file larger than the disk": (
        ERRNO.format("f = open('a', 'wb', 0); f.seek(8 << 20); f.write(b'x')", "EFBIG"),
        "P",
    ),
    "many files": ("for i in range(3000): open(str(i), 'w').close()", "P"),
    "more files": (ERRNO.format("for i in range(5000): open(str(i), 'w').close()", "ENOSPC"), "P"),
    "memory files share the disk": (ERRNO.format("open('/dev/shm/a', 'wb').write(b'x' * (9 << 20))", "EFBIG"), "P"),
    "files": ("x = [open('/dev/null') for _ in range(1000)]", "E"),
    "100 MB of output": ("for _ in range(100): print('x' * (1 << 20))", "P"),
    "a flood of errors": ("import sys\nfor _ in range(20): sys.stderr.write('x' * (1 << 20))", "P"),
    "output of a child that lives on": ("import os, time\nif os.fork() == 0:\n    time.sleep(30)\nprint(1)", "P"),
    "recursion without an end": ("def g(n): return g(n + 1)\ng(0)", "E"),
    "a stack of C that overflows": (
        "import sys\nsys.setrecursionlimit(10**9)\n"
        "class A:\n    def __getattr__(self, name): return getattr(self, name)\nA().x",
        "C" if sys.version_info < (3, 12) else "EC",
    ),
}


@pytest.mark.parametrize("what", EDGES)
def test_a_program_meets_its_limits_and_we_do_not(pool: JailPool, what: str) -> None:
    code, allowed = EDGES[what]
    limits = {"processes": 8, "disk_mb": 8}
    result = judge(pool, ["x = 1"], [code, "assert x == 1"], limits=limits)
    assert letters(result)[0][0] in allowed and letters(result)[0][1] == "P", message(result)


def test_what_comes_back_is_bounded_in_size_and_depth(pool: JailPool) -> None:
    call = {"kind": "call", "args": [], "expected": 1}
    solutions = [
        "def f():\n    x = []\n    for _ in range(100_000): x = [x]\n    return x",
        "def f(): return [1.5] * 3_000_000",
        "def f():\n    x = []\n    x.append(x)\n    return x",
        "def f(): return 'x' * 50_000_000",
        "def f(): return 1",
    ]
    result = judge(pool, solutions, [call], entry_point="f", limits={"memory_mb": 512, "cpu_seconds": 5.0})
    assert letters(result) == ["F", "F", "F", "F", "P"]


def test_every_cell_has_the_same_process_ids(pool: JailPool) -> None:
    solution = "import os, subprocess, threading\ndef f(): return [os.getpid(), int(subprocess.getoutput('echo $$'))]"
    first, second = (judge(pool, [solution] * 2, ["f()"] * 3, entry_point="f") for _ in range(2))
    assert len({cell.output for result in (first, second) for row in result.rows for cell in row.cells or []}) == 1

"""What takes long is waited for as long as it says that it is alive; what has hung is noticed."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from crossjudge.contracts import Limits
from crossjudge.worker.errors import JailError
from crossjudge.worker.sandbox import Jail
from crossjudge.worker.settings import WorkerSettings

SILENT_SECONDS = 3.0

# A keeper that beats three times, each time after most of what it may be silent, and then says what it has to say.
WATCHING = """
import os, socket, sys, threading, time
from crossjudge.worker.jail import observing
lifeline, worker = os.pipe(), os.pipe()
os.dup2(lifeline[0], observing.LIFELINE)
os.dup2(worker[1], observing.ANSWERS)
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
def keep():
    for _ in range(3):
        time.sleep(1)
        theirs.send(observing.BEAT)
    if sys.argv[1] == "answers":
        theirs.send(b"done")
threading.Thread(target=keep).start()
try:
    print(observing.watch(ours, [], silent_seconds=2.5).decode())
except observing.KeeperLost as error:
    print("lost:", error)
print(os.read(worker[0], 1000).count(b"alive"))
"""


@pytest.mark.parametrize(
    ("keeper", "said"), [("answers", "done"), ("hangs", "lost: it gave no sign of life for 2.5 s")]
)
def test_a_supervisor_waits_for_a_keeper_that_is_alive(keeper: str, said: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WATCHING, keeper], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.splitlines() == [said, "3"]


@pytest.fixture
def jail() -> Iterator[Jail]:
    each = Jail(WorkerSettings(jails=1), silent_seconds=SILENT_SECONDS)
    try:
        each.start()
    except JailError as error:
        each.close()
        pytest.skip(str(error))
    yield each
    each.close()


def row(solution: str) -> dict[str, Any]:
    asked = {"solution": solution, "wanted": None, "isolation": "shared", "wants_output": False, "may_share": True}
    return {"row": asked, "limits": Limits(wall_seconds=20.0).model_dump()}


COLUMNS = {
    "columns": {"entry_point": None, "prelude": "", "tests": [{"kind": "assert", "code": "assert f()"}]},
    "limits": Limits().model_dump(),
}


@pytest.mark.nsjail
def test_a_worker_waits_for_a_jail_that_is_alive(jail: Jail) -> None:
    jail.ask(COLUMNS, threading.Event())
    sleeper = f"import time\ndef f():\n    time.sleep({SILENT_SECONDS * 1.5})\n    return 1"
    answer = jail.ask(row(sleeper), threading.Event())
    assert answer["cells"]["0"]["said"] == "passed"


@pytest.mark.nsjail
def test_a_worker_notices_a_supervisor_that_has_hung(jail: Jail) -> None:
    jail.ask(COLUMNS, threading.Event())
    (nsjail,) = [each for each in psutil.Process().children() if "nsjail" in Path(each.exe()).name]
    (supervisor,) = nsjail.children()
    os.kill(supervisor.pid, signal.SIGSTOP)
    with pytest.raises(JailError, match="no sign of life"):
        jail.ask(row("def f(): return 1"), threading.Event())

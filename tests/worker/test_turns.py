"""Who wants the machine alone gets it: those inside finish, those outside wait."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from crossjudge.worker import quiet
from crossjudge.worker.errors import Stopped
from judged_cells import jail_pool, judge, letters

NEVER = threading.Event()


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks that no other tests of this machine share."""
    for name in ("_ROOM", "_TURNSTILE"):
        (tmp_path / name).touch()
        monkeypatch.setattr(quiet, name, str(tmp_path / name))


def test_one_who_wants_to_be_alone_waits_for_those_inside() -> None:
    inside, _ = locks = quiet.open_locks()
    fcntl.flock(inside, fcntl.LOCK_SH)
    is_alone = threading.Event()

    def want_alone() -> None:
        with quiet.alone(NEVER):
            is_alone.set()

    wanting = threading.Thread(target=want_alone)
    wanting.start()
    assert not is_alone.wait(0.2)
    fcntl.flock(inside, fcntl.LOCK_UN)
    wanting.join(60)
    assert is_alone.is_set()
    for lock in locks:
        os.close(lock)


def test_who_waits_can_be_told_to_give_up() -> None:
    told = threading.Event()
    told.set()
    with quiet.alone(NEVER), pytest.raises(Stopped), quiet.alone(told):
        pass


@pytest.mark.nsjail
def test_a_jail_waits_before_a_cell_while_somebody_is_alone() -> None:
    found: list[str] = []
    with jail_pool(jails=1) as pool:
        asking = threading.Thread(target=lambda: found.extend(letters(judge(pool, ["x = 1"], ["assert x == 1"]))))
        with quiet.alone(NEVER):
            asking.start()
            asking.join(0.5)
            assert not found
        asking.join(60)
    assert found == ["P"]


@pytest.mark.nsjail
def test_who_wants_to_be_alone_waits_for_the_cell_and_not_for_the_row_of_a_jail() -> None:
    found: list[str] = []
    nap = "import time\ntime.sleep(0.5)"
    with jail_pool(jails=1) as pool:
        asking = threading.Thread(target=lambda: found.extend(letters(judge(pool, ["x = 1"], [nap] * 4))))
        asking.start()
        while not is_taken(quiet._ROOM) and asking.is_alive():
            NEVER.wait(0.01)
        with quiet.alone(NEVER):
            assert not found
            asking.join(0.5)
            assert not found
        asking.join(60)
    assert found == ["PPPP"]


def is_taken(path: str) -> bool:
    with Path(path).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False

"""Who wants the machine alone gets it: those inside finish, those outside wait."""

import fcntl
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
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


class Guest(threading.Thread):
    """Goes in by one of the two ways, says so, and stays until told to go."""

    def __init__(
        self, name: str, way: Callable[[threading.Event], AbstractContextManager[None]], log: list[str]
    ) -> None:
        super().__init__(daemon=True)
        self.guest, self.way, self.log = name, way, log
        self.is_in, self.may_go = threading.Event(), threading.Event()
        self.start()

    def run(self) -> None:
        with self.way(NEVER):
            self.log.append(self.guest)
            self.is_in.set()
            self.may_go.wait(60)

    def leave(self) -> None:
        self.may_go.set()
        self.join(60)


def wait_until_shut() -> None:
    """Until somebody keeps the turnstile shut."""
    with Path(quiet._TURNSTILE).open() as turnstile:
        while True:
            try:
                fcntl.flock(turnstile, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(turnstile, fcntl.LOCK_UN)
            threading.Event().wait(0.01)


def test_one_who_wants_to_be_alone_waits_for_those_inside_and_keeps_the_others_out() -> None:
    log: list[str] = []
    first, second = (Guest(name, quiet.among_others, log) for name in ("first", "second"))
    assert first.is_in.wait(60) and second.is_in.wait(60)
    alone = Guest("alone", quiet.alone, log)
    wait_until_shut()
    late = Guest("late", quiet.among_others, log)
    first.leave()
    assert not alone.is_in.wait(0.1)
    second.leave()
    assert alone.is_in.wait(60)
    assert not late.is_in.wait(0.1)
    alone.leave()
    assert late.is_in.wait(60)
    late.leave()
    assert log[2:] == ["alone", "late"]


def test_who_waits_can_be_told_to_give_up() -> None:
    told = threading.Event()
    told.set()
    with quiet.alone(NEVER), pytest.raises(Stopped), quiet.among_others(told):
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

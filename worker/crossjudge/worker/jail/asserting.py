"""The `assert` kind: a test's code run to its end, over the names of a solution that is here or in another process."""

import marshal
import types
from typing import Any, NoReturn, Protocol

from . import solution


class Session(Protocol):
    """A loaded solution, as its test sees it."""

    def names(self, code: types.CodeType) -> dict[str, Any]:
        """What the test's code finds in its namespace."""

    def used(self, code: types.CodeType) -> bool:
        """Whether the test has to do with the solution."""

    def said_of(self, error: BaseException) -> tuple[str, str] | None:
        """What is to be said of an exception that did not come about in this process."""

    def end(self, said: str, used: bool, message: str | None = None) -> NoReturn:
        """Report how the test ended, and end the cell."""


def run(session: Session, task: dict[str, Any]) -> NoReturn:
    """Run the test and end the cell."""
    test = solution.new_module("__main__")
    code = marshal.loads(task["test"])
    test.__dict__.update(session.names(code))
    solution.show_source(solution.TEST_FILE, task["test_text"])
    try:
        exec(code, test.__dict__)
    except BaseException as error:
        end_with(session, error, session.used(code))
    session.end("passed", session.used(code))


def end_with(session: Session, error: BaseException, used: bool) -> NoReturn:
    """End the cell with what the test's code raised."""
    if (verdict := _unittest_verdict(error)) is not None:
        session.end("passed" if verdict else "failed", used, None if verdict else "unittest: not every test passed")
    session.end(*_reordered(session.said_of(error) or solution.say(error, phase="test"), used))


def _reordered(said: tuple[str, str], used: bool) -> tuple[str, bool, str]:
    return said[0], used, said[1]


def _unittest_verdict(error: BaseException) -> bool | None:
    """Whether all passed in `unittest.main()`, which ends by exiting: the test's end and not an early one."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if (
        not isinstance(error, SystemExit)
        or trace is None
        or trace.tb_frame.f_globals.get("__name__") != "unittest.main"
    ):
        return None
    return not error.code if isinstance(error.code, int) and error.code in (0, 1) else None

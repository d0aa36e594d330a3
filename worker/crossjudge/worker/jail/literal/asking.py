"""The supervisor's side of a literal cell: hears the answers as they come, and asks for what is needed next.

The answers come from an untrusted process. Each is taken once, in its turn, decoded within bounds; what comes unasked
is not heard. The solution's process learns which piece is due, and nothing else.
"""

import json
import os
import re
from typing import Any

from .. import frames, observing
from ..row import Row
from . import answering, plain
from .deciding import Decision

_OWN_WORDS = ("error", "memory", "broken")  # what a cell may say of itself: nothing that could be a pass
_BARE_PLACE = re.compile(r" \(test\.py line (\d{1,6})\)$")
_MARK = b'{"answer": '
MOST_MARKS = 4 * plain.MAX_WEIGHT  # commas and brackets: what `json` would make objects of
_OTHER_LINES = 8  # an honest cell writes half as many, beside its answers


def run(row: Row, work: dict[str, Any], plan: dict[str, Any], text: str) -> tuple[Decision, dict[str, Any]] | None:
    """Run the pieces that are needed; None where what was decided is that nothing can be."""
    decision = Decision(plan, text)
    first = decision.begin()
    if first is None:
        return None
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    asker = Asker(decision, plan["pieces"], ours)
    task = work | {"mode": "literal", "piece": asker.framed(first)}
    task |= {"reserved": plan["reserved"], "borrowed": plan["borrowed"]}
    try:
        seen = row.run_listening(task, lambda report, cap: Listening(report, cap, asker), theirs)
    finally:
        asker.hang_up()
    return None if decision.said == "undecidable" else (decision, seen)


def judged(decision: Decision, outcome: dict[str, Any]) -> dict[str, Any]:
    """The outcome of a cell with what was decided in it in place of what the cell says of itself."""
    if decision.said is not None:
        message = None if decision.message is None else observing.clean(decision.message)
        return outcome | {"said": decision.said, "message": message}
    said = outcome["said"] if outcome["said"] in _OWN_WORDS else None
    return outcome | {"said": said, "message": _with_line(decision, outcome["message"])}


def _with_line(decision: Decision, message: str | None) -> str | None:
    """The message with the line of the test that it names, whose text the cell does not know."""
    if message is None or (found := _BARE_PLACE.search(message)) is None:
        return message
    return observing.clean(message[: found.start()] + decision.place(int(found[1])))


class Asker:
    """Takes answers and sends the pieces that are due on `link`, a pipe that does not block, until it hangs up."""

    def __init__(self, decision: Decision, pieces: list[bytes], link: int) -> None:
        self._decision = decision
        self._pieces = pieces
        self._link = link
        self._lines_left = len(pieces) + _OTHER_LINES
        self.is_listening = True

    def framed(self, number: int) -> bytes:
        """A piece as it is sent: whether it is the last, and its code."""
        return (answering.LAST if number == len(self._pieces) - 1 else answering.NOT_LAST) + self._pieces[number]

    def hear(self, line: bytes) -> None:
        """Take one line of the report."""
        self._lines_left -= 1
        if self._lines_left < 0:
            self.give_up("error", "the solution's process wrote into its report")
        elif line.startswith(_MARK):
            self._take(line)

    def _take(self, line: bytes) -> None:
        if line.count(b",") + line.count(b"[") > MOST_MARKS:
            return self.give_up("undecidable")
        try:
            answer = json.loads(line)["answer"]
        except (ValueError, LookupError, TypeError, RecursionError):
            answer = ()
        if answer is None:
            return self.give_up("undecidable")
        if not isinstance(answer, list) or len(answer) != 1:
            return self.give_up("error", "what the solution's process answered is not an answer")
        due = self._decision.answer(answer[0])
        return self.hang_up() if due is None else self._send(due)

    def _send(self, number: int) -> None:
        body = self.framed(number)
        message = len(body).to_bytes(frames.LENGTH_BYTES, "big") + body
        try:
            sent = os.write(self._link, message)
        except BrokenPipeError:  # it has ended, in whatever way
            return self.hang_up()
        except BlockingIOError:
            sent = 0
        if sent < len(message):  # a pipe smaller than usual, or one that nobody reads
            self.give_up("undecidable")
        return None

    def give_up(self, said: str, message: str | None = None) -> None:
        """Decide in view of something that is no answer."""
        self._decision.end(said, message)
        self.hang_up()

    def hang_up(self) -> None:
        """Ask for nothing more; the solution's process then ends."""
        if self.is_listening:
            self.is_listening = False
            os.close(self._link)


class Listening(observing.Drain):
    """The drain of a report's pipe whose lines are heard as they come."""

    def __init__(self, descriptor: int, cap: int, asker: Asker) -> None:
        super().__init__(descriptor, cap)
        self._asker = asker
        self._heard = 0

    def read(self) -> bool:
        """Take what is there, and go on from it."""
        is_open = super().read()
        while self._asker.is_listening and (end := self.head.find(b"\n", self._heard)) >= 0:
            line = bytes(self.head[self._heard : end])
            self._heard = end + 1
            self._asker.hear(line)
        if self._asker.is_listening and self.is_cut:  # an answer too long to be taken
            self._asker.give_up("undecidable")
        return is_open

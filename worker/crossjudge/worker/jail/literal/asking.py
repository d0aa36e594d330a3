"""The supervisor's side of a literal cell: hears the answers as they come, and asks for what is needed next.

The answers come from an untrusted process. Each is taken once, in its turn, decoded within bounds; what comes unasked
is not heard. The solution's process learns which piece is due, and nothing else.
"""

import base64
import json
import os
import re
from typing import Any

from .. import frames, observing
from ..row import Row
from . import answering, deciding

_MARK = b'{"answer": '
_OWN_WORDS = ("error", "memory", "broken")  # what a cell may say of itself: nothing that could be a pass
_BARE_PLACE = re.compile(r" \(test\.py line (\d{1,6})\)$")


def run(
    row: Row, work: dict[str, Any], plan: dict[str, Any], text: str
) -> tuple[deciding.Decision, dict[str, Any]] | None:
    """Run the pieces that are needed; None where what was decided is that nothing can be."""
    decision = deciding.Decision(plan, text)
    first = decision.begin()
    if first is None:
        return None
    pieces = [base64.b64decode(piece) for piece in plan["pieces"]]
    task = work | {"mode": "literal", "piece": framed(pieces, first)}
    task |= {"builtins": plan["builtins"], "borrowed": plan["borrowed"]}
    theirs, ours = os.pipe()
    os.set_blocking(ours, False)
    conversation = Conversation(decision, pieces, ours)
    try:
        seen = row.run_listening(task, conversation.open, theirs)
    finally:
        conversation.hang_up()
    return None if decision.said == "undecidable" else (decision, seen)


def judged(decision: deciding.Decision, outcome: dict[str, Any]) -> dict[str, Any]:
    """The outcome of a cell with what was decided in it in place of what the cell says of itself."""
    if decision.said is not None:
        return outcome | {"said": decision.said, "message": _clean(decision.message)}
    said = outcome["said"] if outcome["said"] in _OWN_WORDS else None
    return outcome | {"said": said, "message": _with_line(decision, outcome["message"])}


def _clean(message: str | None) -> str | None:
    return None if message is None else observing.clean(message)


def _with_line(decision: deciding.Decision, message: str | None) -> str | None:
    """The cell does not know the text of the test's lines."""
    if message is None or (found := _BARE_PLACE.search(message)) is None:
        return message
    return _clean(message[: found.start()] + decision.place_of(int(found[1])))


class Conversation(observing.Drain):
    """The drain of the report's pipe, with an ear for answers; `link` is the pipe that pieces go out on."""

    def __init__(self, decision: deciding.Decision, pieces: list[bytes], link: int) -> None:
        self._decision = decision
        self._pieces = pieces
        self._link: int | None = link
        self._read_to = 0

    def open(self, descriptor: int, cap: int) -> "Conversation":
        """Begin to listen on the report's pipe."""
        super().__init__(descriptor, cap)
        return self

    def read(self) -> bool:
        """Take what is there, and go on from it."""
        is_open = super().read()
        while self._link is not None and (end := self.head.find(b"\n", self._read_to)) >= 0:
            line = bytes(self.head[self._read_to : end])
            self._read_to = end + 1
            if line.startswith(_MARK):
                self._go_on(self._hear(line))
        if self._link is not None and self.is_cut:  # an answer too long
            self._decision.end("undecidable")
            self.hang_up()
        return is_open

    def _hear(self, line: bytes) -> int | None:
        try:
            answer = json.loads(line)["answer"]
        except (ValueError, LookupError, TypeError, RecursionError):
            answer = ()
        if answer is None:
            self._decision.end("undecidable")
            return None
        if not isinstance(answer, list) or len(answer) != 1:
            self._decision.end("error", "what the solution's process answered is not an answer")
            return None
        return self._decision.answer(answer[0])

    def _go_on(self, piece: int | None) -> None:
        if piece is None or self._link is None:
            self.hang_up()
            return
        body = framed(self._pieces, piece)
        message = len(body).to_bytes(frames.LENGTH_BYTES, "big") + body
        try:
            sent = os.write(self._link, message)
        except OSError:  # it ended, or it does not listen
            sent = 0
        if sent < len(message):
            self.hang_up()

    def hang_up(self) -> None:
        """Nothing more is asked for."""
        if self._link is not None:
            os.close(self._link)
            self._link = None


def framed(pieces: list[bytes], number: int) -> bytes:
    """A piece as it is sent: whether it is the last, and its code."""
    return (answering.LAST if number == len(pieces) - 1 else b"\0") + pieces[number]

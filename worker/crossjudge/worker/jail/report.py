"""What a cell says of itself: lines of JSON on a pipe. The supervisor believes none of it without cause."""

import json
import os
from typing import Any, NoReturn

from . import frames

BEGAN = b'{"phase": "load"}\n'
"""A cell's first words, from before any untrusted code ran: without them it is we who failed to start it."""


class Report:
    """The writing end. The functions it needs are held from before any untrusted code ran."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._owner = os.getpid()

    def note(self, **fields: Any) -> None:
        """Say how far the cell has come."""
        if os.getpid() != self._owner:  # a fork of the program that came back here has nothing to say
            os._exit(0)
        frames.write_all(self._descriptor, json.dumps(fields).encode("ascii") + b"\n")

    def end(self, said: str, **fields: Any) -> NoReturn:
        """Say how the cell ended, and end it: `passed`, `failed`, `error`, `memory` or `returned`."""
        self.note(said=said, **fields)
        os._exit(0)

"""Standard streams of the solution's process: what it prints appears in the test's, what it reads comes from there.

So a test that captures the output, or hands the input over, sees what it would see in one interpreter.
"""

import builtins
import io
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .peer import Peer


class Relayed(io.TextIOBase):
    """A stream whose text goes to the test's standard output, or standard error, with the next message."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, peer: "Peer", name: str, descriptor: int) -> None:
        self._peer = peer
        self._descriptor = descriptor
        self._size = 0
        self.name = name

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._peer.print(self.name, str.__str__(text))
        return len(text)

    @property
    def buffer(self) -> "RelayedBytes":
        return RelayedBytes(self)


class RelayedBytes(io.RawIOBase):
    """The bytes below such a stream."""

    def __init__(self, text: Relayed) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._text.write(bytes(data).decode("utf-8", "replace"))
        return len(data)


class Asked(io.TextIOBase):
    """Standard input: each line is asked of the test's process, whatever its standard input is by then."""

    encoding = "utf-8"

    def __init__(self, peer: "Peer") -> None:
        self._peer = peer

    def readable(self) -> bool:
        return True

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        return str(self._peer.ask("read", "readline", size))

    def read(self, size: int | None = -1) -> str:
        return str(self._peer.ask("read", "read", -1 if size is None else size))

    def fileno(self) -> int:
        return 0


def install(peer: "Peer") -> None:
    """Put them in the place of the process's own."""
    sys.stdout, sys.stderr = Relayed(peer, "stdout", 1), Relayed(peer, "stderr", 2)
    sys.__stdout__, sys.__stderr__ = sys.stdout, sys.stderr  # type: ignore[misc,assignment]
    sys.stdin = Asked(peer)

    def input(prompt: object = "", /) -> str:
        """Read a line, in the test's process: a test may have put a function of its own in the place of `input`."""
        return str(peer.ask("input", str(prompt)))

    builtins.input = input


def serve_reading(peer: "Peer") -> None:
    """The test's side of it."""
    peer.serving.add("read", lambda how, size: {"readline": sys.stdin.readline, "read": sys.stdin.read}[how](size))
    peer.serving.add("input", lambda prompt: builtins.input(prompt) if prompt else builtins.input())

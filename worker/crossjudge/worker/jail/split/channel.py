"""Frames between the two processes of a cell, over one end of a socket pair. Knows nothing of what they carry."""

import os

from .. import frames

_READ_BYTES = 1 << 16
_LONGEST = 1 << 28


class Gone(BaseException):
    """The other process ended, or sent what it must not: the cell is over. No handler of a program's catches it."""


class Channel:
    """One conversation: whoever asks waits for the answer, and serves what is asked of it meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.asked = 0
        """Requests sent so far; the number of the last one."""
        self._unread = bytearray()

    def send(self, body: bytes) -> None:
        """Send one frame. Raises `Gone`."""
        try:
            frames.write_frame(self.descriptor, body)
        except OSError as error:
            raise Gone("the other process ended") from error

    def receive(self) -> bytes:
        """Wait for one frame. Raises `Gone`."""
        size = int.from_bytes(self._take(frames.LENGTH_BYTES), "big")
        if size > _LONGEST:
            raise Gone(f"the other process announced a message of {size} bytes")
        return self._take(size)

    def _take(self, size: int) -> bytes:
        while len(self._unread) < size:
            try:
                piece = os.read(self.descriptor, _READ_BYTES)
            except OSError as error:
                raise Gone("the other process ended") from error
            if not piece:
                raise Gone("the other process ended")
            self._unread += piece
        taken = bytes(self._unread[:size])
        del self._unread[:size]
        return taken

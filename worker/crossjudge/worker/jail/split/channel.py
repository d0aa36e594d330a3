"""Frames between the two processes of a cell, over one end of a socket pair. Knows nothing of what they carry."""

import os
import socket
import threading
from collections.abc import Callable

from .. import frames

_READ_BYTES = 1 << 16
_MOST_READ_BYTES = 1 << 20
_LONGEST = 1 << 28


class Gone(BaseException):
    """The other process ended, or sent what it must not: the cell is over. No handler of a program's catches it."""


class Channel:
    """One conversation: whoever asks waits for the answer, and serves what is asked of it meanwhile."""

    def __init__(self, descriptor: int, *, is_further: bool = False) -> None:
        self.descriptor = descriptor
        self.is_further = is_further
        """Whether it is that of a thread: then it may end before the cell does."""
        self.lock = threading.RLock()
        """Held from a request to its answer."""
        self.when_next: Callable[[int], None] | None = None
        """Called with the descriptor that comes next, where one does."""
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
        if self.when_next is not None:
            take = self.when_next
            self.when_next = None
            take(self._take_descriptor())
        size = int.from_bytes(self._take(frames.LENGTH_BYTES), "big")
        if size > _LONGEST:
            raise Gone(f"the other process announced a message of {size} bytes")
        return self._take(size)

    def send_descriptor(self, descriptor: int) -> None:
        """Hand over a descriptor, to a side that is about to take one. Raises `Gone`."""
        link = socket.socket(fileno=self.descriptor)
        try:
            socket.send_fds(link, [b"d"], [descriptor])
        except OSError as error:
            raise Gone("the other process ended") from error
        finally:
            link.detach()

    def _take_descriptor(self) -> int:
        link = socket.socket(fileno=self.descriptor)
        try:
            _, descriptors, _, _ = socket.recv_fds(link, 1, 1)
        except OSError as error:
            raise Gone("the other process ended") from error
        finally:
            link.detach()
        if not descriptors:
            raise Gone("the other process handed nothing over")
        return descriptors[0]

    def __del__(self) -> None:
        if self.is_further:
            os.close(self.descriptor)

    def _take(self, size: int) -> bytes:
        while len(self._unread) < size:
            try:
                piece = os.read(self.descriptor, min(max(_READ_BYTES, size - len(self._unread)), _MOST_READ_BYTES))
            except OSError as error:
                raise Gone("the other process ended") from error
            if not piece:
                raise Gone("the other process ended")
            self._unread += piece
        taken = bytes(self._unread[:size])
        del self._unread[:size]
        return taken

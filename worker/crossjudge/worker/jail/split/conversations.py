"""Which channel a thread talks over. Two processes with one thread each need one; every further thread of the test's
process that asks for something gets a channel of its own, at whose other end a thread of the solution's answers: so
what waits in one thread for another one waits as it would in one interpreter.

The further ends are handed over through a door, a socket that a thread of the solution's process listens at. It is
opened once the test's process has a second thread. A thread that the solution has started asks over a channel whose
other end is waiting just then.
"""

import _thread
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from .channel import Channel, Gone

_PAUSE_SECONDS = 0.001


class Conversations:
    """The channels of one side."""

    def __init__(self, main: Channel, ask: Callable[..., Any], serve: Callable[[Channel], None]) -> None:
        self.main = main
        self._main_thread = threading.get_ident()
        self._ask = ask
        self._serve = serve
        self._own = threading.local()
        self._door: socket.socket | None = None
        self._waiting: list[Channel] = []

    def mine(self, *, is_guarded: bool) -> Channel:
        """The channel for a request of the thread that calls this."""
        if threading.get_ident() == self._main_thread:
            if is_guarded and self._door is None and _thread._count():
                self._open_door()
            return self.main
        own: Channel | None = getattr(self._own, "channel", None)
        if own is None:
            own = self._further() if is_guarded else self._lent()
        return own

    def begin(self, channel: Channel) -> None:
        """The other end waits for an answer of this thread."""
        self._waiting.append(channel)

    def end(self, channel: Channel) -> None:
        """The answer is about to be sent."""
        self._waiting.remove(channel)

    def _lent(self) -> Channel:
        """A thread of the solution's own: any channel whose other end would hear it."""
        while not self._waiting:
            time.sleep(_PAUSE_SECONDS)
        return self._waiting[-1]

    def _further(self) -> Channel:
        with self.main.lock:
            if self._door is None:
                self._open_door()
        assert self._door is not None
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._door, [b"c"], [theirs.fileno()])
        self._own.channel = Channel(ours.detach(), is_further=True)
        return self._own.channel  # type: ignore[no-any-return]

    def _open_door(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._door = ours
        with theirs:
            self._ask(self.main, "door")
            self.main.send_descriptor(theirs.fileno())

    def expect_door(self) -> None:
        """The next thing on the main channel is the door."""
        self.main.when_next = self._take_door

    def _take_door(self, descriptor: int) -> None:
        _thread.start_new_thread(self._keep_door, (descriptor,))

    def _keep_door(self, descriptor: int) -> None:
        door = socket.socket(fileno=descriptor)
        while True:
            message, descriptors, _, _ = socket.recv_fds(door, 1, 1)
            if not message:
                return
            _thread.start_new_thread(self._keep, (Channel(descriptors[0], is_further=True),))

    def _keep(self, channel: Channel) -> None:
        self._own.channel = channel
        try:
            self._serve(channel)
        except Gone:  # the thread at the other end has ended
            return

"""What the supervisor saw of one cell: the keeper's word on how it ended, and what came through its pipes.

The keeper is ours and is believed. The pipes are the cell's: their bytes are drained to the end, kept up to a cap, and
every field taken from them is checked for type and cut to size.
"""

import json
import os
import re
import select
import socket
import time
from collections.abc import Callable
from typing import Any

from . import frames

BEAT = b"alive"
"""What a keeper says each second while a cell runs."""

LIFELINE, ANSWERS = 200, 201
"""The descriptors that requests come on, hung up when the worker is gone, and that answers go to."""

SILENT_SECONDS = 120.0
"""A keeper says every second that it is alive. Past this it is broken, however busy the machine."""

MAX_REPORT_BYTES = 4 << 20
MAX_MESSAGE = 500
TAIL_BYTES = 2000
_PIPE_READS = 64  # more than the largest pipe holds; where a writer is left after all, it is not waited for
_MOST_LINES = 8  # an honest cell writes half as many
_SAID = ("passed", "failed", "error", "memory", "returned", "broken", "gone")
_PHASES = ("load", "entry", "call", "test")
_DIGEST = re.compile("[0-9a-f]{16}")
# Control characters, lone surrogates, and what turns the direction of text around.
_UNPRINTABLE = re.compile(r"[^\t\n -~\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028-\u202e\u2066-\u2069]")


class KeeperLost(Exception):
    """The row's keeper ended or fell silent: our own failure, whatever the cell did."""


class Drain:
    """One pipe of a cell, read to its end whatever comes: the first bytes up to a cap are kept, and the last few."""

    def __init__(self, descriptor: int, cap: int) -> None:
        self.descriptor = descriptor
        self.head = bytearray()
        self.size = 0
        self._cap = cap
        self._tail = b""

    def read(self) -> bool:
        """Take what is there; False once the pipe is closed at the other end."""
        try:
            piece = os.read(self.descriptor, 1 << 16)
        except BlockingIOError:
            return True
        self.size += len(piece)
        self.head += piece[: self._cap - len(self.head)]
        self._tail = (self._tail + piece)[-TAIL_BYTES:]
        return bool(piece)

    @property
    def is_cut(self) -> bool:
        return self.size > len(self.head)

    @property
    def tail(self) -> str:
        """The end of it, printable."""
        return clean(self._tail.decode("utf-8", "replace"), TAIL_BYTES)

    def finish(self) -> None:
        """Every process that could write is gone: read what is left in the pipe, and close it."""
        for _ in range(_PIPE_READS):
            before = self.size
            if not self.read() or self.size == before:
                break
        os.close(self.descriptor)


def watch(link: socket.socket, drains: list[Drain], silent_seconds: float = SILENT_SECONDS) -> bytes:
    """Drain the pipes until the keeper's answer is there, and return that answer. The worker is told of each beat.

    Raises `KeeperLost` where the keeper has ended, or has been silent for so long.
    """
    poll = select.poll()
    poll.register(link, select.POLLIN)
    poll.register(LIFELINE, 0)  # only its being hung up is of interest
    by_descriptor = {drain.descriptor: drain for drain in drains}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.POLLIN)
    end = time.monotonic() + silent_seconds
    while True:
        for descriptor, _ in poll.poll(max(0.0, end - time.monotonic()) * 1000):
            if descriptor == LIFELINE:
                os._exit(0)  # the worker is gone: nobody waits for this cell, and the jail ends with its first process
            if descriptor not in by_descriptor:
                if (answer := _answer(link)) != BEAT:
                    return answer
                say_alive()
                end = time.monotonic() + silent_seconds
            elif not by_descriptor[descriptor].read():
                poll.unregister(descriptor)
        if time.monotonic() >= end:
            raise KeeperLost(f"it gave no sign of life for {silent_seconds:g} s")


def say_alive() -> None:
    """Tell the worker that its answer is under way."""
    frames.write_frame(ANSWERS, b'{"alive": true}')


def _answer(link: socket.socket) -> bytes:
    try:
        answer = link.recv(65536)
    except OSError as error:
        raise KeeperLost(f"it ended ({error})") from error
    if not answer:
        raise KeeperLost("it ended")
    return answer


def read_report(data: bytes) -> dict[str, Any]:
    """The fields of a cell's report that are of the right form; later lines win, and only the last few are read."""
    found: dict[str, Any] = {}
    for line in data.rsplit(b"\n", _MOST_LINES)[-_MOST_LINES:]:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            found |= fields_of(said)
    return found


def fields_of(said: dict[str, Any]) -> dict[str, Any]:
    """Those of the fields that are of the right form."""
    found = {name: said[name] for name, is_right in _FIELDS.items() if name in said and is_right(said[name])}
    if "message" in found:
        found["message"] = clean(found["message"])
    return found


def outcome(seen: dict[str, Any]) -> dict[str, Any]:
    """What was observed of a cell (see `row`), with nothing in it that only the cell could know to be true."""
    report = read_report(bytes(seen["report"].head))
    return {
        "stopped": seen["stopped"],
        "over": seen["over"],
        "ended": seen["ended"],
        "cpu_ns": seen["cpu_ns"],
        "wall_ns": seen["wall_ns"],
        "said": report.get("said"),
        "phase": report.get("phase", "load"),
        "message": report.get("message"),
        "used": report.get("used"),
        "output": report.get("output"),
        "check": None,
        "stdout": seen["stdout"].tail,
    }


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "said": lambda value: value in _SAID if isinstance(value, str) else False,
    "phase": lambda value: value in _PHASES if isinstance(value, str) else False,
    "message": lambda value: isinstance(value, str),
    "used": lambda value: isinstance(value, bool),
    "output": lambda value: isinstance(value, str) and _DIGEST.fullmatch(value) is not None,
    "value": lambda value: True,
}


def clean(text: str, most: int = MAX_MESSAGE) -> str:
    """Text that is safe to print and to store, cut to size."""
    if len(text) > most:
        text = text[: most - 1] + "…"
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)

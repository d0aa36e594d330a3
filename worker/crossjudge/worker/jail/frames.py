"""Length-prefixed frames over a pipe, and files in memory. Knows nothing of what they carry.

A frame is its length as 4 bytes (big-endian), then that many bytes.
"""

import os

LENGTH_BYTES = 4


def write_all(descriptor: int, data: bytes) -> None:
    """Write every byte, however small the pieces that the pipe takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def read_exactly(descriptor: int, size: int) -> bytes | None:
    """Exactly `size` bytes, or None when the other end closed before that."""
    pieces = []
    while size:
        piece = os.read(descriptor, min(size, 1 << 20))
        if not piece:
            return None
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def write_frame(descriptor: int, body: bytes) -> None:
    """Send one frame."""
    write_all(descriptor, len(body).to_bytes(LENGTH_BYTES, "big") + body)


def read_frame(descriptor: int) -> bytes | None:
    """Receive one frame; None when the other end closed."""
    head = read_exactly(descriptor, LENGTH_BYTES)
    return None if head is None else read_exactly(descriptor, int.from_bytes(head, "big"))


def split(data: bytes, most: int) -> list[bytes]:
    """The whole frames at the start of `data`, at most so many."""
    found: list[bytes] = []
    start = 0
    while len(found) < most and start + LENGTH_BYTES <= len(data):
        end = start + LENGTH_BYTES + int.from_bytes(data[start : start + LENGTH_BYTES], "big")
        if end > len(data):
            break
        found.append(data[start + LENGTH_BYTES : end])
        start = end
    return found


def memory_file(data: bytes) -> int:
    """A descriptor of a file in memory that holds `data`, its position at the start."""
    descriptor = os.memfd_create("input")
    write_all(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def read_file(descriptor: int) -> bytes:
    """All of a file, whatever its position."""
    pieces, offset = [], 0
    while piece := os.pread(descriptor, 1 << 20, offset):
        pieces.append(piece)
        offset += len(piece)
    return b"".join(pieces)

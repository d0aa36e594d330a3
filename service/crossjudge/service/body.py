"""From the bytes of a request to a JSON document. Pure: reads no socket. Every failure is the caller's, and says where.

Compressed bodies are decoded piece by piece under the limit, so that a small bomb cannot fill the memory.
"""

import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import zstandard

from crossjudge.contracts import load_json

from .errors import BadRequest, TooLarge, UnsupportedMedia, shown

_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 2**16
_ZSTD_PIECE = 2**10  # zstandard cannot bound its output: 1 KiB decodes to 32 MiB at the very most
_ZSTD_WINDOW = 2**27


def check_content_type(content_type: str | None) -> None:
    """A body without a type is taken for JSON; one that says it is something else is refused."""
    if content_type is None or not content_type.strip():
        return
    media_type, *parameters = [part.strip().lower() for part in content_type.split(";")]
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise UnsupportedMedia(f"the body must be application/json, not {shown(content_type)}: set Content-Type")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedMedia(f"the body must be UTF-8, not {shown(value)}: JSON has no other encoding")


def decode(raw: bytes, encoding: str | None, limit: int) -> bytes:
    """The body without its content encoding. Raises `TooLarge` as soon as it is over `limit`."""
    names = [name.strip().lower() for name in (encoding or "").split(",") if name.strip()]
    for name in reversed([name for name in names if name != "identity"]):
        unpack = _DECODERS.get(name)
        if unpack is None:
            known = ", ".join(["identity", *sorted(_DECODERS)])
            raise UnsupportedMedia(f"unknown Content-Encoding {shown(name)}: use one of {known}")
        raw = _joined(unpack(raw), limit)
    if len(raw) > limit:
        raise body_too_large(limit)
    return raw


def body_too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is over this server's limit of {limit:,} bytes: send the problems in several batches")


def _joined(pieces: Iterator[bytes], limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise body_too_large(limit)
        parts.append(piece)
    return b"".join(parts)


def _gunzip(raw: bytes) -> Iterator[bytes]:
    view = memoryview(raw)
    while True:  # a gzip file may be several, one after the other
        unpacker = zlib.decompressobj(_GZIP)
        rest = b""  # of a piece; were it the rest of all, each step would copy that
        try:
            while not unpacker.eof:
                if not rest:
                    rest, view = bytes(view[:_PIECE]), view[_PIECE:]
                is_last = not rest
                piece = unpacker.decompress(rest, _PIECE)
                rest = unpacker.unconsumed_tail
                if is_last and not piece and not unpacker.eof:
                    raise BadRequest("the gzip body ends too early: it was cut off on its way")
                yield piece
        except zlib.error as error:
            raise BadRequest(f"the body says it is gzip and cannot be unpacked: {error}") from error
        unused = len(unpacker.unused_data)
        if not unused and not view:
            return
        view = memoryview(raw)[len(raw) - len(view) - unused :]


def _unzstd(raw: bytes) -> Iterator[bytes]:
    view = memoryview(raw)
    while True:
        unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        try:
            while not unpacker.eof:
                if not view:
                    raise BadRequest("the zstd body ends too early: it was cut off on its way")
                yield unpacker.decompress(view[:_ZSTD_PIECE])
                view = view[_ZSTD_PIECE:]
        except zstandard.ZstdError as error:
            raise BadRequest(f"the body says it is zstd and cannot be unpacked: {error}") from error
        unused = len(unpacker.unused_data)
        if not unused and not view:
            return
        view = memoryview(raw)[len(raw) - len(view) - unused :]


_DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {"gzip": _gunzip, "x-gzip": _gunzip, "zstd": _unzstd}


def parse(data: bytes) -> Any:
    """The document that the bytes hold."""
    if not data or data.isspace():
        raise BadRequest("the body is empty: send a JSON object, such as /docs shows")
    try:
        return load_json(data, keep_long=True)
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadRequest(f"the body is not JSON: {error.msg} at {where}") from error
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None

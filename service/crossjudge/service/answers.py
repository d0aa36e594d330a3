"""From a model, or from the pieces of a large answer, to the bytes that are sent: compressed where the caller takes it.

A small answer is sent whole, with its length. A large one is sent as it is made, and made no faster than the caller
reads it: what is held of it is one piece. Where it cannot be finished the connection breaks, so that no caller takes
its beginning for all of it; it would not be JSON either, since the last brace comes last.
"""

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import structlog
import zstandard
from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from crossjudge.contracts import MEDIA_TYPE, ProblemDetails, dump_json

from .errors import AnswerBroken, ServiceError

_JSON = "application/json"
_GZIP = 16 + zlib.MAX_WBITS
_GZIP_LEVEL = 4
_ZSTD_LEVEL = 3
_WORTH_COMPRESSING = 1024
_LARGE_BYTES = 2**18
_PIECE_BYTES = 2**16

log = structlog.get_logger(__name__)


async def json_answer(
    request: Request, model: BaseModel, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """The model, a small one, as the answer to this request."""
    return _whole(dump_json(model, exclude_unset=True), _encoding_for(request), status, headers)


async def long_answer(
    request: Request, pieces: Iterator[bytes], makers: CapacityLimiter, status: int, headers: dict[str, str] | None
) -> Response:
    """An answer of any size, made in a thread, piece by piece. `makers` bounds how many are at work at once.

    Raises what the pieces raise before the first of them is sent.
    """
    encoding = _encoding_for(request)
    larger = _at_least(pieces, _PIECE_BYTES)
    beginning = await to_thread.run_sync(_begin, larger, limiter=makers)
    if len(beginning) < _LARGE_BYTES:
        return _whole(beginning, encoding, status, headers)
    headers = {**(headers or {}), "Vary": "Accept-Encoding"}
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    packed = _packed(beginning, larger, _packer(encoding))
    return StreamingResponse(_sent(packed, makers, request.url.path), status, headers, media_type=_JSON)


def problem_answer(details: ProblemDetails, headers: dict[str, str] | None = None) -> Response:
    """An error, as problem+json."""
    return Response(dump_json(details), details.status, headers, media_type=MEDIA_TYPE)


def accepted_encoding(header: str) -> str | None:
    """`zstd` or `gzip`, whichever the caller prefers of what we have; none where it takes neither."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip()] = _weight(parameter)
    best = max(("zstd", "gzip"), key=lambda name: weights.get(name, 0.0))
    return best if weights.get(best, 0.0) > 0 else None


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def _encoding_for(request: Request) -> str | None:
    return accepted_encoding(request.headers.get("accept-encoding", ""))


def _whole(content: bytes, encoding: str | None, status: int, headers: dict[str, str] | None) -> Response:
    headers = {**(headers or {}), "Vary": "Accept-Encoding"}
    if encoding is not None and len(content) >= _WORTH_COMPRESSING:
        packer = _packer(encoding, len(content))
        content = packer.compress(content) + packer.flush()
        headers["Content-Encoding"] = encoding
    return Response(content, status, headers, media_type=_JSON)


class _Packer(Protocol):
    """What the compressors have in common."""

    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Plain:
    """For callers who take no compression."""

    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def _packer(encoding: str | None, size: int = -1) -> _Packer:
    """What compresses one answer; its size, where it is known, is told to the receiver beforehand."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj(size)
    return _Plain() if encoding is None else zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP)


def _at_least(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Pieces put together to larger ones, of at least that size but for the last."""
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        if len(gathered) >= size:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _begin(pieces: Iterator[bytes]) -> bytes:
    """The beginning of an answer: all of it, or as much as makes it a large one."""
    beginning = bytearray()
    for piece in pieces:
        beginning += piece
        if len(beginning) >= _LARGE_BYTES:
            break
    return bytes(beginning)


def _packed(beginning: bytes, rest: Iterator[bytes], packer: _Packer) -> Iterator[bytes]:
    yield packer.compress(beginning)
    for piece in rest:
        yield packer.compress(piece)
    yield packer.flush()


async def _sent(pieces: Iterator[bytes], makers: CapacityLimiter, path: str) -> AsyncIterator[bytes]:
    """Each piece when the one before has been taken. The thread is another's while the caller reads."""
    try:
        while (piece := await to_thread.run_sync(next, pieces, None, limiter=makers)) is not None:
            if piece:  # compressors often keep what they are given for later, and an empty piece says nothing
                yield piece
    except (ServiceError, RedisError, ValueError) as error:
        log.error("an answer was broken off", path=path, error=str(error))
        raise AnswerBroken(str(error)) from error

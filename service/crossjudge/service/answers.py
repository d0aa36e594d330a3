"""From a model to the bytes of an answer: JSON, compressed where the caller takes it; large ones in a thread."""

import gzip
from functools import partial

import zstandard
from anyio import to_thread
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from crossjudge.contracts import MEDIA_TYPE, BatchStatus, ProblemDetails, dump_json

_WORTH_COMPRESSING = 1024


async def json_answer(
    request: Request, model: BaseModel, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """The model as the answer to this request."""
    make = partial(_answer, model, request.headers.get("accept-encoding", ""), status, headers or {})
    is_small = not (isinstance(model, BatchStatus) and model.problems)
    return make() if is_small else await to_thread.run_sync(make)


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


def _answer(model: BaseModel, accept_encoding: str, status: int, headers: dict[str, str]) -> Response:
    content = dump_json(model, exclude_unset=True)
    headers = {**headers, "Vary": "Accept-Encoding"}
    encoding = accepted_encoding(accept_encoding) if len(content) >= _WORTH_COMPRESSING else None
    if encoding == "zstd":
        content = zstandard.ZstdCompressor(level=3).compress(content)
    elif encoding == "gzip":
        content = gzip.compress(content, compresslevel=4, mtime=0)
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    return Response(content, status, headers, media_type="application/json")

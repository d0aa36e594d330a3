"""The endpoints of batches. They read the request, ask the core, and say which answer it is."""

import json
from collections.abc import AsyncIterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from redis.exceptions import RedisError

from crossjudge.contracts import BatchPage, BatchState, BatchStatus
from crossjudge.contracts.queue import Event

from .answers import json_answer, long_answer
from .body import body_too_large, check_content_type
from .caller import CallerHere
from .core import Core
from .openapi import event_stream, model_body, problems

router = APIRouter(prefix="/v1/batches", tags=["batches"])
log = structlog.get_logger(__name__)

_MOST_DRAINED = 64 * 2**20
_LOCATION = {"Location": {"description": "where the batch is", "schema": {"type": "string"}}}


def core(request: Request) -> Core:
    """The running service behind this request."""
    found: Core = request.app.state.core
    return found


CoreHere = Annotated[Core, Depends(core)]
BatchId = Annotated[str, Path(description="the batch's id")]
Wait = Annotated[float, Query(ge=0, le=60, description="seconds to wait for the batch to be final")]
Key = Annotated[
    str | None, Header(min_length=1, max_length=255, description="the same key and body never make a second batch")
]


@router.post(
    "",
    summary="Post a batch",
    response_model=BatchStatus,
    responses={
        200: {"description": "The batch is final.", "headers": _LOCATION},
        202: {"description": "The batch is taken in.", "headers": _LOCATION, "model": BatchStatus},
        **problems(400, 409, 413, 415, 422, 429, 503),
    },
    openapi_extra=model_body("Batch"),
)
async def post_batch(
    request: Request, here: CoreHere, caller: CallerHere, wait: Wait = 0, idempotency_key: Key = None
) -> Response:
    """Judge every solution against every test of each problem, or the `pairs` that are asked for."""
    check_content_type(request.headers.get("content-type"))
    raw = await read_body(request, here.settings.max_body_bytes)
    batch = await here.take_in(raw, request.headers.get("content-encoding"), idempotency_key, caller)
    request.state.batch = batch
    status = await here.wait(batch, wait)
    code = 200 if status.status.is_final else 202
    return await _answer(request, here, status, code, {"Location": f"/v1/batches/{batch}"})


@router.get("", summary="List batches", response_model=BatchPage, responses=problems(422, 503))
async def list_batches(
    request: Request,
    here: CoreHere,
    caller: CallerHere,
    run: Annotated[str | None, Query(max_length=200, description="only those of this run")] = None,
    status: Annotated[BatchState | None, Query(description="only those in this state")] = None,
    cursor: Annotated[
        str | None, Query(pattern="^b_[0-9A-HJKMNP-TV-Z]{26}$", description="`next` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """The caller's, newest first, without their problems. A page may be short; the last one has no `next`."""
    return await json_answer(request, await here.store.page(caller.tenant, run, status, cursor, limit))


@router.get("/{batch}", summary="Read a batch", response_model=BatchStatus, responses=problems(404, 410, 422, 503))
async def get_batch(request: Request, here: CoreHere, caller: CallerHere, batch: BatchId, wait: Wait = 0) -> Response:
    """Where the batch stands; once it is final, with its passing matrices."""
    await here.store.check_owner(batch, caller.tenant)
    return await _answer(request, here, await here.wait(batch, wait))


@router.delete("/{batch}", summary="Cancel a batch", response_model=BatchStatus, responses=problems(404, 410, 503))
async def delete_batch(request: Request, here: CoreHere, caller: CallerHere, batch: BatchId) -> Response:
    """Cells that have not run become `S`; what is judged stays. A batch that is final stays as it is."""
    await here.store.check_owner(batch, caller.tenant)
    return await _answer(request, here, await here.store.cancel(batch))


@router.get(
    "/{batch}/events",
    summary="Follow a batch",
    response_class=StreamingResponse,
    responses={200: event_stream(), **problems(404, 410, 503)},
)
async def batch_events(here: CoreHere, caller: CallerHere, batch: BatchId) -> StreamingResponse:
    """Server-sent events; the stream ends when the batch is final."""
    await here.store.check_owner(batch, caller.tenant)  # 404 and 410 while they can still be said
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(here, batch), media_type="text/event-stream", headers=headers)


async def _answer(
    request: Request, here: Core, status: BatchStatus, code: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Where a batch stands; where it is final, with its passing matrices."""
    if not status.status.is_final:
        return await json_answer(request, status, code, headers)
    return await long_answer(request, here.pieces(status), here.answers, code, headers)


async def _stream(here: Core, batch: str) -> AsyncIterator[str]:
    with here.hub.watch(batch) as watch:
        event: Event | None = None
        read_again = True
        while not here.hub.is_closing:
            if read_again:
                event = await _current(here, batch)
            if event is not None:
                yield _message(event)
                if event.status.is_final:
                    return
            try:
                event, read_again = await watch.next(here.settings.heartbeat_seconds)
            except TimeoutError:
                event, read_again = None, False
                yield ": still here\n\n"


async def _current(here: Core, batch: str) -> Event | None:
    """The state as an event; none where Redis is away, since the hub says when to read again."""
    try:
        status = await here.store.status(batch)
    except RedisError as error:
        log.warning("a stream could not read its batch", batch=batch, error=str(error))
        return None
    return Event(batch=batch, status=status.status, total=status.cells.total, done=status.cells.done)


def _message(event: Event) -> str:
    name = event.status.value if event.status.is_final else "progress"
    return f"event: {name}\ndata: {json.dumps(event.model_dump(mode='json'))}\n\n"


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body. One that is too large is read on for a while, so that the caller gets to hear our answer."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif size > limit + _MOST_DRAINED:
            break
    if size > limit:
        raise body_too_large(limit)
    return b"".join(parts)

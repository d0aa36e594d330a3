"""The endpoint of groups. It reads the request, has the sample judged with its group, and says which answer it is."""

import math
import time
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request, Response
from starlette.requests import ClientDisconnect

from crossjudge.contracts import SampleAnswer, SampleState
from crossjudge.service.answers import json_answer
from crossjudge.service.batches import CoreHere, Key, read_body
from crossjudge.service.body import check_content_type, decode
from crossjudge.service.caller import CallerHere
from crossjudge.service.core import Core
from crossjudge.service.openapi import model_body, problems

from .judging import reward_of
from .sample import Sample, read_sample

router = APIRouter(prefix="/v1/groups", tags=["groups"])

GroupKey = Annotated[
    str,
    Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f\ufffd]+$", description="names one group of the run"),
]
Wait = Annotated[
    float | None,
    Query(
        ge=0, le=60, allow_inf_nan=False,
        description="seconds to wait for the answer, after which it is 202; without it there is no end",
    ),
]  # fmt: skip


@router.post(
    "/{key:path}/samples",
    summary="Post a sample",
    response_model=SampleAnswer,
    responses={
        200: {"description": "The group is judged."},
        202: {"description": "Not yet: send the same sample, under its name, again.", "model": SampleAnswer},
        **problems(400, 409, 413, 415, 422, 429, 503),
    },
    openapi_extra=model_body("GroupSample"),
)
async def post_sample(
    request: Request, here: CoreHere, caller: CallerHere, key: GroupKey, wait: Wait = None, idempotency_key: Key = None
) -> Response:
    """Wait until all samples of the group have come, judge them together once, and answer with this one's reward."""
    until = math.inf if wait is None else time.monotonic() + wait

    async def check() -> None:
        if await request.is_disconnected():
            raise ClientDisconnect

    answer = await reward_of(here, caller, key, await _sample(request, here, idempotency_key), until, check)
    return await json_answer(request, answer, 200 if answer.status is SampleState.JUDGED else 202)


async def _sample(request: Request, here: Core, name: str | None) -> Sample:
    check_content_type(request.headers.get("content-type"))
    raw = await read_body(request, here.settings.max_body_bytes)
    encoding = request.headers.get("content-encoding")
    return await to_thread.run_sync(_read, raw, encoding, name, here, limiter=here.intakes)


def _read(raw: bytes, encoding: str | None, name: str | None, here: Core) -> Sample:
    return read_sample(decode(raw, encoding, here.settings.max_body_bytes), name, here.settings)

"""The endpoints around the batches: runs, workers, health, metrics, the documentation and the dashboard."""

from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from redis.exceptions import RedisError
from starlette.staticfiles import StaticFiles

from crossjudge.contracts import Answer, Health, RunList
from crossjudge.contracts.queue import WorkerInfo
from crossjudge.contracts.stats import Stats

from .answers import json_answer
from .batches import CoreHere
from .caller import CallerHere
from .core import Core
from .errors import QueueUnreachable
from .metrics import SharedFigures
from .openapi import problems
from .statistics import MOST_MINUTES

router = APIRouter()

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_DOCS_POLICY = (  # Swagger UI starts from a script in the page
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
)
_NO_WORKER = "no worker is there: start one with `crossjudge worker`"


class WorkerList(Answer):
    """The answer of `GET /v1/workers`: who works, how many chunks wait and how many are being judged."""

    workers: list[WorkerInfo]
    queued_chunks: int
    leased_chunks: int


@router.get("/v1/runs", tags=["runs"], response_model=RunList, responses=problems(422, 503))
async def list_runs(
    request: Request, here: CoreHere, caller: CallerHere, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> Response:
    """What each of the caller's runs has used, the latest first."""
    return await json_answer(request, await here.store.runs(caller.tenant, limit))


@router.get("/v1/stats", tags=["system"], response_model=Stats, responses=problems(422, 503))
async def read_stats(
    request: Request,
    here: CoreHere,
    caller: CallerHere,
    minutes: Annotated[int, Query(ge=1, le=MOST_MINUTES, description="how far back the time series go")] = 10,
    run: Annotated[str | None, Query(max_length=200, description="of the latest runs, this one alone")] = None,
    by_run: Annotated[bool, Query(description="whether each run gets a time series of its own")] = False,
) -> Response:
    """How things stand and how they went for the caller's runs: throughput, verdicts, queue; and the workers."""
    return await json_answer(request, await here.statistics.read(caller.tenant, minutes, run=run, by_run=by_run))


@router.get("/v1/workers", tags=["system"], response_model=WorkerList, responses=problems(503))
async def list_workers(request: Request, here: CoreHere) -> Response:
    """The workers that are there, and how much waits for them."""
    queued, leased = await here.store.queue_depth()
    workers = await here.store.workers()
    return await json_answer(request, WorkerList(workers=workers, queued_chunks=queued, leased_chunks=leased))


@router.get("/healthz", tags=["system"], response_model=Health, responses=problems(is_open=True))
async def healthz(request: Request) -> Response:
    """The process is alive; says nothing of the queue."""
    return await json_answer(request, Health(status="ok", version=version("crossjudge"), workers=None))


@router.get("/readyz", tags=["system"], response_model=Health, responses=problems(503, is_open=True))
async def readyz(request: Request, here: CoreHere) -> Response:
    """The queue is reachable and somebody works on it."""
    workers = await here.store.workers()
    able = sum(worker.held_back is None for worker in workers)
    if able == 0:
        why = f"no worker takes work: {workers[0].held_back}" if workers else _NO_WORKER
        raise QueueUnreachable(why, headers={"Retry-After": "2"})
    return await json_answer(request, Health(status="ok", version=version("crossjudge"), workers=able))


@router.get(
    "/metrics",
    tags=["system"],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems(503)},
)
async def metrics(here: CoreHere) -> Response:
    """Figures for Prometheus."""
    here.metrics.waiting.set(here.hub.waiting)
    try:
        shared = await _shared_figures(here)
    except (RedisError, OSError):
        shared = None
    here.metrics.redis_up.set(0 if shared is None else 1)
    return Response(here.metrics.text(shared), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def _shared_figures(here: Core) -> SharedFigures:
    return SharedFigures(
        totals=await here.statistics.totals(),
        queues=await here.statistics.queues(),
        leased=(await here.store.queue_depth())[1],
        workers=await here.store.workers(),
        memory_bytes=await here.statistics.memory_bytes(),
    )


@router.get("/", include_in_schema=False)
async def dashboard() -> HTMLResponse:
    page = (web_folder() / "index.html").read_text(encoding="utf-8")
    return HTMLResponse(page, headers={"Content-Security-Policy": _PAGE_POLICY, "Referrer-Policy": "no-referrer"})


@router.get("/docs", include_in_schema=False)
async def docs(request: Request) -> HTMLResponse:
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=f"{request.app.title}: API",
        swagger_js_url="/static/swagger/swagger-ui-bundle.js",
        swagger_css_url="/static/swagger/swagger-ui.css",
        swagger_favicon_url="/static/icon.svg",
    )
    page.headers["Content-Security-Policy"] = _DOCS_POLICY
    return page


def web_folder() -> Path:
    """Where the dashboard's files are."""
    return Path(str(files("crossjudge.service"))) / "web"


def static_files() -> list[tuple[str, StaticFiles]]:
    """What is served as it lies: the dashboard, and Swagger UI out of its wheel, so that /docs needs no internet."""
    swagger = Path(str(files("fastapi_offline"))) / "static"
    return [("/static/swagger", StaticFiles(directory=swagger)), ("/static", StaticFiles(directory=web_folder()))]

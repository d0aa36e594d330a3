"""Puts the service together. Nothing happens at import, nor before the app is started."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from redis.exceptions import BusyLoadingError, ConnectionError, OutOfMemoryError, ReadOnlyError, TimeoutError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from crossjudge.contracts import Violation

from . import batches, problems, system
from .answers import problem_answer
from .core import running
from .errors import ServiceError, problem_details, queue_away, shown
from .groups import endpoint as groups
from .guard import Guard
from .metrics import Metrics
from .openapi import describe
from .request_log import SeenRequests
from .settings import ServiceSettings

log = structlog.get_logger(__name__)


def create_app(settings: ServiceSettings | None = None) -> FastAPI:
    """The service as an ASGI app; with no settings given, those of the environment."""
    settings = settings or ServiceSettings()
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings, metrics) as core:
            app.state.core = core
            yield

    app = FastAPI(
        title="crossjudge",
        version=version("crossjudge"),
        description="Solutions and tests in, passing matrices out.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(batches.router)
    app.include_router(problems.router)
    app.include_router(groups.router)
    app.include_router(system.router)
    for path, folder in system.static_files():
        app.mount(path, folder)
    _answer_errors(app)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(SeenRequests, metrics=metrics)
    _describe_once(app, settings)
    return app


def _describe_once(app: FastAPI, settings: ServiceSettings) -> None:
    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app, settings)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the document


def _answer_errors(app: FastAPI) -> None:
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(RequestValidationError, _wrong_parameters)
    app.add_exception_handler(HTTPException, _http_error)
    for kind in (ConnectionError, TimeoutError, BusyLoadingError, OutOfMemoryError, ReadOnlyError):
        app.add_exception_handler(kind, _redis_away)


async def _service_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError), error
    return problem_answer(error.details(), error.headers)


async def _redis_away(request: Request, error: Exception) -> Response:
    log.warning("Redis does not answer", path=request.url.path, error=str(error))
    away = queue_away()
    return problem_answer(away.details(), away.headers)


async def _wrong_parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), error
    found = [
        Violation(
            path=".".join(str(part) for part in wrong["loc"]),
            detail=f"{wrong['msg'].removeprefix('Input ')}, not {shown(wrong['input'])}",
        )
        for wrong in error.errors()
    ]
    return problem_answer(problem_details(422, "; ".join(f"{v.path}: {v.detail}" for v in found), found))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), error
    said = {
        404: f"there is nothing at {shown(request.url.path)}: see /docs",
        405: f"{shown(request.method)} is not possible here: see /docs",
    }
    details = problem_details(error.status_code, said.get(error.status_code, str(error.detail)))
    headers = dict(error.headers or {})
    if error.status_code == 405 and (methods := _methods(request)):
        headers["Allow"] = ", ".join(methods)
    return problem_answer(details, headers)


def _methods(request: Request) -> list[str]:
    """What is possible at this path: each method is a route of its own, and a 405 knows only the first of them."""
    routers = (batches.router, problems.router, groups.router, system.router)
    routes = [route for router in routers for route in router.routes]
    matching = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in matching for method in getattr(route, "methods", None) or ()})

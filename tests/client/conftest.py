"""The pretend service, and the two clients behind one face, so that every case is tried on both."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crossjudge.client import AsyncClient, Client, Grid, Patience
from pretend_service import PretendService

QUICK = Patience(busy=5, unreachable=2, first_pause=0.01, longest_pause=0.05)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendService]:
    with PretendService() as pretend:
        monkeypatch.setenv("CROSSJUDGE_URL", pretend.url)
        monkeypatch.delenv("CROSSJUDGE_API_KEY", raising=False)
        yield pretend


def call_sync(method: str, *args: Any, settings: dict[str, Any], **kwargs: Any) -> Any:
    with Client(**{"patience": QUICK, **settings}) as client:
        result = getattr(client, method)(*args, **kwargs)
        return list(result) if method in ("stream", "batches") else result


def call_async(method: str, *args: Any, settings: dict[str, Any], **kwargs: Any) -> Any:
    async def run() -> Any:
        async with AsyncClient(**{"patience": QUICK, **settings}) as client:
            result = getattr(client, method)(*args, **kwargs)
            return [one async for one in result] if method in ("stream", "batches") else await result

    return asyncio.run(run())


@pytest.fixture(params=[call_sync, call_async], ids=["Client", "AsyncClient"])
def call(request: pytest.FixtureRequest, service: PretendService) -> Callable[..., Any]:
    """`call("matrix", ...)` on a fresh client of either kind; `settings` go to its constructor."""

    def run(method: str, *args: Any, settings: dict[str, Any] | None = None, **kwargs: Any) -> Any:
        return request.param(method, *args, settings=settings or {}, **kwargs)

    return run


def summary_of(grids: list[Grid]) -> list[tuple[int, str, list[str]]]:
    return sorted((grid.index, grid.id, grid.verdicts) for grid in grids)

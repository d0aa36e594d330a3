"""The asyncio client: the same methods as `Client`, awaited; drives the same flows over httpx2."""
# ruff: noqa: ASYNC109 - `timeout` is a parameter here because it is one of `Client`, and because it is the batch that
# is given up, not the request.

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx2

from crossjudge.contracts import (
    BatchPage,
    BatchState,
    BatchStatus,
    GroupProblem,
    Health,
    Priority,
    RunList,
    RunUsage,
    SampleAnswer,
)

from . import _flows as flows
from . import _protocol as protocol
from ._astream import AsyncStreaming
from ._batching import abatched
from ._check import ProblemLike, problem_of, sample_of
from ._flows import Flow, Pause, Result
from ._http import failure_of, http_options, read_headers, timeouts
from ._protocol import Failure, Request, Response
from ._retry import NO_PATIENCE, Patience
from ._settings import DetailLike, IsolationLike, LimitsLike, Order, RewardLike, address_of
from .errors import CrossjudgeError
from .grid import Grid


class AsyncClient:
    """`Client` for asyncio: the same arguments, the same methods, awaited."""

    def __init__(
        self,
        url: str | None = None,
        *,
        run: str = "default",
        api_key: str | None = None,
        limits: LimitsLike | None = None,
        isolation: IsolationLike | None = None,
        detail: DetailLike | None = None,
        cache: bool | None = None,
        fork_per_cell: bool | None = None,
        priority: Priority | None = None,
        weight: float | None = None,
        timeout: float = 60.0,
        patience: Patience | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        address = address_of(url, api_key)
        self.url = address.url
        self._order = Order(run, limits, isolation, detail, cache, fork_per_cell, priority, weight)
        self._rules = flows.Rules(self.url, patience or Patience())
        self._timeout = timeout
        self._http = httpx2.AsyncClient(transport=transport, **http_options(address))

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def matrix(
        self,
        solutions: Sequence[str],
        tests: Sequence[Any],
        *,
        entry_point: str | None = None,
        prelude: str = "",
        id: str | None = None,
        pairs: Sequence[tuple[int, int]] | None = None,
        limits: LimitsLike | None = None,
        isolation: IsolationLike | None = None,
        detail: DetailLike | None = None,
        cache: bool | None = None,
        fork_per_cell: bool | None = None,
        priority: Priority | None = None,
        timeout: float | None = None,
    ) -> Grid:
        """See `Client.matrix`."""
        problem = problem_of(
            {"id": id, "entry_point": entry_point, "prelude": prelude, "solutions": solutions, "tests": tests,
             "pairs": pairs}
        )  # fmt: skip
        order = self._order.but(limits, isolation, detail, cache, fork_per_cell, priority)
        return await self._drive(flows.matrix(self._rules, order, problem, flows.POLL, timeout))

    async def sample(
        self,
        key: str,
        *,
        size: int,
        solution: str | None = None,
        test: Any = None,
        problem: GroupProblem | Mapping[str, Any] | None = None,
        sample: str | None = None,
        reward: RewardLike | None = None,
        deadline_seconds: float | None = None,
        limits: LimitsLike | None = None,
        isolation: IsolationLike | None = None,
        detail: DetailLike | None = None,
        cache: bool | None = None,
        fork_per_cell: bool | None = None,
        priority: Priority | None = None,
        timeout: float | None = None,
    ) -> SampleAnswer:
        """See `Client.sample`."""
        order = self._order.but(limits, isolation, detail, cache, fork_per_cell, priority)
        stated = sample_of(
            order, size=size, solution=solution, test=test, problem=problem, name=sample, reward=reward,
            deadline_seconds=deadline_seconds,
        )  # fmt: skip
        return await self._drive(flows.sample(self._rules, key, stated, flows.POLL, timeout))

    async def submit(
        self,
        problems: Iterable[ProblemLike],
        *,
        limits: LimitsLike | None = None,
        isolation: IsolationLike | None = None,
        detail: DetailLike | None = None,
        cache: bool | None = None,
        fork_per_cell: bool | None = None,
        priority: Priority | None = None,
    ) -> BatchStatus:
        """See `Client.submit`."""
        checked = [problem_of(value, f"$.problems[{index}]") for index, value in enumerate(problems)]
        order = self._order.but(limits, isolation, detail, cache, fork_per_cell, priority)
        return await self._drive(flows.submit(self._rules, order, checked))

    async def status(self, batch: BatchStatus | str) -> BatchStatus:
        """See `Client.status`."""
        return await self._drive(flows.status(self._rules, batch))

    async def wait(self, batch: BatchStatus | str, timeout: float | None = None) -> BatchStatus:
        """See `Client.wait`."""
        return await self._drive(flows.wait_for(self._rules, batch, timeout))

    async def results(self, batch: BatchStatus | str, timeout: float | None = None) -> list[Grid]:
        """See `Client.results`."""
        return flows.grids_of(await self.wait(batch, timeout))

    async def cancel(self, batch: BatchStatus | str) -> BatchStatus:
        """See `Client.cancel`."""
        return await self._drive(flows.cancel(self._rules, batch))

    async def batches(
        self, *, run: str | None = None, status: BatchState | str | None = None, limit: int | None = None
    ) -> AsyncIterator[BatchStatus]:
        """See `Client.batches`."""
        cursor: str | None = None
        while True:
            page = await self._ask(protocol.list_batches(run, status, limit, cursor), BatchPage)
            for batch in page.batches:
                yield batch
            cursor = page.next
            if cursor is None:
                return

    async def runs(self) -> list[RunUsage]:
        """See `Client.runs`."""
        return (await self._ask(protocol.list_runs(), RunList)).runs

    async def health(self) -> Health:
        """See `Client.health`."""
        return await self._ask(Request("GET", "/healthz"), Health, NO_PATIENCE)

    async def ready(self) -> Health:
        """See `Client.ready`."""
        return await self._ask(Request("GET", "/readyz"), Health, NO_PATIENCE)

    def stream(
        self,
        problems: Iterable[ProblemLike] | AsyncIterable[ProblemLike],
        *,
        cells_per_batch: int = flows.CELLS_PER_BATCH,
        in_flight: int = flows.IN_FLIGHT,
        limits: LimitsLike | None = None,
        isolation: IsolationLike | None = None,
        detail: DetailLike | None = None,
        cache: bool | None = None,
        fork_per_cell: bool | None = None,
        priority: Priority | None = None,
        on_refused: Callable[[int, CrossjudgeError], None] | None = None,
        on_status: Callable[[BatchStatus], None] | None = None,
    ) -> AsyncGenerator[Grid]:
        """See `Client.stream`; `problems` may be an async iterable as well.

        Leave it early through `contextlib.aclosing`, so that what is in flight is cancelled at once.
        """
        order = self._order.but(limits, isolation, detail, cache, fork_per_cell, priority)
        poll = flows.POLL if on_status is None else flows.POLL_FOR_PROGRESS
        source = abatched(problems, cells_per_batch, on_refused)
        return AsyncStreaming(self._rules, self._drive, order, poll).run(source, in_flight, on_refused, on_status)

    async def _ask(
        self, request: Request, model: type[protocol.Model], patience: Patience | None = None
    ) -> protocol.Model:
        return await self._drive(flows.ask(self._rules, request, model, patience))

    async def _drive(self, flow: Flow[Result]) -> Result:
        """Do what the flow asks for until it returns."""
        answer: Response | Failure | None = None
        try:
            while True:
                step = flow.send(answer)
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    answer = None
                else:
                    answer = await self._send(step)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            flow.close()

    async def _send(self, request: Request) -> Response | Failure:
        try:
            answer = await self._http.request(
                request.method, self.url + request.path, params=request.params, headers=request.headers,
                content=request.body, timeout=timeouts(self._timeout, request),
            )  # fmt: skip
        except httpx2.RequestError as error:
            return failure_of(error)
        return Response(answer.status_code, read_headers(answer), answer.content)

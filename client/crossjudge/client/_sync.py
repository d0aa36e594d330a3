"""The blocking client: drives the flows over httpx2. Holds no decision of its own about the protocol."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
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
from ._batching import batched
from ._check import ProblemLike, problem_of, sample_of
from ._flows import Flow, Pause, Result
from ._http import failure_of, http_options, read_headers, timeouts
from ._protocol import Failure, Request, Response
from ._retry import NO_PATIENCE, Patience
from ._settings import DetailLike, IsolationLike, LimitsLike, Order, RewardLike, address_of
from ._stream import Streaming
from .errors import CrossjudgeError
from .grid import Grid


class Client:
    """Judges solutions against tests at a crossjudge service. Safe to share between threads.

    `url` and `api_key` default to CROSSJUDGE_URL (else http://127.0.0.1:8000) and CROSSJUDGE_API_KEY. `limits`,
    `isolation`, `detail`, `cache`, `fork_per_cell` and `priority` (which of the run's batches are judged first) hold
    for every call that does not name its own. `weight` is the run's share beside the other runs of its tenant.
    `timeout` is how many seconds one answer may take beyond what it was asked to wait for; `patience` is for what is
    worth trying again.
    `transport` replaces the network, as in tests.
    """

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
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        address = address_of(url, api_key)
        self.url = address.url
        self._order = Order(run, limits, isolation, detail, cache, fork_per_cell, priority, weight)
        self._rules = flows.Rules(self.url, patience or Patience())
        self._timeout = timeout
        self._http = httpx2.Client(transport=transport, **http_options(address))

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def matrix(
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
        """Judge every solution against every test and wait for the grid.

        `timeout` bounds the wait in seconds: `WaitTimeout` then carries the id of the batch, which goes on.
        """
        problem = problem_of(
            {"id": id, "entry_point": entry_point, "prelude": prelude, "solutions": solutions, "tests": tests,
             "pairs": pairs}
        )  # fmt: skip
        order = self._order.but(limits, isolation, detail, cache, fork_per_cell, priority)
        return self._drive(flows.matrix(self._rules, order, problem, flows.POLL, timeout))

    def sample(
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
        """Wait until all `size` samples of the group `key` have come and are judged together; this one's reward.

        A sample is a `solution` or a `test`. `problem` holds what all of them are judged with (`tests`, `solutions`,
        `entry_point`, `prelude`); size, problem and limits must be the same for all samples of a key. `sample` names
        this one: called again under the same name, it counts once and gets the same answer.

        Raises `Conflict` where the group's deadline passes before all have come, or the sample does not fit the
        others; `WaitTimeout` after `timeout` seconds of this call.
        """
        order = self._order.but(limits, isolation, detail, cache, fork_per_cell, priority)
        stated = sample_of(
            order, size=size, solution=solution, test=test, problem=problem, name=sample, reward=reward,
            deadline_seconds=deadline_seconds,
        )  # fmt: skip
        return self._drive(flows.sample(self._rules, key, stated, flows.POLL, timeout))

    def submit(
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
        """Post the problems as one batch and return at once; `wait` or `results` take what this returns."""
        checked = [problem_of(value, f"$.problems[{index}]") for index, value in enumerate(problems)]
        order = self._order.but(limits, isolation, detail, cache, fork_per_cell, priority)
        return self._drive(flows.submit(self._rules, order, checked))

    def status(self, batch: BatchStatus | str) -> BatchStatus:
        """Where a batch stands now."""
        return self._drive(flows.status(self._rules, batch))

    def wait(self, batch: BatchStatus | str, timeout: float | None = None) -> BatchStatus:
        """Wait until a batch is done, cancelled or failed. Raises `WaitTimeout` after `timeout` seconds."""
        return self._drive(flows.wait_for(self._rules, batch, timeout))

    def results(self, batch: BatchStatus | str, timeout: float | None = None) -> list[Grid]:
        """Wait for a batch and return its grids, in the order of its problems; a cancelled one has S in them."""
        return flows.grids_of(self.wait(batch, timeout))

    def cancel(self, batch: BatchStatus | str) -> BatchStatus:
        """Cancel what has not run of a batch."""
        return self._drive(flows.cancel(self._rules, batch))

    def batches(
        self, *, run: str | None = None, status: BatchState | str | None = None, limit: int | None = None
    ) -> Iterator[BatchStatus]:
        """The service's batches, newest first, fetched page by page; `limit` is the size of a page."""
        cursor: str | None = None
        while True:
            page = self._ask(protocol.list_batches(run, status, limit, cursor), BatchPage)
            yield from page.batches
            cursor = page.next
            if cursor is None:
                return

    def runs(self) -> list[RunUsage]:
        """What each run has used so far."""
        return self._ask(protocol.list_runs(), RunList).runs

    def health(self) -> Health:
        """That the service is alive. Not retried."""
        return self._ask(Request("GET", "/healthz"), Health, NO_PATIENCE)

    def ready(self) -> Health:
        """That the queue is reachable and a worker is there. Not retried; raises `ServiceUnavailable` if not so."""
        return self._ask(Request("GET", "/readyz"), Health, NO_PATIENCE)

    def stream(
        self,
        problems: Iterable[ProblemLike],
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
    ) -> Generator[Grid]:
        """Yield each problem's grid as it finishes, not in the order of `problems`: `index` is its place there.

        `problems` may be endless: it is read in the caller's thread, at most `in_flight` batches of about
        `cells_per_batch` cells ahead. A problem that the service refuses ends the stream with its error; with
        `on_refused` that is called with (index, error) instead and the others go on. `on_status` is told how
        each batch gets on, every few seconds. Closing the stream, or an exception in it, cancels what is in flight.
        """
        order = self._order.but(limits, isolation, detail, cache, fork_per_cell, priority)
        poll = flows.POLL if on_status is None else flows.POLL_FOR_PROGRESS
        source = batched(problems, cells_per_batch, on_refused)
        return Streaming(self._rules, self._drive, order, poll).run(source, in_flight, on_refused, on_status)

    def _ask(self, request: Request, model: type[protocol.Model], patience: Patience | None = None) -> protocol.Model:
        return self._drive(flows.ask(self._rules, request, model, patience))

    def _drive(self, flow: Flow[Result], pause: Callable[[float], None] = time.sleep) -> Result:
        """Do what the flow asks for until it returns. `pause` may raise to end it early."""
        answer: Response | Failure | None = None
        try:
            while True:
                step = flow.send(answer)
                if isinstance(step, Pause):
                    pause(step.seconds)
                    answer = None
                else:
                    answer = self._send(step)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        finally:
            flow.close()

    def _send(self, request: Request) -> Response | Failure:
        try:
            answer = self._http.request(
                request.method, self.url + request.path, params=request.params, headers=request.headers,
                content=request.body, timeout=timeouts(self._timeout, request),
            )  # fmt: skip
        except httpx2.RequestError as error:
            return failure_of(error)
        return Response(answer.status_code, read_headers(answer), answer.content)

"""The endpoints of what is in a batch: its problems and their cells, one at a time.

A batch may have a million cells; whoever looks at one of them need not be sent the others.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from crossjudge.contracts import ProblemResult
from crossjudge.contracts.stats import CellView, ProblemPage

from .answers import json_answer, long_answer
from .batches import BatchId, CoreHere
from .caller import CallerHere
from .cell_view import cell_view, problem_answer_pieces, problem_page
from .openapi import problems

router = APIRouter(prefix="/v1/batches/{batch}/problems", tags=["batches"])

_MOST_PROBLEMS = 10**9  # whatever an index may be without a sense
Place = Annotated[int, Path(ge=0, le=_MOST_PROBLEMS, description="an index, from 0")]


@router.get(
    "", summary="List the problems of a batch", response_model=ProblemPage, responses=problems(404, 410, 422, 503)
)
async def list_problems(
    request: Request,
    here: CoreHere,
    caller: CallerHere,
    batch: BatchId,
    first: Annotated[int, Query(ge=0, le=_MOST_PROBLEMS, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Where the batch stands, and its problems without their matrices."""
    await here.store.check_owner(batch, caller.tenant)
    status = await here.store.status(batch)
    return await json_answer(request, await here.in_thread(problem_page, status, first, limit))


@router.get(
    "/{problem}",
    summary="Read one problem of a batch",
    response_model=ProblemResult,
    responses=problems(404, 409, 410, 422, 503),
)
async def get_problem(
    request: Request,
    here: CoreHere,
    caller: CallerHere,
    batch: BatchId,
    problem: Place,
    details: Annotated[bool, Query(description="whether `outputs` and `cells` are filled in, where asked for")] = True,
) -> Response:
    """The passing matrix of one problem, as it stands in the batch's answer."""
    await here.store.check_owner(batch, caller.tenant)
    status = await here.store.status(batch)
    pieces = problem_answer_pieces(here.connection, status, problem, has_details=details)
    return await long_answer(request, pieces, here.answers, 200, None)


@router.get(
    "/{problem}/cells/{solution}/{test}",
    summary="Read one cell of a batch",
    response_model=CellView,
    responses=problems(404, 410, 422, 503),
)
async def get_cell(
    request: Request, here: CoreHere, caller: CallerHere, batch: BatchId, problem: Place, solution: Place, test: Place
) -> Response:
    """All that is known of a cell, with the sources of its solution and its test; of a batch at work too."""
    await here.store.check_owner(batch, caller.tenant)
    status = await here.store.status(batch)
    return await json_answer(request, await here.in_thread(cell_view, status, problem, solution, test))

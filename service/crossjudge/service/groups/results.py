"""What is said of each sample of a judged group: its row or column, and its reward."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread

from crossjudge.contracts import (
    BatchState,
    BatchStatus,
    ProblemResult,
    SampleAnswer,
    SampleState,
    load_json,
)

from .barrier import Seen
from .rewards import POLICIES, Rewarded, Table
from .sample import Member

_MOST_KEPT_CELLS = 200_000  # a group is read by all its samples at about the same time, and then hardly again


@dataclass(frozen=True)
class Judged:
    """The batch of a group that is final, and its matrix, where it has one."""

    status: BatchStatus
    result: ProblemResult | None
    table: Table | None


class Results:
    """Reads the matrices of judged groups; the latest few are kept, so that its samples do not read one each."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Judged] = OrderedDict()

    async def of(self, status: BatchStatus, read: Callable[[], bytes], limiter: CapacityLimiter) -> Judged:
        """What came of a final batch; `read` gives its whole answer, in a thread."""
        return await to_thread.run_sync(self._of, status, read, limiter=limiter)

    def _of(self, status: BatchStatus, read: Callable[[], bytes]) -> Judged:
        if (kept := self._kept.get(status.id)) is not None:
            return kept
        problems = BatchStatus.model_validate(load_json(read())).problems
        result = problems[0] if problems else None
        table = None if result is None else Table(result.matrix, result.solutions, result.tests)
        judged = self._kept[status.id] = Judged(status, result, table)
        while len(self._kept) > 1 and sum(each.status.cells.total for each in self._kept.values()) > _MOST_KEPT_CELLS:
            self._kept.popitem(last=False)
        return judged


def unjudged(key: str, member: Member, seen: Seen, status: SampleState) -> SampleAnswer:
    """The answer while there is nothing to say yet."""
    return SampleAnswer(
        key=key, run=member.run, sample=member.name, status=status, size=member.size, came=seen.came,
        batch=seen.batch, index=None, row=None, column=None, solution=None, test=None, outputs=None, cells=None,
        reward=None, parts=None, reason=None,
    )  # fmt: skip


def answer(key: str, member: Member, place: int, seen: Seen, judged: Judged) -> SampleAnswer:
    """The answer once the group is judged."""
    bare = unjudged(key, member, seen, SampleState.JUDGED)
    if judged.result is None or judged.table is None:
        return bare.model_copy(update={"reason": _why_nothing(judged.status)})
    policy = POLICIES[member.reward]
    if member.is_solution:
        index = member.own_solutions + place
        said, rewarded = _row(judged.result, index), policy.of_solution(judged.table, index)
    else:
        index = member.own_tests + place
        said, rewarded = _column(judged.result, index), policy.of_test(judged.table, index)
    return bare.model_copy(update={"index": index, **said, **_reward(rewarded)})


def _row(result: ProblemResult, index: int) -> dict[str, object]:
    return {
        "row": result.matrix[index],
        "solution": result.solutions[index],
        "outputs": None if result.outputs is None else result.outputs[index],
        "cells": None if result.cells is None else result.cells[index],
    }


def _column(result: ProblemResult, index: int) -> dict[str, object]:
    return {
        "column": "".join(row[index] for row in result.matrix),
        "test": result.tests[index],
        "outputs": None if result.outputs is None else [row[index] for row in result.outputs],
        "cells": None if result.cells is None else [row[index] for row in result.cells],
    }


def _reward(rewarded: Rewarded) -> dict[str, object]:
    return {"reward": rewarded.value, "parts": rewarded.parts, "reason": rewarded.reason}


def _why_nothing(status: BatchStatus) -> str:
    if status.status is BatchState.FAILED:
        return f"the service gave the group's batch up: {status.error or 'no reason given'}"
    return f"the group's batch is {status.status} without results"

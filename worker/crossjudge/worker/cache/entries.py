"""What is kept of a row and of each of its cells, and what is not kept. Pure; knows nothing of Redis.

What is kept is what the jail said and not the verdict, which is decided anew each time: an answer is made from kept
cells and from fresh ones in the same way. What is read back is validated like what comes out of a jail, and what is
not as we write it is not there.
"""

import json
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from crossjudge.contracts import Detail, Order, SourceReport, SourceStatus, Test, Verdict
from crossjudge.worker.outcome import RawOutcome, TestAnswer
from crossjudge.worker.verdict import decide

_FINE = SourceReport(status=SourceStatus.OK)
_FINE_TEST = TestAnswer(status=SourceStatus.OK)
_TYPICAL = RawOutcome(ended=("exit", 0), phase="test", used=True).model_dump()
"""What most cells have in common, and what therefore is not written for each of them."""

_NOT_KEPT = frozenset({Verdict.TIMEOUT, Verdict.MEMORY, Verdict.SKIPPED, Verdict.NOT_JUDGED})
"""These may be due to the machine, or are no judgement."""

_COMPILER_GAVE_UP = "cannot be compiled: "
"""How the jail begins what it says where the compiler hit a limit or did not survive: that, too, the machine may do."""


class KeptRow(BaseModel):
    """What is kept of a row as a whole: what the compiler made of the solution and of the prelude."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    solution: SourceReport = _FINE
    prelude: SourceReport = _FINE


@dataclass(frozen=True)
class KnownCell:
    """What is known of one cell: what the compiler made of its test, and what was observed, if it ran."""

    test: TestAnswer
    outcome: RawOutcome | None


def write_row(row: KeptRow) -> bytes | None:
    """None where nothing of the row may be kept."""
    return None if _is_in_doubt([row.solution, row.prelude]) else row.model_dump_json(exclude_defaults=True).encode()


def read_row(data: bytes | None) -> KeptRow | None:
    """What `write_row` wrote; None for anything else."""
    if data is None:
        return None
    try:
        row = KeptRow.model_validate_json(data)
    except ValueError:
        return None
    return None if _is_in_doubt([row.solution, row.prelude]) else row


def write_cell(order: Order, test: Test, row: KeptRow, cell: KnownCell) -> bytes | None:
    """None where the cell may not be kept."""
    if not _may_be_kept(order, test, row, cell):
        return None
    content: dict[str, Any] = {}
    if cell.outcome is None:
        content["ran"] = False
    else:
        asked = cell.outcome.model_dump(exclude=_unasked(order, cell.outcome))
        content = {name: value for name, value in asked.items() if value != _TYPICAL[name]}
    if cell.test != _FINE_TEST:
        content["test"] = cell.test.model_dump()
    return json.dumps(content, separators=(",", ":")).encode("ascii")


def read_cell(order: Order, test: Test, row: KeptRow, data: bytes | None) -> KnownCell | None:
    """What `write_cell` wrote; None for anything else."""
    if data is None:
        return None
    try:
        content = json.loads(data)
        if not isinstance(content, dict):
            return None
        report = TestAnswer.model_validate(content.pop("test", _FINE_TEST))
        ran = content.pop("ran", True)
        cell = KnownCell(report, RawOutcome.model_validate(_TYPICAL | content) if ran else None)
    except (ValueError, RecursionError):
        return None
    return cell if _may_be_kept(order, test, row, cell) else None


def _may_be_kept(order: Order, test: Test, row: KeptRow, cell: KnownCell) -> bool:
    if _is_in_doubt([cell.test]):
        return False
    outcome = cell.outcome
    if outcome is None:
        return any(report.status is not SourceStatus.OK for report in (row.solution, row.prelude, cell.test))
    if outcome.stopped is not None or outcome.over is not None or outcome.ended == ("signal", signal.SIGKILL):
        return False  # a kill may be the machine's, which ran out of memory
    return decide(test, outcome, order.limits) not in _NOT_KEPT


def _is_in_doubt(reports: Iterable[SourceReport]) -> bool:
    return any((report.message or "").startswith(_COMPILER_GAVE_UP) for report in reports)


def _unasked(order: Order, outcome: RawOutcome) -> set[str]:
    """Fields of an outcome from which nothing is answered: a message is, where the solution did not get to its test."""
    asked = order.detail
    is_needed = {
        "message": Detail.MESSAGES in asked or outcome.phase in ("load", "entry"),
        "cpu_ns": Detail.TIMINGS in asked,
        "wall_ns": Detail.TIMINGS in asked,
        "stdout": Detail.STDOUT in asked,
        "output": Detail.OUTPUTS in asked,
    }
    return {name for name, needed in is_needed.items() if not needed}

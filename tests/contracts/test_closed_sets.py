"""The closed sets of words: users wrote them into their programs, so they are pinned here one by one."""

from typing import get_args

from crossjudge.contracts import (
    BatchState,
    Detail,
    Isolation,
    ProblemResult,
    Reward,
    SampleState,
    SourceStatus,
    Verdict,
)
from crossjudge.contracts.queue import SandboxName


def test_the_verdict_letters_are_pinned() -> None:
    assert {v.name: v.value for v in Verdict} == {
        "PASSED": "P",
        "FAILED": "F",
        "ERROR": "E",
        "TIMEOUT": "T",
        "MEMORY": "M",
        "CRASHED": "C",
        "SKIPPED": "S",
        "NOT_JUDGED": "X",
    }


def test_only_skipped_and_not_judged_cells_are_not_scored() -> None:
    assert {v.value for v in Verdict if not v.is_scored} == {"S", "X"}


def test_the_published_schema_knows_exactly_the_verdict_letters() -> None:
    pattern = ProblemResult.model_json_schema()["properties"]["matrix"]["items"]["pattern"]
    assert pattern == f"^[{''.join(Verdict)}]*$"


def test_the_other_closed_sets_are_pinned() -> None:
    assert list(BatchState) == ["queued", "running", "done", "cancelled", "failed"]
    assert [s for s in BatchState if s.is_final] == ["done", "cancelled", "failed"]
    assert list(Isolation) == ["split", "shared", "auto"]
    assert list(Detail) == ["messages", "timings", "stdout", "outputs"]
    assert list(SourceStatus) == ["ok", "syntax_error", "too_large", "load_error", "no_entry_point", "not_run"]
    assert list(Reward) == ["pass_rate", "all_or_nothing", "codet", "b4"]
    assert list(SampleState) == ["waiting", "judging", "judged"]
    assert get_args(SandboxName) == ("nsjail", "gvisor", "none")

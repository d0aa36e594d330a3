"""Samples that come one at a time and are judged together: what is sent for one of them, and what comes back for it."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from .batch import Answer, CellReport, Details, Priority, SolutionReport, TestReport
from .problem import Limits, Request, Test
from .text import SourceText
from .verdict import Isolation


class Reward(StrEnum):
    """How a sample's reward follows from the group's passing matrix."""

    PASS_RATE = "pass_rate"
    """Solution: the share of valid tests that it passes. Test: validity × discrimination on the group's solutions."""
    ALL_OR_NOTHING = "all_or_nothing"
    """1 where `pass_rate` is 1, else 0."""
    CODET = "codet"
    """1 for what the CodeT selector chooses, solutions and tests, else 0."""
    B4 = "b4"
    """1 for what the B4 selector chooses, solutions and tests, else 0."""


class GroupProblem(Request):
    """What the samples of a group are judged with: a problem whose solutions, or tests, or both come one at a time.

    Its own solutions and tests stand in the group's passing matrix before those that come.
    """

    id: str | None = Field(None, max_length=512, description="named in the group's batch")
    language: Literal["python"] = "python"
    entry_point: str | None = Field(None, max_length=512, description="the function that `call` tests call")
    prelude: SourceText = Field("", description="Python code run before each solution, in the same module")
    solutions: list[SourceText] = Field([], description="solutions that are there from the beginning")
    tests: list[Test] = Field([], description="tests that are there from the beginning")


class GroupSample(Request):
    """The body of `POST /v1/groups/{key}/samples`: one sample, and all that its group's samples must agree about.

    Beside the sample it has the fields of a batch, which the group becomes once it is complete.
    """

    size: int = Field(ge=1, strict=True, description="how many samples the group has, solutions and tests together")
    solution: SourceText | None = Field(None, description="the sample, where it is a solution")
    test: Test | None = Field(None, description="the sample, where it is a test")
    sample: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="names the sample within its group: sent again under the same name it counts once; "
        "where absent, the Idempotency-Key does",
    )
    problem: GroupProblem = GroupProblem()
    reward: Reward = Field(Reward.PASS_RATE, description="how the reward follows from the group's passing matrix")
    deadline_seconds: float = Field(
        300.0,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="seconds from this sample's coming within which the group must be complete; the earliest counts",
    )
    run: str = Field("default", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    limits: Limits = Limits()
    isolation: Isolation = Isolation.SPLIT
    detail: Details = Field([], description='what the answer carries for each cell; "full" for all of it')
    fork_per_cell: bool = Field(False, strict=True, description="as in a batch")
    cache: bool = Field(True, strict=True, description="as in a batch")
    priority: Priority = Field("normal", description="as in a batch")
    weight: float = Field(1.0, ge=0.01, le=100, strict=True, description="as in a batch")


class SampleState(StrEnum):
    """Where a sample's group stands."""

    WAITING = "waiting"
    """Samples are missing."""
    JUDGING = "judging"
    """All have come; the batch that they are is not final."""
    JUDGED = "judged"


class RewardParts(Answer):
    """The numbers that a reward was made of; which there are depends on the reward and on the kind of the sample."""

    passed: int | None = Field(None, description="valid tests that the solution passes")
    judged: int | None = Field(None, description="valid tests on which it was judged")
    agreeing: int | None = Field(None, description="solutions that pass exactly the same valid tests, itself included")
    validity: float | None = Field(None, description="share of the best solutions that pass the test")
    discrimination: float | None = Field(None, description="share of the other solutions that do not")


class SampleAnswer(Answer):
    """What is said of one sample: its row or its column of the group's passing matrix, and its reward.

    A row has a letter for each test: the problem's, then those that came as samples, in the order of their coming. A
    column has a letter for each solution, likewise. All of this is null until the group is judged. `reward` stays null
    where nothing could be judged, and `reason` says why; a failure of the service's is never a reward of 0.
    """

    key: str
    run: str
    sample: str = Field(description="the sample's name: send it again with this to ask again")
    status: SampleState
    size: int
    came: int = Field(description="how many samples of the group have come")
    batch: str | None = Field(None, description="the batch that the group became, with the whole passing matrix")
    index: int | None = Field(None, description="the sample's row, or column, in that matrix")
    row: str | None = None
    column: str | None = None
    solution: SolutionReport | None = None
    test: TestReport | None = None
    outputs: list[str | None] | None = None
    cells: list[CellReport] | None = None
    reward: float | None = None
    parts: RewardParts | None = None
    reason: str | None = Field(None, description="why there is no reward, or why it is 0 whatever the matrix says")

"""What the jail says of one cell, validated. Knows nothing of verdicts; `verdict` reads it."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt

from crossjudge.contracts import SourceReport


def _pair(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


class RawOutcome(BaseModel):
    """One cell as the supervisor observed it.

    `stopped`, `over` (the time limit that it ended by itself a little over), `ended` and the clocks come from outside
    the cell's processes. `said`, `phase`, `message`, `used` and `output` are the cell's own words. `check` is the
    supervisor's comparison, where there was one to make.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stopped: Literal["cpu", "wall", "memory"] | None = None
    over: Literal["cpu", "wall"] | None = None
    ended: Annotated[tuple[Literal["exit", "signal"], int] | None, BeforeValidator(_pair)] = None
    cpu_ns: NonNegativeInt = 0
    wall_ns: NonNegativeInt = 0
    said: Literal["passed", "failed", "error", "memory", "returned", "broken"] | None = None
    phase: Literal["load", "entry", "call", "test"] = "load"
    message: str | None = Field(None, max_length=1000)
    used: bool | None = None
    output: str | None = Field(None, max_length=64)
    check: bool | None = None
    stdout: str = Field("", max_length=4000)


class TestAnswer(SourceReport):
    """What the jail says of one test. `needs`: why it has to share an interpreter with the solution, if it has to."""

    __test__ = False  # not a test class, whatever pytest makes of its name

    model_config = ConfigDict(frozen=True, extra="forbid")

    needs: str | None = Field(None, max_length=200)


class ColumnsAnswer(BaseModel):
    """The jail's answer to the tests that the next rows are for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prelude: SourceReport
    tests: list[TestAnswer]


class RowAnswer(BaseModel):
    """The jail's answer to one row. `cells` lacks those that could not run because a source does not compile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    solution: SourceReport
    cells: dict[int, RawOutcome]

"""A problem as a caller states it: solutions, tests of four kinds, the limits that each cell gets."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from .text import SourceText


class Request(BaseModel):
    """Base of what callers send: frozen, and a field that we do not know is an error, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Limits(Request):
    """What one cell may use. Times are in seconds, sizes in MB (2**20 bytes) and KB (2**10 bytes)."""

    model_config = ConfigDict(strict=True)

    cpu_seconds: float = Field(2.0, ge=0.01, le=3600, description="CPU time of the cell, all its processes together")
    wall_seconds: float = Field(10.0, ge=0.01, le=7200, description="wall-clock time of the cell")
    memory_mb: int = Field(512, ge=16, le=1_048_576, description="memory of the cell")
    processes: int = Field(32, ge=1, le=4096, description="processes and threads alive at once")
    disk_mb: int = Field(16, ge=0, le=65_536, description="what the cell may write to its own files")
    output_kb: int = Field(64, ge=0, le=1_048_576, description="what is kept of the cell's output; more is cut")


class AssertTest(Request):
    """Python code that sees the solution's public names; passes when it runs to its end."""

    kind: Literal["assert"] = "assert"
    code: SourceText


class CallTest(Request):
    """`entry_point(*args, **kwargs)` must return a value equal to `expected`."""

    kind: Literal["call"]
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    expected: Any
    tolerance: float | None = Field(
        None, ge=0, strict=True, description="largest absolute difference between two numbers"
    )


class StdioTest(Request):
    """The program, run as `__main__` on `stdin`, must exit 0 and print `stdout`."""

    kind: Literal["stdio"]
    stdin: SourceText = ""
    stdout: SourceText
    compare: Literal["lines", "tokens", "exact", "float"] = "lines"


class PytestTest(Request):
    """Every `test_*` function or unittest case in the code must pass, and there must be at least one."""

    kind: Literal["pytest"]
    code: SourceText


def _spell_out(value: Any) -> Any:
    return {"kind": "assert", "code": value} if isinstance(value, str) else value


Test = Annotated[
    Annotated[AssertTest | CallTest | StdioTest | PytestTest, Field(discriminator="kind")],
    BeforeValidator(_spell_out, json_schema_input_type=str | AssertTest | CallTest | StdioTest | PytestTest),
]
"""One check; a bare string is short for `{"kind": "assert", "code": ...}`."""


Index = Annotated[int, Field(ge=0, strict=True)]


class Problem(Request):
    """One programming task: its solutions × its tests is one passing matrix."""

    id: str | None = Field(None, max_length=512, description="named in the answer; the problem's index where absent")
    language: Literal["python"] = "python"
    entry_point: str | None = Field(None, max_length=512, description="the function that `call` tests call")
    prelude: SourceText = Field("", description="Python code run before each solution, in the same module")
    solutions: list[SourceText] = Field(min_length=1)
    tests: list[Test] = Field(min_length=1)
    pairs: list[tuple[Index, Index]] | None = Field(
        None, description="[solution index, test index] of the cells to run; null runs all of them"
    )

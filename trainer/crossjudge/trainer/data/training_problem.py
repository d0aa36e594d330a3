"""What a model is trained on: a problem without solutions and tests, which are sampled."""

from pydantic import BaseModel, ConfigDict, Field

from crossjudge.contracts import Test


class TrainingProblem(BaseModel):
    """One problem. The reference fields are never trained on: they say how good a label-free training is."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)

    id: str = Field(min_length=1, max_length=512)
    prompt: str = Field(min_length=1, description="what the models are asked, as text or as the head of a function")
    entry_point: str | None = Field(None, description="the function that tests call")
    prelude: str = Field("", description="Python code that stands before each solution")
    reference_solution: str | None = None
    reference_tests: tuple[Test, ...] = ()

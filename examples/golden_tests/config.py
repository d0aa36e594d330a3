"""What the recipe adds to a run's configuration."""

from pydantic import Field

from crossjudge.trainer.training.config import RunConfig


class Config(RunConfig):
    """Everything else is as in any other run."""

    no_code: float = Field(0.0, le=0, description="the reward of a reply without a solution in it")

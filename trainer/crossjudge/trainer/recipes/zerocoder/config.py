"""What ZeroCoder adds to a run's configuration."""

from pathlib import Path

from pydantic import Field

from crossjudge.trainer.training.config import (
    CoderConfig,
    MistakesConfig,
    Part,
    RunConfig,
    SelectorConfig,
    TesterConfig,
)


class CalibrationConfig(Part):
    """A few labelled problems, which both models also answer: DyB4 is calibrated by them, and the selector watched.

    They are never trained on. Each needs a reference solution and tests.
    """

    problems: Path = Field(description="JSON lines of problems with reference solutions and tests")
    limit: int = Field(10, ge=1, description="the first so many of them")
    every: int = Field(1, ge=1, description="steps from one calibration to the next")
    others: tuple[str, ...] = Field((), description="selectors that are watched beside the one in use")


class PrefilterConfig(Part):
    """Before the first step: sample each problem once with the base models, and train on those whose passing matrix
    has at least rank `min_rank` (0 nothing passes, 1 a single behaviour)."""

    min_rank: int = Field(2, ge=1)
    at_once: int = Field(64, ge=1, description="problems that are sampled and judged together")


class ZeroCoderConfig(RunConfig):
    """ZeroCoder (2604.07864). The paper leaves most numbers open: these are ours, see docs/training.md."""

    coder: CoderConfig = CoderConfig()
    tester: TesterConfig = TesterConfig()
    selector: SelectorConfig = SelectorConfig()
    calibration: CalibrationConfig | None = None
    prefilter: PrefilterConfig | None = None
    mistakes: MistakesConfig = MistakesConfig()
    min_rank: int = Field(0, ge=0, description="leave out a step's problems whose matrix has a smaller rank")
    mutants: int = Field(0, ge=0, description="mutants of a proxy for each problem; 0 makes none")


Config = ZeroCoderConfig

"""What Code-A1 adds to a run's configuration."""

from typing import Literal

from pydantic import Field

from crossjudge.trainer.training.config import (
    CoderRoleConfig,
    MistakesConfig,
    RunConfig,
    SelectorConfig,
    TesterRoleConfig,
)


class BookConfig(MistakesConfig):
    replay: int = Field(8, ge=0)


class AttackerConfig(TesterRoleConfig):
    """`num_generations` replies against each solution, each asked for `tests_per_reply` tests."""

    prompt: str = "white_box_tester"
    scale_rewards: Literal["group", "batch", "none"] = "group"
    tests_per_reply: int = Field(8, ge=1)


class CodeA1Config(RunConfig):
    """Code-A1 (2603.15611). Defaults are the authors' but for learning rate and schedule, see docs/code-a1.md."""

    layout: Literal["shared", "lora", "separate"] = "separate"
    coder: CoderRoleConfig = CoderRoleConfig()
    tester: AttackerConfig = AttackerConfig()
    alpha: float = Field(0.5, ge=0, le=1, description="how much of a tester's reward is validity; the rest is attack")
    unfailed: Literal["code", "figure"] = Field(
        "code", description="what a reply is worth that breaks nothing while there is a book: as released, or as drawn"
    )
    groups_per_problem: int | None = Field(
        1, ge=1, description="of a problem's groups of replies only those train whose rewards differ most; null: all"
    )
    reference: Literal["given", "consensus"] = Field(
        "given", description="what corrects tests: the problem's own program, or a solution that the selector chose"
    )
    selector: SelectorConfig = SelectorConfig()
    mistakes: BookConfig = BookConfig()


Config = CodeA1Config

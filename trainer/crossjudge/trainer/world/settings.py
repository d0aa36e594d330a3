"""What a world is made by. Everything that is not said here follows from these settings, bit for bit on one machine."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .noise import CODER_NOISE, TESTER_NOISE, Noise

Role = Literal["coder", "tester", "shared", "white_box_tester", "white_box_shared", "problems"]
Part = Literal["coder", "tester", "white_box_tester", "problems"]
# The parts that a model plays; one that plays two takes turns at them.
PLAYS: Mapping[Role, tuple[Part, ...]] = {
    "coder": ("coder",),
    "tester": ("tester",),
    "shared": ("coder", "tester"),
    "white_box_tester": ("white_box_tester",),
    "white_box_shared": ("coder", "white_box_tester"),
    "problems": ("problems",),
}
PAIR: tuple[Role, ...] = ("coder", "tester")  # what most recipes need
# The others start from nothing.
STARTS_FROM: Mapping[Role, Role] = {"shared": "tester", "white_box_tester": "tester", "white_box_shared": "tester"}
Count = Annotated[int, Field(ge=1)]


class ModelSettings(BaseModel):
    """The size of a base model, a Llama with tied embeddings; these make 0.95 million parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_size: Count = 128
    intermediate_size: Count = 320
    num_hidden_layers: Count = 5
    num_attention_heads: Count = 4
    max_position_embeddings: Count = 128
    initializer_range: Annotated[float, Field(gt=0)] = 0.06

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> "ModelSettings":
        if self.hidden_size % (2 * self.num_attention_heads):
            raise ValueError(
                f"hidden_size {self.hidden_size} is not divisible into {self.num_attention_heads} heads of even width"
            )
        return self


class WorldSettings(BaseModel):
    """Which world, and how its base models come about. The defaults are the world that docs/world.md describes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["easy", "hard"] = "easy"
    seed: int = 0
    shortest_list: Annotated[int, Field(ge=0, le=4)] = 2  # of the base tester; 0 lets its collapse be seen
    longest_list: Annotated[int, Field(ge=1, le=8)] = 4
    model: ModelSettings = ModelSettings()
    batch_size: Count = 64
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    coder_steps: Count = 600
    tester_steps: Count = 1800
    shared_steps: Count = 600  # on top of the tester's, and so are the next two
    white_box_tester_steps: Count = 600
    white_box_shared_steps: Count = 1200  # it has two parts to learn
    problems_steps: Count = 400
    eval_problems: Annotated[int, Field(ge=1, le=3_000)] = 300  # of those held out
    eval_samples: Annotated[int, Field(ge=4)] = 4  # pass@4 needs four

    @model_validator(mode="after")
    def _lists_have_a_length(self) -> "WorldSettings":
        if self.shortest_list > self.longest_list:
            raise ValueError(f"shortest_list {self.shortest_list} is more than longest_list {self.longest_list}")
        return self

    @property
    def coder_noise(self) -> Noise:
        return CODER_NOISE[self.name]

    @property
    def tester_noise(self) -> Noise:
        return TESTER_NOISE[self.name]

    def steps(self, role: Role) -> int:
        steps: int = getattr(self, f"{role}_steps")
        return steps

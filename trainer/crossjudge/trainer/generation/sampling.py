"""What a generator takes and gives, apart from how it does it. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import BaseModel, ConfigDict, Field


class Sampling(BaseModel):
    """How replies are drawn. Names and defaults are TRL's.

    The defaults sample the policy's own distribution, which is what the loss assumes: `top_p` and `top_k` draw from
    another one, and the policy is then pushed towards what the cut leaves over. `temperature` 0 takes the likeliest
    token each time. A reply ends at an end-of-sequence token or once its text holds one of the `stop` strings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(1.0, ge=0.0, allow_inf_nan=False)
    top_p: float = Field(1.0, gt=0.0, le=1.0)
    top_k: int = Field(0, ge=0)
    max_completion_length: int = Field(512, ge=1)
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """One reply.

    `token_ids` includes the token that ended it. `logprobs`, one for each token, are those of the distribution that the
    token was drawn from, after temperature, top-k and top-p; None where a server does not tell them. `text` leaves out
    special tokens and what follows from a stop string on. `is_truncated`: cut off at `max_completion_length`.
    """

    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...] | None
    text: str
    is_truncated: bool

    def __post_init__(self) -> None:
        if self.logprobs is not None and len(self.logprobs) != len(self.token_ids):
            raise ValueError(f"{len(self.logprobs)} log-probabilities for {len(self.token_ids)} tokens")


class Generator(Protocol):
    """Draws replies to prompts of tokens."""

    def generate(
        self, prompts: Sequence[Sequence[int]], n: int, sampling: Sampling, seed: int, first: int = 0
    ) -> list[list[Completion]]:
        """`n` replies to each prompt, in their order. Raises `GenerationError`.

        Equal seeds give equal replies. `first` is the place of the first prompt, where these are a part of more: the
        replies are then those that it has among all.
        """
        ...

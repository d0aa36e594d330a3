"""The adapters of layout `lora`. Without torch, so that a configuration can hold them."""

from pydantic import BaseModel, ConfigDict, Field


class LoraSettings(BaseModel):
    """Names are those of peft's `LoraConfig`, without their `lora_`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    r: int = Field(16, ge=1)
    alpha: int = Field(32, ge=1)
    dropout: float = Field(0.0, ge=0.0, lt=1.0)
    target_modules: str | tuple[str, ...] = "all-linear"

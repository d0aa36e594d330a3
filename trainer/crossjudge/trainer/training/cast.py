"""The two roles of a run: their policies, who samples as them, and what learns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from crossjudge.trainer.data import load_template
from crossjudge.trainer.generation import Generator, Sampling
from crossjudge.trainer.generation.in_process import InProcessGenerator
from crossjudge.trainer.generation.weight_sync import WeightSync
from crossjudge.trainer.plugins import part_at
from crossjudge.trainer.policy.folders import ModelSettings
from crossjudge.trainer.policy.layouts import Policies, lora, separate, shared
from crossjudge.trainer.policy.loss import LossSettings
from crossjudge.trainer.policy.policy import Policy
from crossjudge.trainer.policy.update import Learner, Sample, UpdateSettings
from crossjudge.trainer.processes import ALONE, Processes

from .config import PlayedConfig, RecipeConfig, RoleConfig, RunConfig
from .errors import BadConfig
from .generation_checks import check_generation
from .generators import generators_of
from .lessons import Lesson
from .rollout import Player


@dataclass(frozen=True)
class Cast:
    """In layout `shared` one policy plays both roles, and has one learner."""

    policies: Policies
    coder: Player
    tester: Player
    learners: Mapping[str, Learner]
    """By the policy's name."""
    syncs: Sequence[WeightSync] = ()
    """What brings servers that sample up to date."""

    def sync(self) -> None:
        """Servers that sample get the weights as they are. Raises `GenerationError`."""
        for sync in self.syncs:
            sync.sync()

    def learn(self, coder: Lesson, tester: Lesson) -> dict[str, float]:
        """Both roles learn; in layout `shared` the one policy from the samples of both. Raises `GenerationError` where
        a server does not take what was learned."""
        samples: dict[str, list[Sample]] = {name: [] for name in self.learners}
        metrics: dict[str, float] = {}
        for role, policy, lesson in (
            ("coder", self.policies.coder, coder), ("tester", self.policies.tester, tester),
        ):  # fmt: skip
            samples[policy.name] += lesson.samples
            metrics |= {f"{role}/{key}": value for key, value in lesson.metrics.items()}
        for name, learner in self.learners.items():
            metrics |= {f"{name}/{key}": value for key, value in learner.update(samples[name]).items()}
        self.sync()
        return metrics


def cast_of(
    config: RunConfig,
    weights: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
    processes: Processes = ALONE,
) -> Cast:
    """`weights`: a checkpoint to go on from. `tell` is told of servers that are waited for; they are up to date after
    the first `sync`.

    Raises `BadConfig`, and `UnusableModel` for what cannot be loaded.
    """
    check_generation(config)  # before models, which take long
    settings = {"coder": _learning(config, "coder"), "tester": _learning(config, "tester")}
    with_reference = any(role.beta for role in (config.coder, config.tester))
    policies = _policies(config, weights, with_reference)
    if config.fsdp and processes.count > 1:
        for policy in policies.trained:
            policy.shard(processes.count)
    generators, syncs = generators_of(_roles(policies, config), config, tell, processes)
    learners: dict[str, Learner] = {}
    for policy, role in ((policies.coder, "coder"), (policies.tester, "tester")):
        # One policy in both roles learns as the coder's section says.
        learners.setdefault(policy.name, Learner(policy, settings[role], processes))
    return Cast(policies, *_players(policies, config, generators), learners, syncs)


def players_of(config: RunConfig, weights: Path | None = None) -> tuple[Player, Player]:
    """Coder and tester of a checkpoint, to be asked in this process and not to learn. Raises as `cast_of`."""
    policies = _policies(config, weights, with_reference=False)
    return player_of(policies.coder, config.coder, config), player_of(policies.tester, config.tester, config)


def _roles(policies: Policies, config: RunConfig) -> tuple[tuple[Policy, RoleConfig], tuple[Policy, RoleConfig]]:
    return (policies.coder, config.coder), (policies.tester, config.tester)


def _players(policies: Policies, config: RunConfig, generators: Sequence[Generator]) -> tuple[Player, Player]:
    coder, tester = (
        _player(policy, role, generator)
        for (policy, role), generator in zip(_roles(policies, config), generators, strict=True)
    )
    return coder, tester


def _policies(config: RunConfig, weights: Path | None, with_reference: bool) -> Policies:
    roles = (config.coder, config.tester)
    if config.layout == "separate":
        coder, tester = (model_of(config, role.model) for role in roles)
        return separate(coder, tester, with_reference=with_reference, weights=weights)
    if any(role.model for role in roles):
        raise BadConfig(
            f"layout {config.layout} has one model for both roles: set model, and not coder.model or tester.model"
        )
    if config.layout == "lora":
        return lora(model_of(config, None), config.lora, seed=config.seed, weights=weights)
    return shared(model_of(config, None), with_reference=with_reference, weights=weights)


def model_of(config: RecipeConfig, named: str | None) -> ModelSettings:
    """The model named, or that of the run. Raises `BadConfig` where neither is."""
    model = named or config.model
    if model is None:
        raise BadConfig("model is missing: name a Hugging Face folder with model=…, or one for each role")
    return ModelSettings(
        model=model, dtype=config.dtype, bf16=config.bf16, device=config.device,
        gradient_checkpointing=config.gradient_checkpointing,
    )  # fmt: skip


def player_of(policy: Policy, role: PlayedConfig, config: RecipeConfig, *, needs_prompt: bool = True) -> Player:
    """Who samples from a policy in this process as a section says."""
    generator = InProcessGenerator(policy, config.generation.batch_size)
    return _player(policy, role, generator, needs_prompt)


def _player(policy: Policy, role: PlayedConfig, generator: Generator, needs_prompt: bool = True) -> Player:
    sampling = Sampling(
        temperature=role.temperature, top_p=role.top_p, top_k=role.top_k, stop=role.stop,
        max_completion_length=role.max_completion_length,
    )  # fmt: skip
    template, context = load_template(role.prompt, needs_prompt=needs_prompt), policy.context_length
    extract = part_at(role.extract) if isinstance(role, RoleConfig) and role.extract else None
    return Player(generator, policy.tokenizer, template, sampling, role.num_generations, context, extract)


def _learning(config: RunConfig, name: Literal["coder", "tester"]) -> UpdateSettings:
    role: RoleConfig = getattr(config, name)
    loss = LossSettings(
        loss_type=role.loss_type, epsilon=role.epsilon, epsilon_high=role.epsilon_high, delta=role.delta, beta=role.beta
    )
    try:
        return UpdateSettings(
            loss=loss, learning_rate=role.learning_rate, lr_scheduler_type=role.lr_scheduler_type,
            warmup_steps=role.warmup_steps, max_steps=config.max_steps * role.num_iterations,
            adam_beta1=role.adam_beta1, adam_beta2=role.adam_beta2, weight_decay=role.weight_decay,
            max_grad_norm=role.max_grad_norm, num_iterations=role.num_iterations,
            micro_batch_size=role.per_device_train_batch_size, temperature=role.temperature,
            max_completion_length=role.max_completion_length, old_logprobs=role.old_logprobs,
            mask_truncated_completions=role.mask_truncated_completions, seed=config.seed,
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadConfig(f"{name}: {first.get('ctx', {}).get('error', first['msg'])}") from error

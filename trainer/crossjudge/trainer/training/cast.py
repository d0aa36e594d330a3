"""The two roles of a run: their policies, who samples as them, and what learns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crossjudge.trainer.data import load_template
from crossjudge.trainer.generation import Generator, Sampling
from crossjudge.trainer.generation.weight_sync import WeightSync
from crossjudge.trainer.policy.folders import ModelSettings
from crossjudge.trainer.policy.layouts import Policies, lora, separate, shared
from crossjudge.trainer.policy.loss import LossSettings
from crossjudge.trainer.policy.policy import Policy
from crossjudge.trainer.policy.update import Learner, Sample, UpdateSettings
from crossjudge.trainer.processes import ALONE, Processes

from .config import RoleConfig, RunConfig
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
    check_generation(config)  # before models load
    policies = _policies(config, weights)
    if config.fsdp and processes.count > 1:
        for policy in policies.trained:
            policy.shard(processes.count)
    roles = ((policies.coder, config.coder), (policies.tester, config.tester))
    generators, syncs = generators_of(roles, config, tell, processes)
    learners: dict[str, Learner] = {}
    for policy, role in roles:
        # One policy in both roles learns as the coder's section says.
        learners.setdefault(policy.name, Learner(policy, _learning(config, role), processes))
    coder, tester = (
        _player(policy, role, generator) for (policy, role), generator in zip(roles, generators, strict=True)
    )
    return Cast(policies, coder, tester, learners, syncs)


def _policies(config: RunConfig, weights: Path | None) -> Policies:
    roles = (config.coder, config.tester)
    with_reference = any(role.beta for role in roles)
    if config.layout == "separate":
        coder, tester = (_model(config, role.model) for role in roles)
        return separate(coder, tester, with_reference=with_reference, weights=weights)
    if any(role.model for role in roles):
        raise BadConfig(
            f"layout {config.layout} has one model for both roles: set model, and not coder.model or tester.model"
        )
    if config.layout == "lora":
        return lora(_model(config, None), config.lora, seed=config.seed, weights=weights)
    return shared(_model(config, None), with_reference=with_reference, weights=weights)


def _model(config: RunConfig, named: str | None) -> ModelSettings:
    model = named or config.model
    if model is None:
        raise BadConfig("model is missing: name a Hugging Face folder with model=…, or one for each role")
    return ModelSettings(
        model=model, dtype=config.dtype, bf16=config.bf16, device=config.device,
        gradient_checkpointing=config.gradient_checkpointing,
    )  # fmt: skip


def _player(policy: Policy, role: RoleConfig, generator: Generator) -> Player:
    sampling = Sampling(
        temperature=role.temperature, top_p=role.top_p, top_k=role.top_k, stop=role.stop,
        max_completion_length=role.max_completion_length,
    )  # fmt: skip
    return Player(generator, policy.tokenizer, load_template(role.prompt), sampling, role.num_generations)


def _learning(config: RunConfig, role: RoleConfig) -> UpdateSettings:
    loss = LossSettings(
        loss_type=role.loss_type, epsilon=role.epsilon, epsilon_high=role.epsilon_high, delta=role.delta, beta=role.beta
    )
    return UpdateSettings(
        loss=loss, learning_rate=role.learning_rate, lr_scheduler_type=role.lr_scheduler_type,
        warmup_steps=role.warmup_steps, max_steps=config.max_steps * role.num_iterations,
        adam_beta1=role.adam_beta1, adam_beta2=role.adam_beta2, weight_decay=role.weight_decay,
        max_grad_norm=role.max_grad_norm, num_iterations=role.num_iterations,
        micro_batch_size=role.per_device_train_batch_size, temperature=role.temperature,
        max_completion_length=role.max_completion_length,
        mask_truncated_completions=role.mask_truncated_completions, old_logprobs=role.old_logprobs, seed=config.seed,
    )  # fmt: skip

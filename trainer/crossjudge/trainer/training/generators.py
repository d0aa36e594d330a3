"""Who samples as each role, and how those servers that sample get what was learned."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from crossjudge.client import Patience
from crossjudge.trainer.generation import Generator
from crossjudge.trainer.generation.in_process import InProcessGenerator
from crossjudge.trainer.generation.openai_server import OpenAIServerGenerator
from crossjudge.trainer.generation.server import Server
from crossjudge.trainer.generation.shared_out import SharedOutGenerator
from crossjudge.trainer.generation.weight_sync import AdapterSync, FullSync, WeightSync, trl_client
from crossjudge.trainer.policy.policy import Policy
from crossjudge.trainer.processes import Processes

from .config import GenerationConfig, RoleConfig, RunConfig
from .errors import BadConfig
from .generation_checks import generation_of

Tell = Callable[[str], None]
ADAPTERS = "adapters"


@dataclass(frozen=True)
class _Asked:
    """A server that samples as a policy, for one role."""

    policy: Policy
    settings: GenerationConfig
    server: Server
    generator: OpenAIServerGenerator


def generators_of(
    roles: Sequence[tuple[Policy, RoleConfig]], config: RunConfig, tell: Tell, processes: Processes
) -> tuple[list[Generator], list[WeightSync]]:
    """The generator of each role, in order, and what is to be called after each update.

    The configuration is one that `check_generation` has let through. Raises `BadConfig` for a key that is not set.
    """
    generators: list[Generator] = []
    asked: list[_Asked] = []
    for policy, role in roles:
        settings = generation_of(role, config)
        if settings.backend == "in_process":
            own: Generator = InProcessGenerator(policy, settings.batch_size)
        else:
            asked.append(_asked(policy, role, settings, config, tell))
            own = asked[-1].generator
        generators.append(own if processes.count == 1 else SharedOutGenerator(own, processes))
    return generators, _syncs(asked, config, processes)


def _asked(policy: Policy, role: RoleConfig, settings: GenerationConfig, config: RunConfig, tell: Tell) -> _Asked:
    assert settings.url is not None, settings  # checked
    patience = Patience(busy=settings.patience_seconds, unreachable=settings.patience_seconds)
    server = Server(
        settings.url, api_key=_key(settings), in_flight=settings.in_flight, answer_seconds=settings.answer_seconds,
        patience=patience, tell=tell,
    )  # fmt: skip
    name = settings.served_model or role.model or config.model or ""
    generator = OpenAIServerGenerator(server, name, form=settings.form, tokenizer=policy.tokenizer)
    return _Asked(policy, settings, server, generator)


def _key(settings: GenerationConfig) -> str | None:
    if settings.api_key_variable is None:
        return None
    key = os.environ.get(settings.api_key_variable)
    if not key:
        raise BadConfig(f"generation.api_key_variable names {settings.api_key_variable}, which is not set")
    return key


def _syncs(asked: Sequence[_Asked], config: RunConfig, processes: Processes) -> list[WeightSync]:
    """One for each policy: of a policy that plays both roles the server gets the weights once."""
    by_policy: dict[str, list[_Asked]] = {}
    for each in asked:
        if each.settings.backend == "vllm":
            by_policy.setdefault(each.policy.name, []).append(each)
    return [_sync(some, config, processes) for some in by_policy.values()]


def _sync(asked: Sequence[_Asked], config: RunConfig, processes: Processes) -> WeightSync:
    first = asked[0]
    if first.policy.adapter is not None:
        folder = first.settings.adapters or config.output_dir / ADAPTERS
        return AdapterSync(first.policy, first.server, [each.generator for each in asked], folder, processes)
    connect = partial(
        trl_client, first.server, first.settings.group_port, first.policy.device, first.settings.patience_seconds
    )
    return FullSync(first.policy, connect, processes)

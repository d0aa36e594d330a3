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

Tell = Callable[[str], None]
ADAPTERS = "adapters"


@dataclass(frozen=True)
class Casting:
    """A role, the policy that plays it, and the section by which that policy learns."""

    name: str
    policy: Policy
    role: RoleConfig
    learning: RoleConfig


def generators_of(
    castings: Sequence[Casting], config: RunConfig, tell: Tell, processes: Processes
) -> tuple[list[Generator], list[WeightSync]]:
    """The generator of each role, in order, and what is to be called after each update.

    Raises `BadConfig` for settings that do not go together.
    """
    generators: list[Generator] = []
    syncs: dict[str, WeightSync] = {}
    served: dict[str, list[OpenAIServerGenerator]] = {}
    senders: dict[str, str] = {}
    for casting in castings:
        settings = casting.role.generation or config.generation
        _check(casting, settings)
        if settings.backend == "in_process":
            own: Generator = InProcessGenerator(casting.policy, settings.batch_size)
        else:
            server = _server(settings, tell)
            own = asked = _asked(casting, settings, config, server)
            policy = casting.policy
            if settings.backend == "vllm":
                served.setdefault(policy.name, []).append(asked)
                if policy.adapter is not None:
                    folder = settings.adapters or config.output_dir / ADAPTERS
                    syncs[policy.name] = AdapterSync(policy, server, served[policy.name], folder, processes)
                elif senders.setdefault(server.root, policy.name) != policy.name:
                    raise BadConfig(
                        f"layout {config.layout} has two models, and {server.root} serves one: give coder.generation "
                        "and tester.generation a server each, with a group_port each"
                    )
                else:
                    connect = partial(trl_client, server, settings.group_port, policy.device, settings.patience_seconds)
                    syncs[policy.name] = FullSync(policy, connect, processes)
        generators.append(own if processes.count == 1 else SharedOutGenerator(own, processes))
    return generators, list(syncs.values())


def _check(casting: Casting, settings: GenerationConfig) -> None:
    name, role, learning = casting.name, casting.role, casting.learning
    from_generator = learning.old_logprobs == "generator"
    if from_generator and (role.top_p < 1 or role.top_k):
        raise BadConfig(f"{name}.old_logprobs=generator needs {name}.top_p=1 and {name}.top_k=0")
    if settings.backend == "in_process":
        return
    if settings.url is None:
        raise BadConfig(f"generation.url is missing: backend {settings.backend} needs the server's address for {name}")
    if from_generator and settings.form == "text":
        raise BadConfig(f"{name}.old_logprobs=generator needs generation.form=tokens: text comes without them")
    if settings.backend == "openai" and learning.learning_rate > 0:
        raise BadConfig(
            f"generation.backend=openai cannot be given the weights that {name} learns: use vllm, or set "
            f"{name}.learning_rate=0"
        )


def _server(settings: GenerationConfig, tell: Tell) -> Server:
    assert settings.url is not None  # `_check` has seen to it
    key = None
    if settings.api_key_variable is not None:
        key = os.environ.get(settings.api_key_variable)
        if not key:
            raise BadConfig(f"generation.api_key_variable names {settings.api_key_variable}, which is not set")
    patience = Patience(busy=settings.patience_seconds, unreachable=settings.patience_seconds)
    return Server(
        settings.url, api_key=key, in_flight=settings.in_flight, answer_seconds=settings.answer_seconds,
        patience=patience, tell=tell,
    )  # fmt: skip


def _asked(casting: Casting, settings: GenerationConfig, config: RunConfig, server: Server) -> OpenAIServerGenerator:
    name = settings.served_model or casting.role.model or config.model or ""
    return OpenAIServerGenerator(server, name, form=settings.form, tokenizer=casting.policy.tokenizer)

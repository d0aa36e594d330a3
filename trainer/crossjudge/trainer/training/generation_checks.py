"""Whether a role's settings for generation go together. Without torch, so that a run finds out before models load."""

from .config import GenerationConfig, RoleConfig, RunConfig
from .errors import BadConfig


def check_generation(config: RunConfig) -> None:
    """Raises `BadConfig`, which says what to change."""
    for name, role in (("coder", config.coder), ("tester", config.tester)):
        # One policy in both roles learns as the coder's section says.
        learning = config.coder if config.layout == "shared" else role
        _check(name, role, learning, generation_of(role, config))
    if config.fsdp and config.layout == "lora":
        raise BadConfig("fsdp shares out what is trained whole: leave it out with layout lora, whose base is frozen")
    coder, tester = (generation_of(role, config) for role in (config.coder, config.tester))
    if config.layout == "separate" and coder.backend == tester.backend == "vllm" and coder.url == tester.url:
        raise BadConfig(
            f"layout separate has two models, and {coder.url} serves one: give coder.generation and tester.generation "
            "a url each, and a group_port each"
        )


def generation_of(role: RoleConfig, config: RunConfig) -> GenerationConfig:
    """The section that holds for a role."""
    return role.generation or config.generation


def _check(name: str, role: RoleConfig, learning: RoleConfig, settings: GenerationConfig) -> None:
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

"""How the coder and the tester share weights: one policy, one base with two adapters, or two models."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import UnusableModel
from .folders import ModelSettings, check_fit, load_model, load_tokenizer
from .lora_settings import LoraSettings
from .policy import Policy
from .randomness import seeded

CODER, TESTER, SHARED = "coder", "tester", "policy"


@dataclass(frozen=True)
class Policies:
    """The policy that plays each role; in layout `shared` it is one and the same."""

    coder: Policy
    tester: Policy

    @property
    def trained(self) -> tuple[Policy, ...]:
        """Each policy once: each has an optimiser of its own."""
        return (self.coder,) if self.coder is self.tester else (self.coder, self.tester)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """As `Policy.whole`, of each."""
        with ExitStack() as stack:
            for policy in self.trained:
                stack.enter_context(policy.whole())
            yield

    def save(self, folder: Path) -> None:
        """Each policy into `folder/<its name>`, where the same layout's `weights` finds them again."""
        for policy in self.trained:
            policy.save(folder)


def shared(settings: ModelSettings, *, with_reference: bool = False, weights: Path | None = None) -> Policies:
    """One policy in both roles, told apart by their prompts: ZeroCoder's setting.

    `weights`: a folder that `Policies.save` wrote; the reference is always the model of `settings`, so that a run that
    is resumed keeps it. Raises `UnusableModel`.
    """
    policy = _whole(SHARED, settings, with_reference, weights)
    return Policies(policy, policy)


def separate(
    coder: ModelSettings, tester: ModelSettings, *, with_reference: bool = False, weights: Path | None = None
) -> Policies:
    """Two models, which need not be alike: Code-A1's setting. Arguments as of `shared`."""
    return Policies(_whole(CODER, coder, with_reference, weights), _whole(TESTER, tester, with_reference, weights))


def lora(settings: ModelSettings, adapters: LoraSettings, *, seed: int = 0, weights: Path | None = None) -> Policies:
    """One frozen base with an adapter for each role: half the memory. The base is the reference.

    A new adapter starts as the base itself; `seed` draws the half of it that is not 0, and torch's own random state is
    left as it was. Needs peft. Raises `UnusableModel`.
    """
    tokenizer, base = load_tokenizer(settings), load_model(settings)
    check_fit(base, tokenizer, settings.model)
    with seeded(seed, base.device):
        model = _with_adapters(base, adapters) if weights is None else _with_saved_adapters(base, weights)
    return Policies(*(Policy(name, model, tokenizer, adapter=name, bf16=settings.bf16) for name in (CODER, TESTER)))


def _whole(name: str, settings: ModelSettings, with_reference: bool, weights: Path | None) -> Policy:
    tokenizer = load_tokenizer(settings)  # first, because what is wrong with it is known at once
    model = load_model(settings, weights=None if weights is None else weights / name)
    check_fit(model, tokenizer, settings.model)
    reference = load_model(settings).requires_grad_(False) if with_reference else None
    return Policy(name, model, tokenizer, reference=reference, bf16=settings.bf16)


def _with_adapters(base: Any, settings: LoraSettings) -> Any:
    from peft import LoraConfig, get_peft_model

    targets = settings.target_modules
    config = LoraConfig(
        r=settings.r,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )
    try:
        model = get_peft_model(base, config, adapter_name=CODER)
        model.add_adapter(TESTER, config)
    except ValueError as error:  # what is to be adapted is not in this model
        raise UnusableModel(f"no adapters could be made: {error}") from error
    return model


def _with_saved_adapters(base: Any, folder: Path) -> Any:
    from peft import PeftModel
    from safetensors import SafetensorError

    for name in (CODER, TESTER):
        if not (folder / name / "adapter_config.json").is_file():
            raise UnusableModel(f"{folder / name}: no adapter_config.json, so no adapter of layout lora")
    try:
        model = PeftModel.from_pretrained(base, folder / CODER, adapter_name=CODER, is_trainable=True)
        model.load_adapter(folder / TESTER, adapter_name=TESTER, is_trainable=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise UnusableModel(f"{folder}: an adapter could not be loaded ({str(error).partition(chr(10))[0]})") from error
    return model

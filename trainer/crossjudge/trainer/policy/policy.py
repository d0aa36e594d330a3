"""One policy: a causal language model with its tokenizer, or one adapter of a model that several policies share."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from .errors import PolicyError
from .sharding import Sharding


@dataclass(eq=False)
class Policy:
    """What is sampled from and trained.

    `model` is transformers' or peft's, `tokenizer` transformers'; neither library types its objects usefully. `adapter`
    names the one of a peft model that is this policy; the others, and the base, are left alone. `reference` is the
    frozen model for the KL divergence; a policy with an adapter needs none, because its base is the reference. `bf16`:
    forward passes compute in bfloat16 (weights keep their own precision). `sharding`: how the model is shared out among
    processes, if it is.
    """

    name: str
    model: Any
    tokenizer: Any
    adapter: str | None = None
    reference: Any = None
    bf16: bool = False
    sharding: Sharding | None = None

    def shard(self, count: int) -> None:
        """Share the model, and the reference's, out among so many processes. To be done before a learner is made."""
        self.sharding = Sharding(self.model, count)
        if self.reference is not None:
            Sharding(self.reference, count)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """All weights are on this process, to sample from or to save. Of a policy that is shared out, all processes
        have to do this at the same time."""
        with nullcontext() if self.sharding is None else self.sharding.whole():
            yield

    @property
    def device(self) -> torch.device:
        device: torch.device = next(self.model.parameters()).device
        return device

    @property
    def eos_ids(self) -> frozenset[int]:
        """Tokens that end a reply: the tokenizer's, and all that the model's own generation settings name."""
        named = getattr(self.model.generation_config, "eos_token_id", None)
        named = named if isinstance(named, list) else [named]
        return frozenset(each for each in [self.tokenizer.eos_token_id, *named] if each is not None)

    @property
    def pad_id(self) -> int:
        """Padding is masked, so the model never sees it; the end of a sequence serves where there is no pad token."""
        pad = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id if pad is None else pad)

    @property
    def context_length(self) -> int | None:
        """Longest prompt and reply together, in tokens; None where the model sets no bound."""
        length = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        return None if length is None else int(length)

    def parameters(self) -> list[torch.nn.Parameter]:
        """What training changes."""
        named = self.model.named_parameters()
        if self.adapter is None:
            return [parameter for _, parameter in named if parameter.requires_grad]
        # By name, not by `requires_grad`: peft sets that for the adapter that is active just now.
        return [parameter for name, parameter in named if f".{self.adapter}." in f"{name}."]

    @contextmanager
    def active(self, training: bool) -> Iterator[Any]:
        """The model as this policy: its adapter in use, in training or evaluation mode, computing in its precision."""
        if self.adapter is not None:
            self.model.set_adapter(self.adapter)
        self.model.train(training)
        with self._precision():
            yield self.model

    @contextmanager
    def as_reference(self) -> Iterator[Any]:
        """The reference policy's model, in evaluation mode. Raises `PolicyError` where there is none."""
        if self.adapter is not None:
            self.model.eval()
            with self.model.disable_adapter(), self._precision():
                yield self.model
        elif self.reference is not None:
            with self._precision():
                yield self.reference
        else:
            raise PolicyError(f"{self.name} has no reference policy: load it with one, or set beta to 0")

    def save(self, folder: Path) -> Path:
        """Writes a Hugging Face folder, or a peft adapter's, named `name` into `folder`; the tokenizer with it.

        A policy that is shared out has to be `whole`.
        """
        own = folder / self.name
        if self.adapter is None:
            state = None if self.sharding is None else self.sharding.state()
            self.model.save_pretrained(own, state_dict=state)
        else:
            # peft makes a folder named like the adapter, and a page beside it that nobody asked for. The base's
            # embeddings are not trained, so never saved.
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=folder) as part:
                self.model.save_pretrained(part, selected_adapters=[self.adapter], save_embedding_layers=False)
                shutil.copytree(Path(part) / self.adapter, own, dirs_exist_ok=True)
        self.tokenizer.save_pretrained(own)
        return own

    def _precision(self) -> Any:
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if self.bf16 else nullcontext()

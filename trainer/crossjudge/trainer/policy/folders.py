"""Loads a model and its tokenizer from a Hugging Face folder, and says what is wrong with one that cannot be used."""

from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict

from .errors import UnusableModel

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class ModelSettings(BaseModel):
    """Which model, and how it is held.

    `model`: a folder with a model and its tokenizer, or a name on the Hugging Face hub. `dtype` is that of the weights.
    bfloat16 halves their memory, but a step of 1e-6 is lost in it: it is meant for a base under adapters. `bf16` keeps
    the weights and computes in bfloat16, as TRL does. `gradient_checkpointing` trades time for memory. `device`: "auto"
    takes a GPU where there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    dtype: Literal["float32", "bfloat16"] = "float32"
    bf16: bool = False
    gradient_checkpointing: bool = False
    device: str = "auto"


def chosen_device(device: str) -> torch.device:
    """Raises `UnusableModel` for a device that torch does not know, or that is not here."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise UnusableModel(f"device {device!r} cannot be used ({reason}); 'auto' takes what there is") from error
    return chosen


def load_model(settings: ModelSettings, weights: Path | None = None) -> Any:
    """The model, on its device, in evaluation mode. With `weights`, those of another folder, a checkpoint's say.

    Raises `UnusableModel`.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM  # takes seconds to import, which `--help` should not wait for

    source = _source(settings.model if weights is None else str(weights))
    device = chosen_device(settings.device)
    model: Any
    try:
        model, info = AutoModelForCausalLM.from_pretrained(
            source, dtype=DTYPES[settings.dtype], output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise UnusableModel(f"{source}: no causal language model could be loaded ({_first_line(error)})") from error
    if lacking := sorted(info["missing_keys"]):  # transformers would draw them at random
        some = f"{', '.join(lacking[:3])}{' and others' if len(lacking) > 3 else ''}"
        raise UnusableModel(f"{source}: its files lack weights of the model ({some}): copy or save it again")
    model.to(device)
    if settings.gradient_checkpointing:
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    return model.eval()


def load_tokenizer(settings: ModelSettings) -> Any:
    """The model's tokenizer. Raises `UnusableModel` where there is none, or one that ends no sequence."""
    from transformers import AutoTokenizer

    source = _source(settings.model)
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError, KeyError) as error:
        why = f"no tokenizer could be loaded ({_first_line(error)})"
        raise UnusableModel(f"{source}: {why}; write it there with tokenizer.save_pretrained({source!r})") from error
    if tokenizer.eos_token_id is None:
        why = "its tokenizer has no end-of-sequence token, so that no reply would ever end"
        raise UnusableModel(f"{source}: {why}; set tokenizer.eos_token and save it again")
    return tokenizer


def check_fit(model: Any, tokenizer: Any, source: str) -> None:
    """Raises `UnusableModel` where the tokenizer has tokens that the model has no embedding of."""
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        why = f"its tokenizer has {len(tokenizer)} tokens and its embedding {rows} rows"
        raise UnusableModel(f"{source}: {why}; call model.resize_token_embeddings({len(tokenizer)}) and save it again")


def _source(model: str) -> str:
    """A folder that is there, or what may be a name on the hub. Raises `UnusableModel`."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise UnusableModel(f"{folder}: this folder holds no config.json, so no Hugging Face model")
        return str(folder)
    if folder.exists():
        raise UnusableModel(f"{folder} is a file; a model is a folder, as model.save_pretrained writes it")
    if model.count("/") > 1 or model.startswith((".", "/", "~")) or not model:
        raise UnusableModel(f"there is no folder {model!r}")
    return model


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(" :.") if lines else type(error).__name__

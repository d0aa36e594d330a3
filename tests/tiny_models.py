"""Models of a few thousand weights with a word tokenizer, made in memory: real transformers objects at once."""

import random
from pathlib import Path
from typing import Any

from crossjudge.trainer.policy.policy import Policy

WORDS = ["<pad>", "<eos>", "<unk>", *"abcdefghijklmnopqrstuvwxyz"]
PAD, EOS, UNKNOWN = 0, 1, 2


def tiny_tokenizer(**special: str | None) -> Any:
    """One token a word. `special`: other special tokens than usual, None for none."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    named = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"} | special
    given = {name: token for name, token in named.items() if token is not None}
    make: Any = PreTrainedTokenizerFast
    return make(tokenizer_object=inner, **given)


def tiny_model(seed: int = 0, **config: Any) -> Any:
    """A Llama of 4,000 weights, whose every token is about as likely as its neighbours. `config`: fields of its own."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    settings = {
        "vocab_size": len(WORDS),
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
        "initializer_range": 0.3,
        "pad_token_id": PAD,
        "bos_token_id": None,
        "eos_token_id": EOS,
        "tie_word_embeddings": True,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model: Any = LlamaForCausalLM(LlamaConfig(**(settings | config)))
    return model.eval()


def tiny_policy(seed: int = 0, name: str = "coder", **config: Any) -> Policy:
    return Policy(name, tiny_model(seed, **config), tiny_tokenizer())


def tiny_folder(folder: Path, seed: int = 0, **config: Any) -> Path:
    """A Hugging Face folder with model and tokenizer."""
    tiny_model(seed, **config).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def words(count: int, seed: int) -> list[int]:
    """So many tokens, none of them special."""
    drawn = random.Random(seed)
    return [drawn.randrange(3, len(WORDS)) for _ in range(count)]

"""Models whose every token is a whole program or a whole test: tiny, and yet what they write runs."""

import json
from pathlib import Path
from typing import Any

SOLUTIONS = [f"def f(x): return x + {n}" for n in (1, 2, 3)] + ["def f(x): return 1 // 0"]
TESTS = ["assert f(1) == 2", "assert f(4) == 5", "assert f(1) == 3", "assert True"]
WORDS = ["<pad>", "<eos>", "<unk>", "code", "test", "one", "two", *SOLUTIONS, *TESTS]


def wordy_folder(folder: Path, seed: int) -> Path:
    """A Hugging Face folder: a Llama of a few thousand weights that writes one of `WORDS` at a time."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    inner = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>").save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=32, pad_token_id=0, bos_token_id=None, eos_token_id=1, tie_word_embeddings=True,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def white_box_run(folder: Path) -> dict[str, Any]:
    """The same for Code-A1: a tester that is shown solutions, few of them, since each has a group of tests."""
    settings = wordy_run(folder)
    (folder / "attack.txt").write_text("{prompt} {code} test")
    settings["coder"] |= {"num_generations": 6}
    settings["tester"] |= {"num_generations": 4, "tests_per_reply": 1, "prompt": str(folder / "attack.txt")}
    return settings


def wordy_run(folder: Path, prelude: str = "") -> dict[str, Any]:
    """Problems, prompts and models of a run in `folder`, and the configuration that names them.

    `prelude` stands before each solution: one that sleeps gives a test time to break something.
    """
    folder.mkdir(exist_ok=True)
    problem = {"entry_point": "f", "prelude": prelude, "reference_solution": SOLUTIONS[0], "reference_tests": TESTS[:2]}
    lines = [json.dumps({"id": word, "prompt": word, **problem}) for word in ("one", "two")]
    (folder / "problems.jsonl").write_text("".join(f"{line}\n" for line in lines))
    for word in ("code", "test"):
        (folder / f"{word}.txt").write_text("{prompt} " + word)
    role = {"max_completion_length": 1, "num_generations": 12, "learning_rate": 0.02}
    return {
        "output_dir": str(folder / "run"),
        "problems": str(folder / "problems.jsonl"),
        "eval_problems": str(folder / "problems.jsonl"),
        "layout": "separate",
        "max_steps": 4,
        "problems_per_step": 2,
        "eval_steps": 2,
        "eval_samples": 20,
        "save_steps": 2,
        "diagnose": True,
        "selector": {"name": "codet"},
        "coder": {**role, "model": str(wordy_folder(folder / "coder", 1)), "prompt": str(folder / "code.txt")},
        "tester": {**role, "model": str(wordy_folder(folder / "tester", 2)), "prompt": str(folder / "test.txt")},
    }


def of_one_model(settings: dict[str, Any], layout: str) -> dict[str, Any]:
    """The same run with the coder's model in both roles."""
    roles = {role: {**settings[role]} for role in ("coder", "tester")}
    model = roles["coder"].pop("model")
    roles["tester"].pop("model")
    return {**settings, **roles, "layout": layout, "model": model}

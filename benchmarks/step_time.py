"""How long does a training step take? Sampling, verification and update of a randomly initialised Qwen2.5, by layout.

    python benchmarks/step_time.py [--size tiny|0.5b|1.5b|3b|7b] [--layout shared …] [--json FILE]

Weights are drawn, so nothing is downloaded, and no reply ends before `--completion` tokens but by a rare chance: the
figures are those of the longest replies. Verification needs a verifier that is up (`crossjudge up`, or `--url`), and is
of right and wrong solutions of the same number, because what such a model writes is nothing to run. Without one it is
left out. A JSON line for each layout; the first step of each warms up and is not counted.
"""

import gc
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from string import ascii_lowercase
from typing import Annotated, Any, Literal

import numpy as np
import torch
import typer

from crossjudge.client import Client, CrossjudgeError, Problem
from crossjudge.client.bench.machine import where
from crossjudge.trainer.data import TrainingProblem
from crossjudge.trainer.policy.folders import chosen_device
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.training.cast import Cast, cast_of
from crossjudge.trainer.training.judging import Judge
from crossjudge.trainer.training.lessons import lesson_of
from crossjudge.trainer.training.rollout import Replies

# Width, inner width, layers, heads, key-value heads, vocabulary, tied embeddings: the config.json of Qwen2.5-Coder.
SIZES = {
    "tiny": (64, 128, 2, 4, 2, 1024, True),
    "0.5b": (896, 4864, 24, 14, 2, 151936, True),
    "1.5b": (1536, 8960, 28, 12, 2, 151936, True),
    "3b": (2048, 11008, 36, 16, 2, 151936, True),
    "7b": (3584, 18944, 28, 28, 4, 152064, False),
}
LAYOUTS = ("shared", "lora", "separate")
END = "<|endoftext|>"


def model_folder(folder: Path, size: str) -> Path:
    """A Hugging Face folder of this size, in bfloat16. Its tokenizer has a token for each byte; the others stand for
    no text."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

    width, inner, layers, heads, shared_heads, vocabulary, is_tied = SIZES[size]
    config = Qwen2Config(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=inner, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=shared_heads, tie_word_embeddings=is_tied,
        max_position_embeddings=32768, bos_token_id=None, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model: Any = Qwen2ForCausalLM(config)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokens = {token: at for at, token in enumerate([END, *sorted(ByteLevel.alphabet())])}
    make: Any = Qwen2Tokenizer
    make(vocab=tokens, merges=[], unk_token=END, eos_token=END, pad_token=END).save_pretrained(folder)
    return folder


def problems_of(count: int, length: int) -> list[TrainingProblem]:
    """With prompts of so many tokens."""
    drawn = np.random.default_rng(0)
    texts = ["".join(drawn.choice(list(ascii_lowercase), length)) for _ in range(count)]
    return [TrainingProblem(id=str(at), prompt=text) for at, text in enumerate(texts)]


def candidates(count: int, solutions: int, tests: int) -> list[Problem]:
    """Right and wrong solutions of easy problems, none of which the verifier has seen before."""
    fresh = uuid.uuid4().hex
    return [
        Problem(
            id=str(at),
            solutions=[f"def f(x): return x + {n % 2}  # {fresh} {at} {n}" for n in range(solutions)],
            tests=[f"assert f({n}) == {n}" for n in range(tests)],
        )
        for at in range(count)
    ]  # fmt: skip


class Timer:
    """Seconds of each part; a GPU is waited for."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.parts: dict[str, list[float]] = {}

    def take(self, part: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        found = work()
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self.parts.setdefault(part, []).append(time.perf_counter() - started)
        return found


def one_step(cast: Cast, problems: list[TrainingProblem], number: int, timer: Timer) -> int:
    """Both roles sample and learn from rewards that are drawn. Returns how many tokens were sampled."""

    def sampled() -> tuple[list[Replies], list[Replies]]:
        return cast.coder.replies(problems, 2 * number), cast.tester.replies(problems, 2 * number + 1)

    coded, tested = timer.take("sample", sampled)
    drawn = np.random.default_rng(number)

    def learned() -> None:
        lessons = [
            lesson_of(each, [drawn.integers(0, 2, len(one.completions)).astype(float) for one in each], "group")
            for each in (coded, tested)
        ]
        cast.learn(*lessons)

    timer.take("update", learned)
    return sum(len(reply.token_ids) for each in (*coded, *tested) for reply in each.completions)


def measured(
    config: ZeroCoderConfig, problems: list[TrainingProblem], steps: int, judge: Judge | None
) -> dict[str, Any]:
    """The medians of so many steps."""
    gc.collect()  # the models of the layout before
    torch.cuda.empty_cache()
    cast = cast_of(config)
    device = cast.policies.coder.device
    one_step(cast, problems, 0, Timer(device))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    timer, tokens = Timer(device), 0
    for number in range(1, steps + 1):
        tokens += one_step(cast, problems, number, timer)
        if judge is not None:
            asked = candidates(len(problems), config.coder.num_generations, config.tester.num_generations)
            timer.take("verify", partial(judge.grids, asked))
    seconds = {f"{part}_s": round(statistics.median(taken), 4) for part, taken in timer.parts.items()}
    return {
        "layout": config.layout,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "weights": sum(p.numel() for each in cast.policies.trained for p in each.parameters()),
        **seconds,
        "step_s": round(sum(seconds.values()), 4),
        "tokens_of_a_step": tokens // steps,
        "sampled_tokens_a_second": round(tokens / sum(timer.parts["sample"])),
        "learned_tokens_a_second": round(tokens / sum(timer.parts["update"])),
        "peak_gpu_gb": round(torch.cuda.max_memory_allocated(device) / 2**30, 2) if device.type == "cuda" else None,
    }


def main(
    size: Annotated[Literal["tiny", "0.5b", "1.5b", "3b", "7b"], typer.Option()] = "tiny",
    layout: Annotated[list[str] | None, typer.Option(help="shared, lora, separate; all if left out.")] = None,
    problems: Annotated[int, typer.Option(min=1)] = 16,
    generations: Annotated[int, typer.Option(min=2, help="Replies of each role to a problem.")] = 8,
    prompt: Annotated[int, typer.Option(min=2, help="Tokens of a prompt.")] = 128,
    completion: Annotated[int, typer.Option(min=1, help="Tokens of a reply.")] = 256,
    micro_batch: Annotated[int, typer.Option(min=1, help="Replies that pass through the model at a time.")] = 8,
    batch: Annotated[int, typer.Option(min=1, help="Replies that grow side by side.")] = 256,
    steps: Annotated[int, typer.Option(min=1)] = 3,
    device: Annotated[str, typer.Option()] = "auto",
    dtype: Annotated[Literal["float32", "bfloat16"], typer.Option(help="Of the weights.")] = "float32",
    bf16: Annotated[bool, typer.Option(help="Compute in bfloat16; on a GPU in any case.")] = False,
    checkpointing: Annotated[bool, typer.Option(help="Trade time for memory.")] = False,
    url: Annotated[str | None, typer.Option(help="The verifier; CROSSJUDGE_URL if left out.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Where to add the lines, too.")] = None,
) -> None:
    """Measure, and print a line for each layout."""
    role = {
        "num_generations": generations, "max_completion_length": completion,
        "per_device_train_batch_size": micro_batch,
    }  # fmt: skip
    given = {"size": size, "problems": problems, "generations": generations, "prompt": prompt, "completion": completion,
             "micro_batch": micro_batch, "bf16": bf16 or chosen_device(device).type == "cuda",
             "checkpointing": checkpointing, "dtype": dtype, "torch": torch.__version__}  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, Client(url, run="step-time") as client:
        place = Path(folder)
        template = place / "template.txt"
        template.write_text("{prompt}")
        model = model_folder(place / "model", size)
        judge = Judge(client, 0, typer.echo) if _is_up(client) else None
        for name in layout or LAYOUTS:
            config = ZeroCoderConfig.model_validate({
                "output_dir": place / "run", "problems": template, "layout": name, "model": str(model),
                "device": device, "dtype": dtype, "bf16": given["bf16"], "gradient_checkpointing": checkpointing,
                "generation": {"batch_size": batch},
                "coder": {**role, "prompt": str(template)}, "tester": {**role, "prompt": str(template)},
            })  # fmt: skip
            found = measured(config, problems_of(problems, prompt), steps, judge)
            line = json.dumps({**given, **found, "where": where()})
            typer.echo(line)
            if json_file is not None:
                with json_file.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")


def _is_up(client: Client) -> bool:
    try:
        client.health()
    except CrossjudgeError as error:
        typer.echo(f"without verification: {error}", err=True)
        return False
    return True


if __name__ == "__main__":
    typer.run(main)

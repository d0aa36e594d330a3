"""Who samples, as the configuration says: what does not go together is named before a model is loaded."""

from pathlib import Path
from typing import Any

import pytest

from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.training.config import load_config
from crossjudge.trainer.training.errors import BadConfig
from crossjudge.trainer.training.generation_checks import check_generation

NEEDED = ["output_dir=runs/a", "problems=pool.jsonl", "model=org/model"]
VLLM = ["generation.backend=vllm", "generation.url=http://gpu:8000"]
TOKENS = ["coder.old_logprobs=generator", "tester.old_logprobs=generator"]


def loaded(*overrides: str) -> ZeroCoderConfig:
    return load_config(ZeroCoderConfig, None, [*NEEDED, *overrides])


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["generation.backend=vllm"], "generation.url is missing: backend vllm needs the server's address for coder"),
        (["generation.backend=openai", "generation.url=http://a"], "cannot be given the weights that coder learns"),
        (["tester.generation.backend=vllm"], "needs the server's address for tester"),
        ([*VLLM, *TOKENS, "generation.form=text"], "coder.old_logprobs=generator needs generation.form=tokens"),
        (["coder.old_logprobs=generator", "coder.top_p=0.9"], "needs coder.top_p=1"),
        (["coder.old_logprobs=generator", "tester.top_k=9"], "needs tester.top_p=1 and tester.top_k=0"),
        ([*VLLM, "layout=separate"], "http://gpu:8000 serves one: give coder.generation and tester.generation a url"),
    ],
)
def test_what_does_not_go_together_is_named(overrides: list[str], says: str) -> None:
    with pytest.raises(BadConfig) as caught:
        check_generation(loaded(*overrides))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        [*VLLM, *TOKENS],
        [*VLLM, *TOKENS, "layout=lora"],
        ["layout=lora", "tester.old_logprobs=generator", "coder.top_p=0.9"],
        ["layout=separate", "tester.generation.backend=openai", "tester.generation.url=http://a",
         "tester.learning_rate=0", "tester.generation.form=text"],
        ["layout=separate", *VLLM, "tester.generation.backend=vllm", "tester.generation.url=http://gpu:8001"],
    ],
)  # fmt: skip
def test_what_goes_together_is_let_through(overrides: list[str]) -> None:
    check_generation(loaded(*overrides))


def test_a_key_is_read_from_the_environment_and_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="the trainer's extra is not installed")
    pytest.importorskip("transformers", reason="the trainer's extra is not installed")
    from crossjudge.trainer.training.cast import cast_of
    from tiny_models import tiny_folder

    settings: dict[str, Any] = {
        "output_dir": tmp_path, "problems": tmp_path, "layout": "shared", "model": str(tiny_folder(tmp_path / "tiny")),
        "generation": {"backend": "vllm", "url": "http://127.0.0.1:9", "api_key_variable": "A_SERVERS_KEY"},
    }  # fmt: skip
    config = ZeroCoderConfig.model_validate(settings)
    monkeypatch.delenv("A_SERVERS_KEY", raising=False)
    with pytest.raises(BadConfig, match="A_SERVERS_KEY, which is not set"):
        cast_of(config)
    monkeypatch.setenv("A_SERVERS_KEY", "secret")
    cast = cast_of(config)
    assert len(cast.syncs) == 1, "one policy in both roles gets its weights once"
    assert "secret" not in config.model_dump_json()

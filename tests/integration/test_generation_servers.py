"""A run whose replies come from a server that gets the adapters after each step; real models, the real verifier."""

import json
from io import StringIO
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from wordy_models import of_one_model, wordy_run

pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")
pytest.importorskip("peft", reason="layout lora needs peft")

from adapter_server import LOAD, AdapterServer
from model_server import ModelServer, Scripted

pytestmark = [
    pytest.mark.nsjail,
    pytest.mark.redis,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # transformers' own
]

DRIFT = "sampling/sampling_logp_difference/max"


def trained(settings: dict[str, Any], judge: Client, said: StringIO | None = None) -> list[dict[str, Any]]:
    """The run's lines of metrics; `said` gets what it prints."""
    from crossjudge.trainer.recipes.zerocoder.recipe import train

    config = ZeroCoderConfig.model_validate(settings)
    train(config, judge, Console(file=said or StringIO()))
    return [json.loads(line) for line in (config.output_dir / "metrics.jsonl").read_text("utf-8").splitlines()]


def untimed(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if not name.startswith("time/")} for each in metrics]


def served_run(folder: Path, server: AdapterServer) -> dict[str, Any]:
    generation = {"backend": "vllm", "url": server.url, "served_model": "base", "patience_seconds": 5}
    settings = of_one_model(wordy_run(folder), "lora") | {"generation": generation, "eval_samples": 4}
    for role in ("coder", "tester"):
        settings[role]["old_logprobs"] = "generator"
    return settings


def test_a_server_samples_from_what_was_learned_in_the_step_before(judge: Client, tmp_path: Path) -> None:
    """Its log-probabilities are those of the policy that learns, in each step, and after a run was stopped too."""
    run = wordy_run(tmp_path)
    with AdapterServer(Path(run["coder"]["model"])) as server:
        settings = served_run(tmp_path, server)
        whole = trained(settings, judge)
    assert [each["step"] for each in whole] == list(range(5))
    drifts = [each[f"{role}/{DRIFT}"] for each in whole[1:] for role in ("coder", "tester")]
    assert max(drifts) < 1e-4
    assert sum(path == LOAD for path, _ in server.asked) == 2 * 5

    rmtree(tmp_path / "run" / "checkpoint-4")
    with AdapterServer(Path(run["coder"]["model"])) as another:
        settings["generation"]["url"] = another.url
        assert untimed(trained(settings, judge)) == untimed(whole)


def test_without_the_weights_a_server_would_have_drifted(judge: Client, tmp_path: Path) -> None:
    """So that the test above can fail."""
    from crossjudge.trainer.generation.weight_sync import AdapterSync

    run = wordy_run(tmp_path)
    sync = AdapterSync.sync
    calls: list[AdapterSync] = []

    def only_the_first(self: AdapterSync) -> None:
        if calls.count(self) == 0:
            sync(self)
        calls.append(self)

    with AdapterServer(Path(run["coder"]["model"])) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(AdapterSync, "sync", only_the_first)
        metrics = trained(served_run(tmp_path, server) | {"max_steps": 3}, judge)
    assert metrics[-1][f"coder/{DRIFT}"] > 1e-3


def test_a_role_that_learns_nothing_may_be_anybodys_model(judge: Client, tmp_path: Path) -> None:
    """And where its server is away for a while, the run says so and waits."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from crossjudge.trainer.generation.in_process import InProcessGenerator
    from crossjudge.trainer.policy.policy import Policy

    settings = {**wordy_run(tmp_path), "max_steps": 2, "eval_samples": 4}
    folder, said = settings["tester"]["model"], StringIO()
    tester = Policy("tester", AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))
    with ModelServer(InProcessGenerator(tester)) as server:
        server.script.append(Scripted(503, '{"error": "loading"}'))
        generation = {"backend": "openai", "url": server.url, "patience_seconds": 5}
        settings["tester"] |= {"learning_rate": 0.0, "generation": generation}
        metrics = trained(settings, judge, said)
    assert f"the model's server {server.url} is away (loading); waiting for it" in said.getvalue()
    assert max(each[f"tester/{DRIFT}"] for each in metrics[1:]) < 1e-4
    saved = AutoModelForCausalLM.from_pretrained(tmp_path / "run" / "checkpoint-2" / "tester")
    for name, weight in tester.model.state_dict().items():
        assert weight.equal(saved.state_dict()[name])

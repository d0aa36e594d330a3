"""Two processes on one machine, with gloo, give the run of one; through the real verifier."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import yaml

from wordy_models import of_one_model, wordy_run

torch = pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")
pytest.importorskip("accelerate", reason="several processes need accelerate")

pytestmark = [pytest.mark.nsjail, pytest.mark.redis, pytest.mark.slow]

RUN = """
import sys
from pathlib import Path
from rich.console import Console
from crossjudge.client import Client
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from crossjudge.trainer.recipes.zerocoder.recipe import train
from crossjudge.trainer.training.config import load_config

config = load_config(ZeroCoderConfig, Path(sys.argv[1]), [])
with Client(config.verifier.url, run="integration", limits=config.verifier.limits) as client:
    train(config, client, Console(soft_wrap=True), sys.argv[2])
"""


def settings_of(folder: Path, stack: str, **more: Any) -> dict[str, Any]:
    verifier = {"url": stack, "limits": {"cpu_seconds": 1.0, "wall_seconds": 4.0}}
    return {**wordy_run(folder), "verifier": verifier, "device": "cpu", **more}


def started(folder: Path, settings: dict[str, Any], processes: int, resume: str = "auto") -> subprocess.Popen[str]:
    """`torchrun`, as a user would type it."""
    (folder / "run.py").write_text(RUN)
    (folder / "run.yaml").write_text(yaml.safe_dump(settings))
    several = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"] if processes > 1 else []
    command = [sys.executable, *several, str(folder / "run.py"), str(folder / "run.yaml"), resume]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def trained(folder: Path, settings: dict[str, Any], processes: int) -> tuple[list[dict[str, Any]], str]:
    """The run's lines of metrics, and what was printed."""
    running = started(folder, settings, processes)
    printed, _ = running.communicate(timeout=240)
    assert running.returncode == 0, printed
    return lines(Path(settings["output_dir"]) / "metrics.jsonl"), printed


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def untimed(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if not name.startswith("time/")} for each in metrics]


def weights(folder: Path) -> Any:
    from safetensors.torch import load_file

    found = load_file(folder / "model.safetensors")
    return torch.cat([found[name].flatten() for name in sorted(found)])


@pytest.mark.parametrize("fsdp", [False, True])
def test_two_processes_give_the_metrics_and_the_weights_of_one(stack: str, tmp_path: Path, fsdp: bool) -> None:
    settings = settings_of(tmp_path, stack, max_steps=2, seed=1, fsdp=fsdp)
    for role in ("coder", "tester"):  # so little that what is but rounding changes no reply
        settings[role]["learning_rate"] = 1e-3
    if fsdp:  # two tokens, so that a second one is read after the first; the KL divergence, for its reference
        settings["coder"] |= {"max_completion_length": 2, "beta": 0.01, "num_iterations": 2}
        settings["problems_per_step"] = 1
        for role in ("coder", "tester"):  # 11 replies are 6 and 5, of which one process has a batch more to learn from
            settings[role] |= {"num_generations": 11, "per_device_train_batch_size": 5}
    one, _ = trained(tmp_path, settings | {"output_dir": str(tmp_path / "one")}, 1)
    two, printed = trained(tmp_path, settings | {"output_dir": str(tmp_path / "two")}, 2)
    assert len(two) == len(one) == 3
    for alone, together in zip(untimed(one), untimed(two), strict=True):
        assert together == pytest.approx(alone, rel=1e-3, abs=1e-5)
    moved = {}
    for role in ("coder", "tester"):
        before = weights(Path(settings[role]["model"]))
        alone, together = (weights(tmp_path / run / "checkpoint-2" / role) for run in ("one", "two"))
        moved[role] = (alone - before).abs().mean()
        # Adam makes much of a weight whose gradient is but rounding, so single ones may be a step apart.
        assert (alone - together).abs().mean() <= 0.01 * moved[role]
    assert moved["coder"] > 1e-4
    assert printed.count("step 1/2") == 1, "one of them talks"
    assert lines(tmp_path / "two" / "samples.jsonl") == lines(tmp_path / "one" / "samples.jsonl")


@pytest.mark.parametrize(("layout", "fsdp"), [("lora", False), ("shared", True)])
def test_two_processes_that_were_stopped_go_on_as_if_they_had_not_been(
    stack: str, tmp_path: Path, layout: str, fsdp: bool
) -> None:
    settings = of_one_model(settings_of(tmp_path, stack, max_steps=4, fsdp=fsdp), layout)
    whole, _ = trained(tmp_path, settings, 2)
    rmtree(tmp_path / "run" / "checkpoint-4")
    again, printed = trained(tmp_path, settings, 2)
    assert "resumed after step 2" in printed
    assert untimed(again) == untimed(whole)


def test_a_signal_to_two_processes_saves_one_checkpoint_of_one_step(stack: str, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, stack, max_steps=500, save_steps=0, eval_steps=0)
    running = started(tmp_path, settings, 2)
    metrics = tmp_path / "run" / "metrics.jsonl"
    until = time.monotonic() + 180
    while not (metrics.exists() and len(lines(metrics)) > 2):
        assert running.poll() is None and time.monotonic() < until, "it does not start"
        time.sleep(0.1)
    running.send_signal(signal.SIGTERM)
    printed, _ = running.communicate(timeout=120)
    steps = len(lines(metrics)) - 1
    assert (tmp_path / "run" / f"checkpoint-{steps}" / "trainer_state.pt").is_file(), printed

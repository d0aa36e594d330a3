"""ZeroCoder end to end: two real models, the real verifier."""

import shutil
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from trained_apart import lines, untimed
from wordy_models import wordy_run

pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")

pytestmark = [
    pytest.mark.nsjail,
    pytest.mark.redis,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # transformers' own
]


def trained(settings: dict[str, Any], judge: Client, resume: str = "auto") -> list[dict[str, Any]]:
    """The run's lines of metrics."""
    from crossjudge.trainer.recipes.zerocoder.recipe import train

    config = ZeroCoderConfig.model_validate(settings)
    train(config, judge, Console(file=StringIO()), resume)
    return lines(config.output_dir / "metrics.jsonl")


def test_a_pair_learns_from_executions_alone(judge: Client, tmp_path: Path) -> None:
    """Right solutions agree with more tests than wrong ones, so that consensus rewards them. Mostly: of the seeds 0 to 3
    the first one meets a majority that is wrong."""
    settings = {**wordy_run(tmp_path), "max_steps": 12, "eval_steps": 12, "seed": 1}
    metrics = trained(settings, judge)
    assert [each["step"] for each in metrics] == list(range(13))
    assert metrics[-1]["eval/pass@1"] > metrics[0]["eval/pass@1"] + 0.2
    run = Path(settings["output_dir"])
    assert {"coder", "tester", "trainer_state.pt"} == {each.name for each in (run / "checkpoint-12").iterdir()}
    sample = lines(run / "samples.jsonl")[0]
    assert len(sample["matrix"]) == len(sample["solutions"]) == 12
    assert all(len(row) == len(sample["tests"]) for row in sample["matrix"])


@pytest.mark.parametrize("layout", ["separate", "shared"])
def test_a_resumed_run_logs_what_one_logs_that_was_not_stopped(judge: Client, tmp_path: Path, layout: str) -> None:
    settings = wordy_run(tmp_path)
    if layout == "shared":
        settings |= {"layout": layout, "model": settings["coder"].pop("model")}
        settings["tester"].pop("model")
    whole = trained(settings, judge)
    shutil.rmtree(tmp_path / "run" / "checkpoint-4")
    assert untimed(trained(settings, judge)) == untimed(whole)


def test_a_signal_saves_and_the_run_goes_on_from_there(
    judge: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crossjudge.trainer.recipes.zerocoder.recipe import ZeroCoder

    settings = {**wordy_run(tmp_path), "save_steps": 0}
    whole = trained({**settings, "output_dir": str(tmp_path / "whole")}, judge)
    step = ZeroCoder.step

    def stopped_in_the_third(self: ZeroCoder, number: int, problems: Any) -> Any:
        if number == 3:
            signal.raise_signal(signal.SIGTERM)
        return step(self, number, problems)

    monkeypatch.setattr(ZeroCoder, "step", stopped_in_the_third)
    assert len(trained(settings, judge)) == 4
    assert (tmp_path / "run" / "checkpoint-3").is_dir()
    monkeypatch.undo()
    assert untimed(trained(settings, judge)) == untimed(whole)


def test_mutants_tell_what_a_test_is_worth(judge: Client, tmp_path: Path) -> None:
    settings = wordy_run(tmp_path)
    settings |= {"mutants": 3, "max_steps": 1}
    settings["tester"]["reward"] = {"name": "product", "options": {"discrimination": "mutants"}}
    assert 0 < trained(settings, judge)[1]["tester/reward"] <= 1


def test_a_folder_that_holds_another_run_is_not_written_over(judge: Client, tmp_path: Path) -> None:
    from crossjudge.trainer.training.errors import BadRunFolder

    settings = {**wordy_run(tmp_path), "max_steps": 1}
    trained(settings, judge)
    with pytest.raises(BadRunFolder, match="holds a run already"):
        trained(settings, judge, resume="never")
    with pytest.raises(BadRunFolder, match="there are 1"):
        trained(settings, judge, resume="7")

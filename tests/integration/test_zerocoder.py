"""ZeroCoder end to end: two real models, the real verifier."""

import shutil
import signal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.mistakes import FILE, read_book
from crossjudge.trainer.recipes.zerocoder.config import ZeroCoderConfig
from trained_apart import lines, untimed
from wordy_models import of_one_model, wordy_run

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
    """Right solutions agree with more tests than wrong ones, so that consensus rewards them.

    Mostly: of the seeds 0 to 3 the first one meets a majority that is wrong.
    """
    settings = {**wordy_run(tmp_path), "max_steps": 12, "eval_steps": 12, "seed": 1}
    metrics = trained(settings, judge)
    assert [each["step"] for each in metrics] == list(range(13))
    assert metrics[-1]["eval/pass@1"] > metrics[0]["eval/pass@1"] + 0.2
    run = Path(settings["output_dir"])
    assert {"coder", "tester", "trainer_state.pt"} == {each.name for each in (run / "checkpoint-12").iterdir()}
    sample = lines(run / "samples.jsonl")[0]
    assert len(sample["matrix"]) == len(sample["solutions"]) == 12
    assert all(len(row) == len(sample["tests"]) for row in sample["matrix"])


def calibrated(settings: dict[str, Any]) -> dict[str, Any]:
    """With DyB4, which learns from labelled problems every second step."""
    labelled = {"problems": settings["problems"], "every": 2, "others": ["b4", "mbr"]}
    return {**settings, "selector": {"name": "dyb4"}, "calibration": labelled}


@pytest.mark.parametrize("how", ["separate", "shared", "lora", "calibrated", "replaying"])
def test_a_resumed_run_logs_what_one_logs_that_was_not_stopped(judge: Client, tmp_path: Path, how: str) -> None:
    settings = wordy_run(tmp_path)
    if how == "lora":
        pytest.importorskip("peft", reason="peft is not installed")
    if how in ("shared", "lora"):
        settings = of_one_model(settings, how)
    if how == "replaying":
        settings |= {"mistakes": {"replay": 4}}
    if how == "calibrated":
        settings = {**calibrated(settings), "save_steps": 3, "max_steps": 5}
    whole = trained(settings, judge)
    shutil.rmtree(tmp_path / "run" / f"checkpoint-{settings['max_steps']}")
    assert untimed(trained(settings, judge)) == untimed(whole)


def test_labelled_problems_calibrate_and_say_how_good_each_selector_is(judge: Client, tmp_path: Path) -> None:
    settings = {**calibrated(wordy_run(tmp_path)), "max_steps": 3, "diagnose": False}
    metrics = trained(settings, judge)
    names = {"calibration/precision", "calibration/b4/accuracy", "calibration/mbr/accuracy"}
    assert [names <= each.keys() for each in metrics] == [False, True, False, True]
    assert not any("selector/precision" in each for each in metrics)  # of what is trained on nothing is known


def test_the_oracle_is_always_right(judge: Client, tmp_path: Path) -> None:
    metrics = trained({**wordy_run(tmp_path), "selector": {"name": "oracle"}, "diagnose": False}, judge)
    known = [each["selector/precision"] for each in metrics if "selector/precision" in each]
    assert known
    assert set(known) == {1.0}


def test_problems_that_tell_nothing_are_left_out_before_training(judge: Client, tmp_path: Path) -> None:
    from crossjudge.trainer.training.errors import BadConfig

    settings = {**wordy_run(tmp_path), "max_steps": 1, "problems_per_step": 1}
    settings |= {"prefilter": {"min_rank": 1, "at_once": 1}}
    trained(settings, judge)
    ranks = {each["id"]: each["rank"] for each in lines(tmp_path / "run" / "prefilter.jsonl")}
    assert ranks == {"one": 0, "two": 1}
    assert {each["id"] for each in lines(tmp_path / "run" / "samples.jsonl")} == {"two"}
    with pytest.raises(BadConfig, match="no problem's matrix has more than"):
        trained({**settings, "prefilter": {"min_rank": 12}, "output_dir": str(tmp_path / "none")}, judge)


def test_a_part_is_judged_while_the_next_is_sampled(judge: Client, tmp_path: Path) -> None:
    """In however many parts: the same problems, in the same order, each with all that was written for it."""
    settings = {**wordy_run(tmp_path), "max_steps": 1, "eval_steps": 0}
    for parts in (1, 9):
        trained({**settings, "parts_per_step": parts, "output_dir": str(tmp_path / str(parts))}, judge)
    one, nine = (lines(tmp_path / parts / "samples.jsonl") for parts in ("1", "9"))
    assert [(each["id"], len(each["solutions"])) for each in one] == [(e["id"], len(e["solutions"])) for e in nine]


def test_what_goes_wrong_is_said_while_it_goes_on(judge: Client, tmp_path: Path) -> None:
    settings = {**wordy_run(tmp_path), "max_steps": 3, "alarms": {"window": 2, "above": {"tests/unique_frac": 0.0}}}
    trained(settings, judge)
    (alarm,) = [each for each in lines(tmp_path / "run" / "alarms.jsonl") if "above 0" in each["text"]]
    assert (alarm["step"], alarm["reason"]) == (2, "tests/unique_frac")


def test_adapters_of_a_checkpoint_are_peft_s(judge: Client, tmp_path: Path) -> None:
    """What is in it answers as the policy that was saved, on the base that the run was given."""
    peft = pytest.importorskip("peft", reason="peft is not installed")
    import torch
    from transformers import AutoModelForCausalLM

    from crossjudge.trainer.training.cast import cast_of

    settings = {**of_one_model(wordy_run(tmp_path), "lora"), "max_steps": 2}
    trained(settings, judge)
    checkpoint = tmp_path / "run" / "checkpoint-2"
    policies = cast_of(ZeroCoderConfig.model_validate(settings), checkpoint).policies
    base = AutoModelForCausalLM.from_pretrained(settings["model"])
    prompt = torch.tensor([[3, 5]])
    before = base(prompt).logits
    for name, policy in (("coder", policies.coder), ("tester", policies.tester)):
        model = peft.PeftModel.from_pretrained(
            AutoModelForCausalLM.from_pretrained(settings["model"]), checkpoint / name
        )
        with torch.no_grad(), policy.active(training=False) as own:
            assert torch.equal(model(prompt).logits, own(prompt).logits)
        assert not torch.allclose(model(prompt).logits, before), f"{name} has learned nothing"


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


def test_a_mistake_book_replays_what_the_consensus_failed(judge: Client, tmp_path: Path) -> None:
    settings = wordy_run(tmp_path) | {"mistakes": {"replay": 4}, "diagnose": False}
    metrics = trained(settings, judge)
    assert metrics[1]["book/replayed"] == 0
    assert sum(each["book/inserted"] for each in metrics[1:]) > 0
    book = read_book(tmp_path / "run" / FILE)
    assert len(book) == metrics[-1]["book/tests"]
    samples = lines(tmp_path / "run" / "samples.jsonl")
    assert {each.test for name in book.problems for each in book.top(name)} <= {t for s in samples for t in s["tests"]}


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

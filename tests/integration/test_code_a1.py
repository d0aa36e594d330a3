"""Code-A1 end to end: two real models, the real verifier."""

import json
import shutil
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crossjudge.client import Client
from crossjudge.trainer.mistakes import FILE, read_book
from crossjudge.trainer.recipes.code_a1.config import CodeA1Config
from crossjudge.trainer.training.errors import BadConfig
from wordy_models import SOLUTIONS, white_box_run

pytest.importorskip("torch", reason="the trainer needs torch")
pytest.importorskip("transformers", reason="the trainer needs transformers")

pytestmark = [
    pytest.mark.nsjail,
    pytest.mark.redis,
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),  # transformers' own
]
Settings = dict[str, Any]


def trained(settings: Settings, judge: Client) -> list[dict[str, Any]]:
    """The run's lines of metrics."""
    from crossjudge.trainer.recipes.code_a1.recipe import train

    config = CodeA1Config.model_validate(settings)
    train(config, judge, Console(file=StringIO()))
    return lines(config.output_dir / "metrics.jsonl")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def untimed(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if not name.startswith("time/")} for each in metrics]


def without_references(settings: Settings) -> Settings:
    """The same run, whose training problems have no labels."""
    labelled = Path(settings["problems"])
    bare = labelled.with_name("bare.jsonl")
    kept = ({name: each[name] for name in ("id", "prompt", "entry_point")} for each in lines(labelled))
    bare.write_text("".join(json.dumps(each) + "\n" for each in kept))
    return {**settings, "problems": str(bare), "diagnose": False}


def of_one_model(settings: Settings) -> Settings:
    """The same run with one model in both roles."""
    settings = {**settings, "layout": "shared", "model": settings["coder"].pop("model")}
    settings["tester"].pop("model")
    return settings


def test_a_coder_learns_from_tests_that_are_written_against_it(judge: Client, tmp_path: Path) -> None:
    settings = white_box_run(tmp_path) | {"max_steps": 10, "eval_steps": 10}
    settings["coder"] |= {"num_generations": 12}
    metrics = trained(settings, judge)
    assert metrics[-1]["eval/pass@1"] > metrics[0]["eval/pass@1"] + 0.2
    assert metrics[1]["book/inserted"] > 0 and metrics[1]["book/replayed"] == 0
    assert metrics[2]["book/replayed"] == 12 * metrics[1]["book/tests"]
    assert metrics[-1]["book/pass_rate"] > metrics[2]["book/pass_rate"]
    book = read_book(tmp_path / "run" / FILE)
    assert len(book) == metrics[-1]["book/tests"]
    assert {each.test for name in book.problems for each in book.top(name)} <= {"assert f(1) == 2", "assert f(4) == 5"}


def test_what_was_sampled_can_be_looked_at(judge: Client, tmp_path: Path) -> None:
    trained(white_box_run(tmp_path) | {"max_steps": 1}, judge)
    for problem in lines(tmp_path / "run" / "samples.jsonl"):
        assert problem["reference"] == SOLUTIONS[0] and problem["replayed"] == 0
        met: dict[str, set[int]] = {}  # equal solutions are one row
        for source, replies in zip(problem["solutions"], problem["replies"], strict=True):
            assert len(replies) == 4
            met.setdefault(source, set()).update(at for reply in replies for at in reply["tests"])
        for source, row in zip(problem["solutions"], problem["matrix"], strict=True):
            assert {at for at, letter in enumerate(row) if letter != "S"} == met[source]
            assert {row[at] for at in met[source]} <= ({"P"} if source == SOLUTIONS[0] else {"F", "E"})


@pytest.mark.parametrize("changed", [dict, of_one_model, without_references], ids=["pair", "one model", "consensus"])
def test_a_resumed_run_logs_what_one_logs_that_was_not_stopped(
    judge: Client, tmp_path: Path, changed: Callable[[Settings], Settings]
) -> None:
    settings = changed(white_box_run(tmp_path))
    settings |= {"reference": "consensus"} if changed is without_references else {}
    whole = trained(settings, judge)
    book = (tmp_path / "run" / FILE).read_bytes()
    assert len(json.loads(book)["problems"]) > 0
    shutil.rmtree(tmp_path / "run" / "checkpoint-4")
    (tmp_path / "run" / FILE).unlink()
    assert untimed(trained(settings, judge)) == untimed(whole)
    assert (tmp_path / "run" / FILE).read_bytes() == book


def test_without_labels_the_selector_chooses_who_corrects_the_tests(judge: Client, tmp_path: Path) -> None:
    settings = white_box_run(tmp_path) | {"reference": "consensus", "max_steps": 3}
    settings["coder"] |= {"num_generations": 12}
    logged = {name for metrics in trained(settings, judge) for name in metrics}
    assert {"selector/skip_rate", "selector/precision", "tests/agreed", "tests/valid"} <= logged
    assert not (tmp_path / "run" / "alarms.jsonl").exists()  # to abstain is no failure of the verifier
    problems = lines(tmp_path / "run" / "samples.jsonl")
    assert any(problem["reference"] is not None for problem in problems)
    for problem in problems:
        assert (problem["reference"] is None) == (problem["abstain"] is not None)
        assert (problem["reference"] is None) == all(reward is None for reward in problem["rewards"])
        assert problem["reference"] in [None, *(problem["solutions"][at] for at in problem["chosen"])]


def test_a_run_may_do_without_a_book(judge: Client, tmp_path: Path) -> None:
    metrics = trained(white_box_run(tmp_path) | {"mistakes": {"replay": 0}, "max_steps": 2}, judge)
    assert not (tmp_path / "run" / FILE).exists()
    assert not any(name.startswith("book/") for name in metrics[-1])


def test_problems_that_lack_what_is_needed_are_named(judge: Client, tmp_path: Path) -> None:
    settings = without_references(white_box_run(tmp_path))
    with pytest.raises(BadConfig, match="problem one has no reference_solution; reference=consensus needs none"):
        trained(settings, judge)
    with pytest.raises(BadConfig, match="dyb4 is calibrated on labelled problems"):
        trained({**settings, "reference": "consensus", "selector": {"name": "dyb4"}}, judge)

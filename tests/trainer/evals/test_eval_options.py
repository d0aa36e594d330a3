"""`crossjudge eval`, as far as it comes without models: what is asked of it, and what it says of mistakes."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from crossjudge.client.cli import guarded
from crossjudge.trainer.evals.command import evaluate
from crossjudge.trainer.evals.subjects import Subject, config_of_models, config_of_run, subjects_of
from crossjudge.trainer.training.run_folder import STATE

PROBLEM = '{"id": "one", "prompt": "one", "entry_point": "f"}\n'


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run of some recipe, with checkpoints of the steps 10 and 20, and a half of one."""
    folder = tmp_path / "run"
    for step in (10, 20):
        (folder / f"checkpoint-{step}").mkdir(parents=True)
        (folder / f"checkpoint-{step}" / STATE).touch()
    (folder / "checkpoint-30").mkdir()
    (tmp_path / "bare.jsonl").write_text(PROBLEM)
    config = {
        "output_dir": "run",
        "problems": "pool.jsonl",
        "model": "base",
        "coder": {"learning_rate": 1e-5, "own": 2},
    }
    (folder / "config.yaml").write_text(json.dumps(config | {"of_its_recipe": {"a": 1}}))
    return folder


def test_a_runs_configuration_is_read_whatever_its_recipe_adds(run: Path) -> None:
    config = config_of_run(run, ["verifier.limits.cpu_seconds=1"])
    assert (config.model, config.coder.learning_rate, config.verifier.limits.cpu_seconds) == ("base", 1e-5, 1)


@pytest.mark.parametrize(
    ("chosen", "steps"), [("last", [20]), ("all", [0, 10, 20]), ("10,base", [10, 0]), ("20, 20", [20])]
)
def test_checkpoints_are_chosen_by_their_steps(run: Path, chosen: str, steps: list[int]) -> None:
    assert [subject.step for subject in subjects_of(run, chosen)] == steps


def test_a_run_without_checkpoints_has_its_base_models(tmp_path: Path) -> None:
    assert subjects_of(tmp_path, "last") == [Subject(0, None)]


def test_one_model_in_both_roles_is_loaded_once() -> None:
    assert config_of_models("a", "a", Path("x"), []).layout == "shared"
    assert config_of_models("a", "b", Path("x"), []).layout == "separate"


def test_the_stamp_of_a_model_changes_with_its_files(run: Path) -> None:
    config, subject = config_of_run(run, []), Subject(10, run / "checkpoint-10")
    before = subject.stamp(config)
    assert subject.stamp(config) == before != Subject(0, None).stamp(config)
    (run / "checkpoint-10" / "weights").write_text("other")
    assert subject.stamp(config) != before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "name a run's folder, or two models"),
        (["RUN", "--coder", "a"], "name a run's folder, or two models"),
        (["--coder", "a", "--tester", "b"], "with --problems"),
        (["nowhere"], "nowhere is no folder of a run"),
        (["RUN", "--checkpoint", "30"], "--checkpoint 30: "),
        (["RUN", "--checkpoint", "x"], "has base, 10, 20"),
        (["RUN"], "the run has no eval_problems"),
        (["RUN", "--problems", "BARE"], "1 of 1 problems have no reference solution"),
        (["RUN", "--problems", "nowhere.jsonl"], "cannot read nowhere.jsonl"),
        (["RUN", "--problems", "BARE", "--k", "16"], "from 1 to 8"),
        (["RUN", "--problems", "BARE", "--k", "many"], "whole numbers"),
        (["RUN", "--problems", "BARE", "--k", "4", "--temperature", "0"], "all samples are the same"),
        (["RUN", "coder.top_q=1"], "did you mean 'top_p'?"),
    ],
)
def test_a_mistake_is_told_with_what_to_change(run: Path, words: list[str], says: str) -> None:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(guarded(evaluate))
    named = {"RUN": str(run), "BARE": str(run.with_name("bare.jsonl"))}
    result = CliRunner().invoke(app, [named.get(word, word) for word in words])
    assert (result.exit_code, says in result.output) == (1, True), result.output
